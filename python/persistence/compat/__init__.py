"""Gen2's other public names, for the scripts that use them; nothing else in this package does."""
