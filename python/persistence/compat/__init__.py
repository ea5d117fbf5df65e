"""Gen2's other public names, for scripts that use them; nothing else in this package does."""
