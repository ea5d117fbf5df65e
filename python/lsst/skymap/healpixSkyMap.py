"""Gen2's name of `persistence.gen2types.skymaps.skymap`."""

from persistence.gen2types.skymaps.skymap import HealpixSkyMap

HealpixSkyMapConfig = HealpixSkyMap.ConfigClass

__all__ = ["HealpixSkyMap", "HealpixSkyMapConfig"]
