"""``persistence registry``: the visits in the registry, or its calibrations, a line each."""
