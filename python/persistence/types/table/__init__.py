"""Tables: catalogs with schemas, aliases and footprints; Parquet; reference catalogs."""
