"""To and from repositories of the Gen3 Butler, by its ``export.yaml``."""
