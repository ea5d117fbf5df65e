"""Composites: objects assembled from components, shared, deferred, and written as references."""
