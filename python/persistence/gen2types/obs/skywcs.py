"""Create the initial WCS of a raw from its pointing and its position in the focal plane."""

from __future__ import annotations

import re
from typing import Any

from persistence.errors import FormatterError
from persistence.gen2types.box import Box2I
from persistence.gen2types.camerageom.systems import FIELD_ANGLE, PIXELS
from persistence.gen2types.coordinates import Point2I
from persistence.gen2types.images.visitinfo import RotType
from persistence.gen2types.wcs import SkyWcs
from persistence.gen2types.wcsmake import makeSkyWcs

_IRAF = re.compile(r"\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*")


class InitialSkyWcsError(FormatterError):
    """The pointing of an exposure is unknown. Gen2 raised RuntimeError."""


def createInitialSkyWcs(visitInfo: Any, detector: Any, flipX: bool = False) -> SkyWcs:
    """Return the WCS of an exposure by its boresight and the camera.

    Parameters
    ----------
    visitInfo : `VisitInfo`
        Says where the telescope pointed, and how it was turned.
    detector : `Detector`
        The detector, in its camera.
    flipX : `bool`, optional
        Whether x of the focal plane points to the west where y points to the north.

    Raises
    ------
    InitialSkyWcsError
        If the angle of the rotator is not the sky's, or the detector has no field angle.
    """
    if visitInfo.getRotType() != RotType.SKY:
        raise InitialSkyWcsError(
            f"Cannot create SkyWcs from camera geometry: rotator angle defined using "
            f"RotType={visitInfo.getRotType()} instead of {RotType.SKY}"
        )
    return createInitialSkyWcsFromBoresight(
        visitInfo.getBoresightRaDec(), visitInfo.getBoresightRotAngle(), detector, flipX
    )


def createInitialSkyWcsFromBoresight(
    boresight: Any, orientation: Any, detector: Any, flipX: bool = False
) -> SkyWcs:
    """Return the WCS of a detector by the boresight (ICRS) and the rotator's angle.

    Raises
    ------
    InitialSkyWcsError
        If the detector has no transform to field angles.
    """
    try:
        to_angle = detector.getTransform(
            detector.makeCameraSys(PIXELS), detector.makeCameraSys(FIELD_ANGLE)
        )
    except (LookupError, ValueError, RuntimeError) as error:
        raise InitialSkyWcsError(
            f"Cannot compute PIXELS to FIELD_ANGLE Transform of {detector}"
        ) from error
    return makeSkyWcs(to_angle, orientation, flipX, boresight)


def bboxFromIraf(irafBBoxStr: str) -> Box2I:
    """Return the box of a header's section, such as ``[1:2048,1:4096]``, which counts from 1.

    Raises
    ------
    FormatterError
        If it is not of this form. It is a RuntimeError, as Gen2's was.
    """
    match = _IRAF.fullmatch(irafBBoxStr)
    if match is None:
        raise FormatterError(f"Unable to parse {irafBBoxStr!r} as an IRAF-style bounding box")
    x0, x1, y0, y1 = (int(number) - 1 for number in match.groups())
    return Box2I(Point2I(x0, y0), Point2I(x1, y1))
