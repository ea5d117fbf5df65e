"""Completion of command lines by TAB, without numpy and astropy."""
