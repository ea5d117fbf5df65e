"""Gen2's name of `persistence.gen2types.skymaps.skymap`."""

from persistence.gen2types.skymaps.skymap import EquatSkyMap

EquatSkyMapConfig = EquatSkyMap.ConfigClass

__all__ = ["EquatSkyMap", "EquatSkyMapConfig"]
