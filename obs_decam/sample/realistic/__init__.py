"""A sky that is not the pipeline's own model: it finds what simpler sample data hide."""
