"""The pixels of a raw image that see the sky: without overscan and prescan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from persistence.types.pixels.box import Box

if TYPE_CHECKING:
    from persistence.types.exposure.detector import Detector


def of_sky(box: Box, detector: Detector | None) -> Box:
    """Return the box around the light-sensitive pixels of a raw image, as in its file.

    Parameters
    ----------
    box : `Box`
        The whole image.
    detector : `Detector` or None
        Its amplifiers are those that the camera's assembly uses: by ``DATASEC`` in the header, or
        by the camera's file.

    Returns
    -------
    box : `Box`
        The box; the whole image if no amplifiers are known, as for a trimmed image.
    """
    amplifiers = () if detector is None else detector.amplifiers
    around = _around([one.data for one in amplifiers])
    return around if around is not None and box.contains(around) else box


def of_assembled(box: Box, detector: Detector | None, is_trimmed: bool) -> Box:
    """Return the same of an image that was assembled from amplifiers, as its WCS counts pixels.

    Parameters
    ----------
    box : `Box`
        The whole image.
    detector : `Detector` or None
        Its amplifiers have their positions in the assembled image.
    is_trimmed : `bool`
        Whether the WCS counts the pixels of the trimmed detector in any case, as that of a
        camera's assembler does. Else it does so only if there are pixels without light between
        amplifiers (`persistence.composites.amplifiers`).
    """
    amplifiers = () if detector is None else detector.amplifiers
    starts = {(one.data.x0 - one.trimmed.x0, one.data.y0 - one.trimmed.y0) for one in amplifiers}
    if not is_trimmed and len(starts) == 1:
        return of_sky(box, detector)
    return _around([one.trimmed for one in amplifiers]) or box


def _around(boxes: Iterable[Box]) -> Box | None:
    """Return the box around boxes; None if there are none."""
    known = [one for one in boxes if one.width > 0 and one.height > 0]
    if not known:
        return None
    x0, y0 = (min(getattr(one, end) for one in known) for end in ("x0", "y0"))
    x1 = max(one.x0 + one.width for one in known)
    y1 = max(one.y0 + one.height for one in known)
    return Box(x0, y0, x1 - x0, y1 - y0)
