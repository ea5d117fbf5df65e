"""Gen2's name of `persistence.gen2types.skymaps.skymap`."""

from persistence.gen2types.skymaps.skymap import DiscreteSkyMap

DiscreteSkyMapConfig = DiscreteSkyMap.ConfigClass

__all__ = ["DiscreteSkyMap", "DiscreteSkyMapConfig"]
