"""Gen2's name of what defines filters, and puts images into other boxes."""

from persistence.gen2types.images.filters import defineFilter, resetFilters
from persistence.gen2types.images.positions import projectImage

__all__ = ["defineFilter", "projectImage", "resetFilters"]
