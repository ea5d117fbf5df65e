"""Backgrounds: three HDUs per component (doc/gen2/afw-files.md 6.3)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from astropy.io import fits

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.formatters.fits_open import opened, pixels
from persistence.types.fields.background import Background, BackgroundList, Surface
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask, as_flags, planes_in

_PARTS = ("IMAGE", "MASK", "VARIANCE")
# An HDU beyond the end of any file, so that all are read.
_LAST = sys.maxsize - 1
# Card -> its value, from a component. afw writes all of them.
_CARDS: Mapping[str, Callable[[Background], Any]] = {
    "INTERPSTYLE": lambda component: component.surface.interpolation,
    "UNDERSAMPLESTYLE": lambda component: component.surface.undersampled,
    "APPROXSTYLE": lambda component: component.surface.approximation,
    "APPROXORDERX": lambda component: component.surface.order[0],
    "APPROXORDERY": lambda component: component.surface.order[1],
    "APPROXWEIGHTING": lambda component: component.surface.weighted,
    "BKGD_X0": lambda component: component.bbox.x0,
    "BKGD_Y0": lambda component: component.bbox.y0,
    "BKGD_WIDTH": lambda component: component.bbox.width,
    "BKGD_HEIGHT": lambda component: component.bbox.height,
}


def read(location: Location) -> BackgroundList:
    """Read a background.

    Raises
    ------
    FormatterError
        If the file is damaged, or holds something else.
    """
    with opened(location.full_path) as hdus:
        # astropy would take damage for the end
        number = len(fits_headers.spans(location.full_path, _LAST))
        if number % 3:
            raise FormatterError(
                f"a background has three HDUs per component; this file has {number}"
            )
        return BackgroundList(
            tuple(_component(hdus[start : start + 3], start) for start in range(0, number, 3))
        )


def _component(hdus: Any, start: int) -> Background:
    header = hdus[0].header
    for part, hdu in enumerate(hdus):
        if not hdu.is_image or len(hdu.shape) != 2 or hdu.shape != hdus[0].shape:
            raise FormatterError(
                f"HDU {start + part} is not the {_PARTS[part]} of the bins of a background"
            )
    try:
        box = Box(*(int(header[f"BKGD_{name}"]) for name in ("X0", "Y0", "WIDTH", "HEIGHT")))
        interpolation, undersampled = int(header["INTERPSTYLE"]), int(header["UNDERSAMPLESTYLE"])
    except (KeyError, ValueError) as error:
        raise FormatterError(
            f"HDU {start} does not belong to a background: {error.args[0]}"
        ) from error
    # Older files lack these.
    order = int(header.get("APPROXORDERX", 1)), int(header.get("APPROXORDERY", -1))
    weighted = bool(header.get("APPROXWEIGHTING", True))
    surface = Surface(
        interpolation, undersampled, int(header.get("APPROXSTYLE", -1)), order, weighted
    )
    planes = planes_in(hdus[1].header) or dict(DEFAULT_PLANES)
    levels, bits, variance = (pixels(hdu) for hdu in hdus)
    return Background(levels, variance, Mask(as_flags(bits), planes), box, surface)


def write(obj: Any, path: str, location: Location) -> None:
    """Write a `BackgroundList`."""
    if not isinstance(obj, BackgroundList) or not len(obj):
        content = "no components" if isinstance(obj, BackgroundList) else f"not {type(obj)}"
        raise FormatterError(f"{location.datasetType}: a background is a BackgroundList, {content}")
    hdus: list[Any] = []
    for component in obj:
        planes = (component.levels, as_flags(component.mask.array), component.variance)
        for part, array in zip(_PARTS, planes, strict=True):
            hdu = fits.ImageHDU(array) if hdus else fits.PrimaryHDU(array)
            hdu.header.update(_header(component, part))
            hdus.append(hdu)
    with open(path, "wb") as stream:  # the name may end in .gz
        fits.HDUList(hdus).writeto(stream)


def _header(component: Background, part: str) -> fits.Header:
    header = fits.Header([("EXTTYPE", part)])
    for keyword, value in _CARDS.items():
        header[keyword if len(keyword) <= 8 else f"HIERARCH {keyword}"] = value(component)
    if part == "MASK":
        for name, bit in component.mask.planes.items():
            header[f"MP_{name}" if len(name) < 6 else f"HIERARCH MP_{name}"] = bit
    return header
