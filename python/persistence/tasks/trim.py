"""What becomes of a raw exposure's header and WCS when its detector is cut out of it."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from persistence.types.exposure import afwheader
from persistence.types.exposure.detector import Detector
from persistence.types.wcs.headerwcs import shifted

if TYPE_CHECKING:
    from astropy.io.fits import Header

# A section of an image, which describes the raw one: DATASEC, BIASSECA, ...
_SECTION = re.compile(r"\[\d+:\d+,\d+:\d+\]")


def trimmed_shape(detector: Detector) -> tuple[int, int]:
    """Return rows and columns of a detector whose amplifiers are adjacent."""
    boxes = [amplifier.trimmed for amplifier in detector.amplifiers]
    return max(box.y0 + box.height for box in boxes), max(box.x0 + box.width for box in boxes)


def origin(detector: Detector) -> tuple[int, int] | None:
    """Return column and row of the trimmed image's first pixel in the raw one.

    None if amplifiers are separate in the raw image, or rotated: then no WCS holds for both.
    """
    shifts = {
        (amplifier.data.x0 - amplifier.trimmed.x0, amplifier.data.y0 - amplifier.trimmed.y0)
        for amplifier in detector.amplifiers
    }
    turned = any(amplifier.flip_x or amplifier.flip_y for amplifier in detector.amplifiers)
    return None if turned or len(shifts) != 1 else shifts.pop()


def header(metadata: Header) -> Header:
    """Return a header with the resulting unit, and without cards that hold for the raw image alone.

    These are the sections of its parts, and its WCS, which counts the raw image's pixels.
    """
    cards = [
        card
        for card in metadata.cards
        if not _SECTION.fullmatch(str(card.value).replace(" ", ""))
        and not afwheader.SKY.fullmatch(card.keyword)
    ]
    copied = type(metadata)([copy.copy(card) for card in cards])
    copied["BUNIT"] = "electron"
    return copied


def wcs(raw: Any, detector: Detector) -> Any:
    """Return the WCS of the trimmed image, whose first pixel is (0, 0).

    None if the raw one has none, or none that holds for it.
    """
    start = origin(detector)
    if start is None:
        # That of a boresight, and of amplifiers that were put together, counts the trimmed
        # detector's pixels.
        put_together = all(amplifier.raw is not None for amplifier in detector.amplifiers)
        return raw.given_wcs if put_together or detector.plane is not None else None
    return None if raw.wcs is None else shifted(raw.wcs, start)
