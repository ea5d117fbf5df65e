"""Gen2's name of functions that define filters, and change the boxes of images."""

from persistence.gen2types.images.filters import defineFilter, resetFilters
from persistence.gen2types.images.positions import projectImage

__all__ = ["defineFilter", "projectImage", "resetFilters"]
