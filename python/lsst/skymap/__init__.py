"""Gen2's name of `persistence.gen2types.skymaps`."""

from persistence.gen2types import absent
from persistence.gen2types.skymaps.skymap import (
    BaseSkyMap,
    CachingSkyMap,
    DiscreteSkyMap,
    DodecaSkyMap,
    EquatSkyMap,
    HealpixSkyMap,
    PatchInfo,
    RingsSkyMap,
    TractInfo,
    skyMapRegistry,
)

BaseSkyMapConfig = BaseSkyMap.ConfigClass
DiscreteSkyMapConfig = DiscreteSkyMap.ConfigClass
DodecaSkyMapConfig = DodecaSkyMap.ConfigClass
EquatSkyMapConfig = EquatSkyMap.ConfigClass
HealpixSkyMapConfig = HealpixSkyMap.ConfigClass
RingsSkyMapConfig = RingsSkyMap.ConfigClass

__all__ = [
    "BaseSkyMap",
    "BaseSkyMapConfig",
    "CachingSkyMap",
    "DiscreteSkyMap",
    "DiscreteSkyMapConfig",
    "DodecaSkyMap",
    "DodecaSkyMapConfig",
    "EquatSkyMap",
    "EquatSkyMapConfig",
    "HealpixSkyMap",
    "HealpixSkyMapConfig",
    "PatchInfo",
    "RingsSkyMap",
    "RingsSkyMapConfig",
    "TractInfo",
    "skyMapRegistry",
]

absent.install()
