"""What ``persistence watch`` is made of: the command, what was run, what wakes it, its loop."""
