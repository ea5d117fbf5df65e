"""The types of datasets: exposures and their parts, tables, configurations."""
