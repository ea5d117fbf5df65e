"""Exposures, and the information in their headers and components."""
