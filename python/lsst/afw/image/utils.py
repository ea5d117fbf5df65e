"""Gen2's name of what defines filters."""

from persistence.gen2types.images.filters import defineFilter, resetFilters

__all__ = ["defineFilter", "resetFilters"]
