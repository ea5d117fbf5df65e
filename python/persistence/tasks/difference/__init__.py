"""Difference imaging: a template is warped, matched, and subtracted from a science exposure."""
