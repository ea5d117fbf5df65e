"""Gen2's name of some of `persistence.gen2types.afwmath`."""

from persistence.gen2types.afwmath import BackgroundList

__all__ = ["BackgroundList"]
