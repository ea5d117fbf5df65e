"""Differences of exposures: a template is warped, matched, and taken off a science exposure."""
