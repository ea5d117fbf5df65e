"""Quality of processCcd, `python -m obs_decam.sample.evaluate`, on fields with known truth."""
