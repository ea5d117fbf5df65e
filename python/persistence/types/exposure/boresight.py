"""The WCS of a raw exposure, from the telescope's pointing and the detector's position."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from persistence.errors import FormatterError
from persistence.types.exposure.detector import Detector
from persistence.types.exposure.visitinfo import VisitInfo

if TYPE_CHECKING:
    from astropy.wcs import WCS


def wcs(visit: VisitInfo, detector: Detector | None) -> WCS | None:
    """Return the WCS of a detector's trimmed pixels; None if pointing or position are unknown.

    Parameters
    ----------
    visit : `VisitInfo`
        The visit, with the boresight and the rotation of the focal plane: the position angle of its
        y axis, from north through east.
    detector : `Detector` or `None`
        The detector, with its position in the focal plane and the plate scale.

    Notes
    -----
    The projection is a tangent plane at the boresight, without the optics' distortion. Pixels count
    from 0, the first one of the trimmed detector.
    """
    plane = None if detector is None else detector.plane
    if plane is None or detector is None or detector.position is None:
        return None
    if detector.pixel_size is None or detector.reference is None:
        return None
    if visit.rotation is None or visit.rotation_type != "SKY":
        return None
    try:
        pointing = visit.boresight
    except FormatterError:  # reading it from the visit raises the error
        return None
    if pointing is None:
        return None
    import numpy as np  # lazy: needed by few
    from astropy.wcs import WCS

    angle = math.radians(visit.rotation)
    sine, cosine = math.sin(angle), math.cos(angle)
    mirror = 1.0 if plane.flip_x else -1.0
    scale = plane.scale / 3600
    # first in mm of the focal plane, then in pixels, which may be rotated against it
    sky = np.array([[cosine * mirror, sine], [-sine * mirror, cosine]]) * scale
    pixels = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    start, right, up = np.stack(detector.to_focal_plane(*pixels), axis=-1)
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.cunit = ["deg", "deg"]
    made.wcs.radesys = "ICRS"
    made.wcs.crval = [pointing.ra.deg, pointing.dec.deg]
    # the boresight in pixels; FITS counts from 1
    made.wcs.crpix = [1 + float(place) for place in detector.from_focal_plane(0.0, 0.0)]
    made.wcs.cd = sky @ np.stack([right - start, up - start], axis=-1)
    made.wcs.set()
    return made
