"""The names of ``lsst.afw.detection``, in one list."""

from __future__ import annotations

from persistence.gen2types.detection.footprints import (
    Footprint,
    HeavyFootprint,
    HeavyFootprintD,
    HeavyFootprintF,
    HeavyFootprintI,
    HeavyFootprintU,
    makeHeavyFootprint,
    mergeFootprints,
)
from persistence.gen2types.detection.footprintset import FootprintSet, Threshold, createThreshold
from persistence.gen2types.table.peaks import PeakCatalog, PeakRecord, PeakTable

__all__ = [
    "Footprint",
    "FootprintSet",
    "HeavyFootprint",
    "HeavyFootprintD",
    "HeavyFootprintF",
    "HeavyFootprintI",
    "HeavyFootprintU",
    "PeakCatalog",
    "PeakRecord",
    "PeakTable",
    "Threshold",
    "createThreshold",
    "makeHeavyFootprint",
    "mergeFootprints",
]
