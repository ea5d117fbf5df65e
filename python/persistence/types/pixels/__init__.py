"""Pixels: boxes and polygons of them, and masks whose bits have names."""
