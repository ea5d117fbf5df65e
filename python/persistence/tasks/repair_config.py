"""The configuration of repairs, with the names of Gen2's ``pipe_tasks`` and ``meas_algorithms``.

``minSigma`` and the following fields are those of ``FindCosmicRaysConfig``.
"""

from __future__ import annotations

from typing import Any

from lsst.pex.config import ChoiceField, Config, ConfigField, Field, RangeField


class FindCosmicRaysConfig(Config):
    """The configuration of the detection of cosmic rays."""

    nCrPixelMax = RangeField(
        doc="The largest number of affected pixels; with more, the exposure fails.",
        dtype=int,
        default=100_000,
        min=0,
    )
    minSigma = RangeField(
        doc="The threshold of a pixel above the sky, and above two opposite neighbours, in "
        "standard deviations. For neighbours of such a pixel, half of it suffices.",
        dtype=float,
        default=6.0,
        min=1.0,
    )
    min_DN = RangeField(
        doc="How much all pixels of one track have together (electrons).",
        dtype=float,
        default=150.0,
        min=0.0,
    )
    cond3_fac = RangeField(
        doc="How many standard deviations of the noise a pixel may be brighter, and its "
        "neighbours fainter, by chance: the higher, the fewer cosmic rays.",
        dtype=float,
        default=2.5,
        min=0.0,
    )
    cond3_fac2 = RangeField(
        doc="What the neighbours have at most of the pixel, in what they have beside the middle "
        "of a star: the lower, the fewer cosmic rays.",
        dtype=float,
        default=0.6,
        min=0.0,
        max=1.0,
    )
    niteration = RangeField(
        doc="How often neighbours of pixels that were hit are looked at.",
        dtype=int,
        default=3,
        min=0,
    )
    keepCRs = Field[bool](
        doc="Leave the pixels as they are? They are flagged as CR either way.",
        dtype=bool,
        default=False,
    )


class AstroscrappyConfig(Config):
    """How astroscrappy finds cosmic rays; the names are its own."""

    sigclip = RangeField(
        doc="How many standard deviations the Laplacian stands out.",
        dtype=float,
        default=4.5,
        min=1.0,
    )
    sigfrac = RangeField(
        doc="What part of it is enough for neighbours.", dtype=float, default=0.3, min=0.0, max=1.0
    )
    objlim = RangeField(
        doc="How much sharper than stars a ray is.", dtype=float, default=5.0, min=0.0
    )
    niter = RangeField(doc="How often it looks.", dtype=int, default=4, min=1)


class RepairConfig(Config):
    """Which pixels are repaired, and how."""

    doCosmicRay = Field[bool](
        doc="Find cosmic rays, flag them as CR, and fill them?", dtype=bool, default=True
    )
    method = ChoiceField[str](
        doc="The method of detection.",
        dtype=str,
        default="psf",
        allowed={
            "psf": "by being sharper than the PSF",
            "astroscrappy": "by the Laplacian of L.A.Cosmic, if the package astroscrappy is "
            "installed; it takes 50 times as long",
        },
    )
    cosmicray: Any = ConfigField(dtype=FindCosmicRaysConfig, doc="The criteria for cosmic rays.")
    astroscrappy: Any = ConfigField(dtype=AstroscrappyConfig, doc="Settings of that method.")
    doInterpolate = Field[bool](
        doc="Fill defects of up to three pixels' width, too, with the prediction from the PSF, "
        "instead of linear interpolation along the rows? They are BAD and INTRP either way.",
        dtype=bool,
        default=True,
    )
