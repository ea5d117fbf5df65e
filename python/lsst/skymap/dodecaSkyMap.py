"""Gen2's name of `persistence.gen2types.skymaps.skymap`."""

from persistence.gen2types.skymaps.skymap import DodecaSkyMap

DodecaSkyMapConfig = DodecaSkyMap.ConfigClass

__all__ = ["DodecaSkyMap", "DodecaSkyMapConfig"]
