"""What is read: exposures and their parts, tables, configurations."""
