"""The configuration of calibration."""

from __future__ import annotations

from lsst.pex.config import (
    ChoiceField,
    ConfigField,
    DictField,
    Field,
    RangeField,
)

from persistence.tasks.aperture_config import ApertureConfig
from persistence.tasks.colorterms import ColortermLibrary
from persistence.tasks.sky_sources import SkySourcesConfig


class CalibrateConfig(ApertureConfig):
    """How sources are found, and calibrated by a reference catalog."""

    thresholdValue = RangeField(
        doc="How many standard deviations of the noise sources stand out.",
        dtype=float,
        default=5.0,
        min=1.0,
    )
    minPixels = RangeField(doc="Pixels that a source has at least.", dtype=int, default=5, min=1)
    doApCorr = Field[bool](
        doc="Correct the fluxes of points by the exposure's aperture corrections, if it has some?",
        dtype=bool,
        default=True,
    )
    doSkySources = Field[bool](doc="Measure places without sources, too?", dtype=bool, default=True)
    skySources = ConfigField[SkySourcesConfig](
        doc="Which places these are.", dtype=SkySourcesConfig
    )
    doAstrometry = Field[bool](
        doc="Correct the WCS by the reference catalog?", dtype=bool, default=True
    )
    doPhotoCal = Field[bool](
        doc="Find the zero point by the reference catalog?", dtype=bool, default=True
    )
    refCat = Field[str](
        doc=(
            "Name of the reference catalog: its directory in ref_cats. Needed for astrometry and "
            "photometry."
        ),
        dtype=str,
        default="ps1_pv3_3pi_20170110",
    )
    filterMap = DictField[str, str](
        doc=(
            "The catalog's names of filters, by the camera's; filters not listed have the same "
            "names."
        ),
        keytype=str,
        itemtype=str,
        default={},
    )
    astrometryFit = ChoiceField[str](
        doc="What is fitted to the WCS.",
        dtype=str,
        default="AUTO",
        allowed={
            "SHIFT": "a shift",
            "LINEAR": "a shift, and a matrix: rotation, scales and shear",
            "POLYNOMIAL": (
                "polynomials of astrometryOrder (TPV of a TPV, else SIP); of a lower order where "
                "there are too few stars, or they do not cover the image"
            ),
            "AUTO": "LINEAR, or polynomials where the residuals require them",
        },
    )
    astrometryOrder = RangeField(
        doc="The highest order of polynomials that are fitted to the WCS.",
        dtype=int,
        default=3,
        min=2,
        max=5,
        inclusiveMax=True,
    )
    clipSigma = RangeField(
        doc=(
            "By how many standard deviations a star may be off, in position or in magnitude, to be "
            "used."
        ),
        dtype=float,
        default=3.0,
        min=1.0,
    )
    maxOffset = RangeField(
        doc="How far the WCS may be off before it is corrected (arcsec).",
        dtype=float,
        default=60.0,
        min=0.0,
    )
    maxRotation = RangeField(
        doc="How far the WCS may be turned before it is corrected (degrees).",
        dtype=float,
        default=2.0,
        min=0.0,
        max=20.0,
        inclusiveMax=True,
    )
    maxScaleChange = RangeField(
        doc="The part by which its scale may be wrong before it is corrected.",
        dtype=float,
        default=0.01,
        min=0.0,
        max=0.2,
        inclusiveMax=True,
    )
    matchRadius = RangeField(
        doc=(
            "The largest distance of a source from its star, after correction of the common "
            "offset (arcsec)."
        ),
        dtype=float,
        default=2.0,
        min=0.0,
        inclusiveMin=False,
    )
    minMatches = RangeField(
        doc="How many stars have to be recognized.", dtype=int, default=5, min=3
    )
    minVoteSigma = RangeField(
        doc=(
            "The least significance of the match of the brightest sources and stars "
            "(standard deviations of a normal distribution)."
        ),
        dtype=float,
        default=5.0,
        min=-10.0,
    )
    minMatchedFraction = RangeField(
        doc="The least part of the brightest sources that are stars of the catalog.",
        dtype=float,
        default=0.3,
        min=0.0,
        max=1.0,
        inclusiveMax=True,
    )
    maxAstromScatter = RangeField(
        doc=(
            "The most that stars scatter about the corrected WCS: the standard deviation of the "
            "length of their offsets (pixels)."
        ),
        dtype=float,
        default=1.0,
        min=0.0,
    )
    maxAstromExcess = RangeField(
        doc=(
            "The largest scatter of stars about the corrected WCS in excess of the errors of "
            "sources and catalog: the standard deviation along an axis (pixels). Unknown proper "
            "motions cause such a scatter."
        ),
        dtype=float,
        default=0.2,
        min=0.0,
    )
    maxAstromRimErr = RangeField(
        doc=(
            "Polynomials are fitted to the WCS only where their standard deviation, on the rim of "
            "the image where that is largest, is no more than this (pixels)."
        ),
        dtype=float,
        default=0.1,
        min=0.0,
    )
    applyColorTerms = Field[bool](
        doc=(
            "Bring the catalog's magnitudes to the camera's filters by colour terms? By default "
            "where colorterms has them; True: a filter without is an error."
        ),
        dtype=bool,
        default=None,
        optional=True,
    )
    photoCatName = Field[str](
        doc="Which catalog's colour terms are used; by default those of refCat.",
        dtype=str,
        default=None,
        optional=True,
    )
    colorterms = ConfigField[ColortermLibrary](
        doc="Colour terms by catalog and filter.", dtype=ColortermLibrary
    )
    photometryOrder = RangeField(
        doc=(
            "The highest order of the polynomial by which the zero point may vary over the image; "
            "it is 0 unless the residuals require more."
        ),
        dtype=int,
        default=3,
        min=0,
        max=5,
        inclusiveMax=True,
    )
    isolationMargin = RangeField(
        doc=(
            "Stars for the zero point have no neighbour that counts in the aperture, and so many "
            "pixels beyond."
        ),
        dtype=float,
        default=4.0,
        min=0.0,
    )
    minIsolated = RangeField(
        doc=(
            "Where PSF fluxes have no aperture corrections, and fewer stars have no such "
            "neighbour, the zero point is that of PSF fluxes, which neighbours matter less to, by "
            "all stars."
        ),
        dtype=int,
        default=10,
        min=0,
    )
    isolationFraction = RangeField(
        doc="A neighbour counts if it has more than this part of the star's flux.",
        dtype=float,
        default=0.01,
        min=0.0,
    )
    maxPhotoScatter = RangeField(
        doc="The most that the zero points of single stars scatter (mag).",
        dtype=float,
        default=0.3,
        min=0.0,
    )
    maxZeroPointErr = RangeField(
        doc="The largest error of the zero point (mag).", dtype=float, default=0.05, min=0.0
    )
    maxZeroPointRimErr = RangeField(
        doc=(
            "The zero point varies only as far as its standard deviation, on the rim of the image "
            "where that is largest, is no more than this (mag)."
        ),
        dtype=float,
        default=0.01,
        min=0.0,
    )
    minSignalToNoise = RangeField(
        doc="Least ratio of signal to noise of sources that are matched.",
        dtype=float,
        default=10.0,
        min=0.0,
    )
    doWrite = Field[bool](doc="Write calexp, calexpBackground and src?", dtype=bool, default=True)
    doPlot = Field[bool](
        doc="Draw residuals as calibrate_plotZeroPoint and calibrate_plotAstrometry?",
        dtype=bool,
        default=False,
    )
    doWriteMatches = Field[bool](
        doc="Write which source is which star as srcMatch?", dtype=bool, default=True
    )
