"""Raw exposures whose amplifiers are HDUs, assembled as the camera's file describes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from persistence.composites import amplifiers
from persistence.dataids.location import Location
from persistence.errors import DataIdError, FormatterError
from persistence.files import fits_headers
from persistence.formatters.fits_exposure import exposure_of
from persistence.formatters.fits_open import opened, pixel_type, pixels
from persistence.types.exposure import afwheader, layouts
from persistence.types.exposure.exposure import Exposure
from persistence.types.exposure.layouts import Layout
from persistence.types.pixels.box import Box

# A section of an image: DATASEC, BIASSEC, DETSEC, ...
_SECTION = re.compile(r"\[\d+:\d+,\d+:\d+\]")


def read(location: Location, known: Sequence[Layout]) -> Exposure | None:
    """Read an exposure; None if the file holds its detector in one image.

    ``bbox`` among the options reads those pixels only.

    Parameters
    ----------
    location : `Location`
        The exposure's.
    known : sequence of `Layout`
        The layouts of the camera's files.

    Raises
    ------
    FormatterError
        If the file is laid out in no known way, or lacks an amplifier; the message names the file.
    """
    path = location.full_path
    headers = list(fits_headers.scan(path))
    of_type = [layout for layout in known if location.datasetType in layout.types]
    try:
        if not any(layout.has_hdus for layout in of_type):
            return None
        layout_of_file = layouts.of_file(of_type, headers, location.dataId)
        if layout_of_file is None:
            return None
        layout, numbers = layout_of_file
        with opened(path) as hdus:
            exposures = {name: _amplifier(location, hdus, hdu) for name, hdu in numbers.items()}
            header = _whole([each.header for each in exposures.values()], hdus[0].header)
        image = amplifiers.laid_out(layout, exposures, header, location.dataId)
    except FormatterError as error:
        raise error if path in str(error) else FormatterError(f"{path}: {error}") from error
    if "bbox" not in location.options:
        return image
    box = Box.from_any(location.options["bbox"])
    rows, columns = image.image.shape
    if not Box(0, 0, columns, rows).contains(box):
        raise DataIdError(
            f"bbox {box} is not inside {path}, which has {columns} columns, {rows} rows"
        )
    return image[box]


def _amplifier(location: Location, hdus: Any, number: int) -> Exposure:
    image = pixels(hdus[number], pixel_type(location.python)[1])
    if image.ndim != 2:
        raise FormatterError(f"HDU {number} is not an image with two axes")
    return exposure_of(location, hdus, number, image)


def _whole(parts: Sequence[Any], primary: Any) -> Any:
    """Return the header of the file, with the cards that are the same in all amplifiers."""
    first, *others = parts
    header = afwheader.merged(first, primary)
    own = {
        keyword
        for keyword in first
        if keyword and any(other.get(keyword) != first[keyword] for other in others)
    }
    kept = [
        card
        for card in header.cards
        if card.keyword not in own
        and not _SECTION.fullmatch(str(card.value).replace(" ", ""))
        and not afwheader.STRUCTURE.fullmatch(card.keyword)
    ]
    return type(header)(kept)
