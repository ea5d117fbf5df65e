"""Tables: catalogs with their schemas, aliases and footprints; Parquet; reference catalogs."""
