"""The output index: which files exist, by the keys in their names."""
