"""The quality of processed exposures: rows of `visitSummary`, and suspicious ones."""
