"""The output index: which files there are, by the keys in their names."""
