"""Modules of Gen2's tasks that scripts use by themselves."""
