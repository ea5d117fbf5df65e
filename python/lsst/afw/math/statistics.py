"""Gen2's name of some of `persistence.gen2types.afwmath`."""

from persistence.gen2types.afwmath import Statistics

__all__ = ["Statistics"]
