"""The parts of ``persistence watch``: the command, the records, the notices, and the loop."""
