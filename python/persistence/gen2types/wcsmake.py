"""Functions that create a `SkyWcs`, and its header, by the names of ``lsst.afw.geom``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from persistence.gen2types import unwrap
from persistence.gen2types.angle import Angle, degrees
from persistence.gen2types.mappings import TransformPoint2ToPoint2
from persistence.gen2types.spherepoint import SpherePoint
from persistence.gen2types.wcs import SkyWcs
from persistence.gen2types.wcscards import of_numbers, wcs_of_metadata
from persistence.types.wcs.astmaps import Series
from persistence.types.wcs.skywcs import SkyWcs as OurSkyWcs

__all__ = [
    "makeCdMatrix",
    "makeFlippedWcs",
    "makeModifiedWcs",
    "makeSkyWcs",
    "makeTanSipWcs",
    "makeWcsPairTransform",
]


def makeCdMatrix(scale: Angle, orientation: Angle = 0 * degrees, flipX: bool = False) -> Any:
    """Return a CD matrix (deg).

    Parameters
    ----------
    scale : `Angle`
        The side of a pixel.
    orientation : `Angle`, optional
        The position angle of y, from north through east.
    flipX : `bool`, optional
        Whether x points to the east where y points to the north; else it points to the west.
    """
    turn, size = orientation.asRadians(), scale.asDegrees()
    mirror = size if flipX else -size
    return np.array(
        [
            [math.cos(turn) * mirror, math.sin(turn) * size],
            [-math.sin(turn) * mirror, math.cos(turn) * size],
        ]
    )


def makeSkyWcs(*args: Any, **named: Any) -> SkyWcs:
    """Return a WCS: of metadata, of its numbers, or of a camera's field angles.

    Parameters
    ----------
    *args, **named
        One of ``(metadata, strip=False)``; ``(crpix, crval, cdMatrix, projection="TAN")``, with
        pixels counted from 0 and degrees; ``(pixelsToFieldAngle, orientation, flipX, boresight,
        projection="TAN")``.

    Raises
    ------
    InvalidParameterError
        If these make none.
    """
    for names, make in _MAKERS:
        values = dict(zip(names, args, strict=False)) | named
        is_full = len(args) + len(named) == len(values) and set(values) <= set(names)
        is_enough = set(names) - set(values) <= {"strip", "projection"}
        of_camera = isinstance(values.get(names[0]), TransformPoint2ToPoint2)
        if is_full and is_enough and of_camera == (make is _of_camera):
            return SkyWcs.of(make(**values))
    shown = ", ".join(" ".join(names) for names, _ in _MAKERS)
    raise TypeError(f"makeSkyWcs() takes one of {shown}; the arguments were {args} and {named}")


def _of_camera(
    pixelsToFieldAngle: TransformPoint2ToPoint2,
    orientation: Angle,
    flipX: bool,
    boresight: SpherePoint,
    projection: str = "TAN",
) -> OurSkyWcs:
    """Return the WCS of a detector: its pixels to field angles, and these to the sky."""
    from persistence.types.wcs.storedwcs import from_header as of_fits

    # Field angles (rad) are the pixels of a projection about the boresight.
    matrix = makeCdMatrix(Angle(1.0), orientation, flipX)
    sky = of_fits(of_numbers((0.0, 0.0), boresight, matrix, projection))
    mapping = unwrap(pixelsToFieldAngle).map
    x, y = mapping.inverse(np.zeros((2, 1)))[:, 0]
    return OurSkyWcs(Series(mapping, sky.to_sky), sky.frame, (float(x), float(y)))


_MAKERS = (
    (("metadata", "strip"), wcs_of_metadata),
    (("crpix", "crval", "cdMatrix", "projection"), of_numbers),
    (("pixelsToFieldAngle", "orientation", "flipX", "boresight", "projection"), _of_camera),
)


def makeTanSipWcs(
    crpix: Any,
    crval: SpherePoint,
    cdMatrix: Any,
    sipA: Any,
    sipB: Any,
    sipAp: Any = None,
    sipBp: Any = None,
) -> SkyWcs:
    """Return a TAN-SIP WCS; see `makeSkyWcs`. Coefficients are ``sipA[p, q]`` of x^p y^q."""
    from astropy.wcs import Sip

    wcs = of_numbers(crpix, crval, cdMatrix, "TAN")
    back = (None, None) if sipAp is None else (np.array(sipAp, float), np.array(sipBp, float))
    wcs.sip = Sip(np.array(sipA, float), np.array(sipB, float), *back, wcs.wcs.crpix)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    wcs.wcs.set()
    return SkyWcs.of(wcs)


def makeModifiedWcs(pixelTransform: Any, wcs: SkyWcs, modifyActualPixels: bool = False) -> SkyWcs:
    """Return a WCS with a transform of the pixels before it."""
    exact = wcs._exact
    before = unwrap(pixelTransform).map
    position = None
    if exact.tangent is not None:
        x, y = before.inverse(np.array(exact.tangent)[:, np.newaxis])[:, 0]
        position = float(x), float(y)
    return SkyWcs.of(OurSkyWcs(Series(before, exact.to_sky), exact.frame, position))


def makeFlippedWcs(wcs: SkyWcs, flipLR: bool, flipTB: bool, center: Any) -> SkyWcs:
    """Return the WCS of an image that is mirrored about a pixel."""
    from persistence.gen2types.mappings import makeTransform
    from persistence.gen2types.transforms import AffineTransform

    signs = np.array([-1.0 if flip else 1.0 for flip in (flipLR, flipTB)])
    shift = (1 - signs) * np.array([float(number) for number in center])
    return makeModifiedWcs(makeTransform(AffineTransform(np.diag(signs), shift)), wcs)


def makeWcsPairTransform(src: SkyWcs, dst: SkyWcs) -> TransformPoint2ToPoint2:
    """Return the transform of the pixels of one WCS to those of another."""
    to_sky, from_sky = src.getTransform(), dst.getTransform().inverted()
    return TransformPoint2ToPoint2(Series(to_sky._ours.map, from_sky._ours.map))
