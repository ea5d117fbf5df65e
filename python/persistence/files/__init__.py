"""Files: read with care, written whole or not at all; their headers, rows and YAML nodes."""
