"""A sky that differs from the pipeline's own models: it reveals faults that simpler data hide."""
