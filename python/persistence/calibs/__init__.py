"""Calibrations: which one is valid for an exposure, and why."""
