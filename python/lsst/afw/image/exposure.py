"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import (
    Exposure,
    ExposureD,
    ExposureF,
    ExposureI,
    ExposureL,
    ExposureU,
    makeExposure,
)

__all__ = [
    "Exposure",
    "ExposureD",
    "ExposureF",
    "ExposureI",
    "ExposureL",
    "ExposureU",
    "makeExposure",
]
