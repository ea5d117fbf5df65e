"""Data IDs, names of datasets, path templates, locations, and the grammar of ``--id``."""
