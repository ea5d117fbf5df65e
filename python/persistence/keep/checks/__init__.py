"""What may be wrong with a tree: a module for each family of checks."""
