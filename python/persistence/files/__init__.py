"""Files: careful reads, atomic writes, and their headers, rows and YAML nodes."""
