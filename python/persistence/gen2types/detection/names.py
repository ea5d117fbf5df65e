"""The names of ``lsst.afw.detection``, in one list."""

from __future__ import annotations

from persistence.gen2types.detection.footprints import (
    Footprint,
    mergeFootprints,
    setMaskFromFootprint,
    setMaskFromFootprintList,
)
from persistence.gen2types.detection.footprintset import FootprintSet, Threshold, createThreshold
from persistence.gen2types.detection.heavy import (
    HeavyFootprint,
    HeavyFootprintCtrl,
    HeavyFootprintD,
    HeavyFootprintF,
    HeavyFootprintI,
    HeavyFootprintU,
    makeHeavyFootprint,
    mergeHeavyFootprints,
)
from persistence.gen2types.detection.span import Span
from persistence.gen2types.exceptions import DomainError, RangeError
from persistence.gen2types.psf.kinds import GaussianPsf
from persistence.gen2types.psf.psf import Psf
from persistence.gen2types.table.peaks import PeakCatalog, PeakRecord, PeakTable


class InvalidPsfError(DomainError, RangeError):
    """A point spread function that cannot be computed."""


__all__ = [
    "Footprint",
    "FootprintSet",
    "GaussianPsf",
    "HeavyFootprint",
    "HeavyFootprintCtrl",
    "HeavyFootprintD",
    "HeavyFootprintF",
    "HeavyFootprintI",
    "HeavyFootprintU",
    "InvalidPsfError",
    "PeakCatalog",
    "PeakRecord",
    "PeakTable",
    "Psf",
    "Span",
    "Threshold",
    "createThreshold",
    "makeHeavyFootprint",
    "mergeFootprints",
    "mergeHeavyFootprints",
    "setMaskFromFootprint",
    "setMaskFromFootprintList",
]
