"""Gen2's name of `persistence.gen2types.skymaps.skymap`."""

from persistence.gen2types.skymaps.skymap import RingsSkyMap

RingsSkyMapConfig = RingsSkyMap.ConfigClass

__all__ = ["RingsSkyMap", "RingsSkyMapConfig"]
