"""Figures and pictures of plain arrays; matplotlib is imported when a figure is drawn."""
