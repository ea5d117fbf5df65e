"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import Filter, FilterProperty

__all__ = ["Filter", "FilterProperty"]
