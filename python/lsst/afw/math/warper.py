"""Gen2's name of some of `persistence.gen2types.afwmath`."""

from persistence.gen2types.afwmath import Warper, WarperConfig

__all__ = ["Warper", "WarperConfig"]
