"""Calibrations: the one that is valid for an exposure, and the reasons."""
