"""The columns of ``ccdSummary`` and ``visitSummary``.

Names are those that LSST's pipelines have for them in ``visitSummary`` and ``ccdVisitTable``, where
they have any. Source: `lsst.afw.image.ExposureSummaryStats`, `lsst.pipe.tasks.postprocess`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

# The value of an unknown integer; for other numbers it is NaN, for texts the empty one.
UNKNOWN = -1
_CORNERS = 4


class Column(NamedTuple):
    """A column: numpy's code of its type, its unit and meaning.

    Of texts, ``size`` is the longest, of numbers, how many a cell holds.
    """

    code: str
    unit: str
    doc: str
    size: int = 1


COLUMNS: Mapping[str, Column] = {
    "id": Column("i8", "", "number of the detector"),
    "bbox_min_x": Column("i4", "pixel", "first column of the image"),
    "bbox_min_y": Column("i4", "pixel", "first row of the image"),
    "bbox_max_x": Column("i4", "pixel", "last column of the image"),
    "bbox_max_y": Column("i4", "pixel", "last row of the image"),
    "visit": Column("i8", "", "number of the visit"),
    "detectorName": Column("U", "", "name of the detector", 32),
    "physical_filter": Column("U", "", "physical filter", 32),
    "band": Column("U", "", "name of the band", 32),
    "obsStartMJD": Column("f8", "d", "beginning of the exposure (MJD, TAI)"),
    "expMidptMJD": Column("f8", "d", "middle of the exposure (MJD, TAI)"),
    "expTime": Column("f4", "s", "exposure time"),
    "airmass": Column("f4", "", "airmass of the pointing"),
    "zenithDistance": Column("f4", "deg", "distance of the image's centre from the zenith"),
    "ra": Column("f8", "deg", "right ascension of the image's centre (ICRS)"),
    "decl": Column("f8", "deg", "declination of the image's centre (ICRS)"),
    "raCorners": Column("f8", "deg", "right ascensions of the image's corners", _CORNERS),
    "decCorners": Column("f8", "deg", "declinations of the image's corners", _CORNERS),
    "pixelScale": Column("f4", "arcsec", "side of a pixel in the image's centre"),
    "seeing": Column("f4", "arcsec", "full width of the PSF at half its peak"),
    "psfSigma": Column("f4", "pixel", "PSF: determinant radius of its adaptive moments"),
    "psfArea": Column("f4", "pixel2", "PSF: effective area, (sum of image)^2 / sum of image^2"),
    "psfIxx": Column("f4", "pixel2", "PSF: adaptive moment xx"),
    "psfIyy": Column("f4", "pixel2", "PSF: adaptive moment yy"),
    "psfIxy": Column("f4", "pixel2", "PSF: adaptive moment xy"),
    "e1": Column("f4", "", "ellipticity of the PSF: (Ixx - Iyy) / (Ixx + Iyy)"),
    "e2": Column("f4", "", "ellipticity of the PSF: 2 Ixy / (Ixx + Iyy)"),
    "psfTraceRadiusDelta": Column("f4", "pixel", "PSF: largest less smallest trace radius"),
    "nPsfStar": Column("i4", "", "stars that the PSF was measured of"),
    "psfStarDeltaE1Median": Column("f4", "", "PSF stars: median of e1 less the model's"),
    "psfStarDeltaE2Median": Column("f4", "", "PSF stars: median of e2 less the model's"),
    "psfStarDeltaE1Scatter": Column("f4", "", "PSF stars: scatter of e1 less the model's"),
    "psfStarDeltaE2Scatter": Column("f4", "", "PSF stars: scatter of e2 less the model's"),
    "psfStarDeltaSizeMedian": Column("f4", "pixel", "PSF stars: median of size less the model's"),
    "psfStarDeltaSizeScatter": Column("f4", "pixel", "PSF stars: scatter of size less the model's"),
    "psfStarScaledDeltaSizeScatter": Column("f4", "", "the same over the square of the size"),
    "skyBg": Column("f4", "electron", "median level of the sky"),
    "skyNoise": Column("f4", "electron", "standard deviation of pixels of the sky"),
    "meanVar": Column("f4", "electron2", "mean of the variance of good pixels"),
    "zeroPoint": Column("f4", "mag", "magnitude of one count (AB)"),
    "zeroPointErr": Column("f4", "mag", "standard deviation of the zero point"),
    "zeroPointScatter": Column("f4", "mag", "scatter of the zero points of single stars"),
    "magLim": Column("f4", "mag", "magnitude of a point source at 5 standard deviations (AB)"),
    "effTime": Column("f4", "s", "effective exposure time: the product of the next three, scaled"),
    "effTimePsfSigmaScale": Column("f4", "", "scale of the effective time: PSF"),
    "effTimeSkyBgScale": Column("f4", "", "scale of the effective time: sky"),
    "effTimeZeroPointScale": Column("f4", "", "scale of the effective time: zero point"),
    "astromOffsetMean": Column("f4", "arcsec", "mean distance of stars from their references"),
    "astromOffsetStd": Column("f4", "arcsec", "standard deviation of that distance"),
    "astromScatterRa": Column("f4", "arcsec", "scatter of stars about their references, east"),
    "astromScatterDec": Column("f4", "arcsec", "scatter of stars about their references, north"),
    "pointingOffsetRa": Column("f4", "arcsec", "how far east the first WCS was off"),
    "pointingOffsetDec": Column("f4", "arcsec", "how far north the first WCS was off"),
    "nSource": Column("i4", "", "sources"),
    "nMatch": Column("i4", "", "sources that are stars of the reference catalog"),
    "nAstromStar": Column("i4", "", "stars that the WCS was corrected by"),
    "nPhotoStar": Column("i4", "", "stars that the zero point was found by"),
    "fractionMasked": Column("f4", "", "part of the pixels that are BAD, SAT, CR or NO_DATA"),
    "fractionBad": Column("f4", "", "part of the pixels that are BAD"),
    "fractionSat": Column("f4", "", "part of the pixels that are SAT"),
    "fractionCr": Column("f4", "", "part of the pixels that are CR"),
    "fractionEdge": Column("f4", "", "part of the pixels that are EDGE"),
    "suspicious": Column("?", "", "beyond one of the bounds"),
    "reasons": Column("U", "", "beyond which bounds, and by how much", 240),
}


def empty(column: Column) -> Any:
    """Return the value for an unknown value."""
    kind = column.code[0]
    value: Any = {"i": UNKNOWN, "U": "", "?": False}.get(kind, np.nan)
    return [value] * column.size if kind == "f" and column.size > 1 else value


def arrays(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the columns of rows, of which each may lack values."""
    made = {}
    for name, column in COLUMNS.items():
        missing = empty(column)
        values = [row.get(name) for row in rows]
        values = [missing if value is None else value for value in values]
        code = f"U{column.size}" if column.code == "U" else column.code
        made[name] = np.array(values, code).reshape(
            (len(rows), column.size) if np.ndim(missing) else len(rows)
        )
    return made
