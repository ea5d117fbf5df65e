"""What can be set of how the PSF is measured; the names are Gen2's where Gen2 has the setting."""

from __future__ import annotations

from typing import Any

from lsst.pex.config import ChoiceField, Config, ConfigField, RangeField


class StarSelectorConfig(Config):
    """Which sources the PSF is measured of."""

    signalToNoiseMin = RangeField(
        doc="Least ratio of signal to noise.", dtype=float, default=50.0, min=1.0
    )
    minStars = RangeField(doc="How many stars there have to be.", dtype=int, default=3, min=1)
    maxStars = RangeField(
        doc="How many are used at most, the brightest.", dtype=int, default=300, min=1
    )
    isolation = RangeField(
        doc="How far from other sources they are, in standard deviations of the PSF.",
        dtype=float,
        default=6.0,
        min=0.0,
    )
    nSigmaClip = RangeField(
        doc="By how many standard deviations their sizes may differ from those of most stars.",
        dtype=float,
        default=3.0,
        min=0.5,
    )


class ReserveConfig(Config):
    """The selection of reserved stars, which test the PSF."""

    fraction = RangeField(
        doc="The part of the stars that are held out, where the rest is enough for the model.",
        dtype=float,
        default=0.2,
        min=0.0,
        max=0.9,
        inclusiveMax=True,
    )
    seed = RangeField(
        doc="What the choice follows from: the same stars are chosen again.",
        dtype=int,
        default=1,
        min=0,
    )


class MeasurePsfConfig(Config):
    """The selection of stars, and the model of the PSF."""

    starSelector: Any = ConfigField(dtype=StarSelectorConfig, doc="Which stars are chosen.")
    reserve: Any = ConfigField(dtype=ReserveConfig, doc="Which of them are held out.")
    psfDeterminer: Any = ChoiceField(
        doc="The model of the PSF.",
        dtype=str,
        allowed={
            "poly": "Pixels that are polynomials of the position, with fewer terms where there are "
            "few stars, and a Gaussian where there are very few.",
            "gaussian": "A round Gaussian, as wide as most stars are.",
        },
        default="poly",
        optional=False,
    )
    spatialOrder = RangeField(
        doc="Order of the polynomials: 0 for a PSF that is the same everywhere.",
        dtype=int,
        default=2,
        min=0,
        max=4,
        inclusiveMax=True,
    )
    starsPerTerm = RangeField(
        doc="How many stars there have to be for each term of the polynomials (order 0 has 1, 1 "
        "has 3, 2 has 6), and never fewer than 8; with fewer, the order is lower.",
        dtype=int,
        default=6,
        min=1,
    )
    kernelSize = RangeField(
        doc="Pixels along an edge of the PSF's image; it is larger where the PSF is wide.",
        dtype=int,
        default=41,
        min=9,
        max=201,
        inclusiveMax=True,
    )
    samplingSize = RangeField(
        doc="The side of the model's pixels, in pixels; if absent, half a pixel for a PSF narrower "
        "than 0.95 pixels, and else one.",
        dtype=float,
        default=None,
        optional=True,
        min=0.2,
        max=1.0,
        inclusiveMax=True,
    )
