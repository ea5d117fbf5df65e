"""The command line of tasks: the parser, its options, containers of data IDs, settings."""
