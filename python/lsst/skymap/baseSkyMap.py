"""Gen2's name of `persistence.gen2types.skymaps.skymap`."""

from persistence.gen2types.skymaps.skymap import BaseSkyMap

BaseSkyMapConfig = BaseSkyMap.ConfigClass

__all__ = ["BaseSkyMap", "BaseSkyMapConfig"]
