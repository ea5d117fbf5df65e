"""Exposures, and what their headers and components tell."""
