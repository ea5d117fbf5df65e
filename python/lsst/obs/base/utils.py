"""Gen2's name of `persistence.gen2types.obs.skywcs`."""

from persistence.gen2types.obs.skywcs import (
    InitialSkyWcsError,
    bboxFromIraf,
    createInitialSkyWcs,
    createInitialSkyWcsFromBoresight,
)

__all__ = [
    "InitialSkyWcsError",
    "bboxFromIraf",
    "createInitialSkyWcs",
    "createInitialSkyWcsFromBoresight",
]
