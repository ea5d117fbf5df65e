"""The alert production database: what was found on difference images, and what it belongs to."""
