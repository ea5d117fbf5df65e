"""``FitsStorage``: images, exposures with their planes, headers.

The layout of an exposure is afw's (doc/gen2/afw-files.md 1): a primary HDU with the metadata, then
image, mask and variance, distinguished by ``EXTTYPE``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.io import fits

from persistence.dataids.location import Location
from persistence.errors import DataIdError, FormatterError
from persistence.formatters import planes
from persistence.formatters.fits_cards import readable
from persistence.formatters.fits_exposure import exposure_of, inherits
from persistence.formatters.fits_open import opened, pixel_type, pixels, position_of
from persistence.types.archives import read as read_archive
from persistence.types.exposure import afwheader
from persistence.types.exposure.components import Components, numbers_in
from persistence.types.exposure.exposure import Exposure, rows_and_columns, xy0
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask, as_flags

_HEADERS = ("PropertyList", "PropertySet")
# astropy derives random groups, which are not images, from the first of them.
_IMAGES = (fits.PrimaryHDU, fits.ImageHDU, fits.CompImageHDU)


def write(obj: Any, path: str, location: Location) -> None:
    """Write an `Exposure`, an array, or an object with a method ``writeFits(path)``."""
    from persistence.formatters import fits_write  # only who writes needs it

    fits_write.write(obj, path, location)


def read(location: Location) -> Any:
    """Read an image or an exposure, or a header or a table if that is the policy's type.

    The option ``bbox`` restricts the pixels; it is in pixels of the parent image, or of the file if
    the option ``imageOrigin`` is ``LOCAL``.
    """
    if (location.python or "").endswith(_HEADERS):
        return read_header(location)
    assembled = _assembled(location)
    if assembled is not None:
        return assembled
    kind, dtype = pixel_type(location.python)
    if kind in ("Exposure", "MaskedImage"):
        return _read_planes(location, dtype)
    with opened(location.full_path, location.hdu) as hdus:
        hdu, index = _first_with_data(hdus, location, position_of(location.hdu))
        if not kind and isinstance(hdu, fits.BinTableHDU | fits.TableHDU):
            from persistence.formatters import catalog  # lazy: tables take long to import

            return catalog.read_hdu(hdus, index)
        _check_image(hdu, location.hdu or index)
        cut = _cut(hdu, location) if "bbox" in location.options else None
        return exposure_of(location, hdus, index, pixels(hdu, dtype, cut), cut)


def _assembled(location: Location) -> Exposure | None:
    """Read an exposure whose amplifiers are HDUs, by the camera's layouts.

    None if it is not one.
    """
    mapper = location.options.get("mapper")
    layouts = () if mapper is None else mapper.layouts
    if not layouts or not any(location.datasetType in layout.types for layout in layouts):
        return None
    from persistence.formatters import fits_amplifiers  # lazy: few cameras have any

    return fits_amplifiers.read(location, layouts)


def _read_planes(location: Location, dtype: Any) -> Any:
    """Read an exposure: the image, the planes that follow it if present, the archive."""
    path = location.full_path
    layout = planes.layout(path, location.hdu or 1)
    with opened(path, content=layout.content) as hdus:
        hdu, index = _image_hdu(hdus, location)
        cut = _cut(hdu, location) if "bbox" in location.options else None
        exposure = exposure_of(location, hdus, index, pixels(hdu, dtype, cut), cut)
        return exposure.replaced(
            **{name: _plane(hdus, layout, index, name, cut) for name in ("mask", "variance")},
            components=layout.components(hdus[0].fileinfo()["file"]),
        )


def read_plane(location: Location, name: str) -> Any:
    """Read one plane of an exposure.

    ``image`` and ``variance`` are arrays, ``mask`` is a `Mask`, or None.

    Options are those of `read`.
    """
    layout = planes.layout(location.full_path, location.hdu or 1)
    with opened(location.full_path, content=layout.content) as hdus:
        hdu, index = _image_hdu(hdus, location)
        cut = _cut(hdu, location) if "bbox" in location.options else None
        return pixels(hdu, None, cut) if name == "image" else _plane(hdus, layout, index, name, cut)


def read_bare(location: Location) -> Exposure:
    """Read an exposure without its pixels, which are 0.

    Its headers are read now, its archive when it is needed. An exposure that is assembled from
    amplifiers is read whole.
    """
    assembled = _assembled(location)
    if assembled is not None:
        return assembled
    with opened(location.full_path) as hdus:
        hdu, index = _image_hdu(hdus, location)
        cut = _cut(hdu, location) if "bbox" in location.options else None
        shape = rows_and_columns(hdu.shape) if cut is None else (cut.height, cut.width)
        exposure = exposure_of(location, hdus, index, np.broadcast_to(np.uint8(0), shape), cut)
        numbers = numbers_in(hdus[0].header, location.full_path)
        return exposure.replaced(
            components=Components(numbers, read_archive.InFile(location.full_path))
        )


def _plane(hdus: Any, layout: planes.Layout, image: int, name: str, cut: Box | None) -> Any:
    """Read the mask or the variance; None if there is none."""
    number = layout.planes(image).get(name.upper())
    if number is None:
        return None
    if name == "variance":
        return pixels(hdus[number], None, cut)
    return Mask(as_flags(pixels(hdus[number], None, cut)), layout.bits(number))


def read_header(location: Location) -> fits.Header:
    """Read the header of the location's HDU, or of the first one with data, without pixels."""
    with opened(location.full_path, location.hdu) as hdus:
        index = position_of(location.hdu)
        hdu = None if index is None else _hdu_or_none(hdus, index)
        if hdu is None:
            hdu, index = _first_with_data(hdus, location, index)
        header = readable(hdu.header)
        goes_on = index and inherits(header, readable(hdus[0].header))
        return afwheader.joined(header, hdus[0].header) if goes_on else header


def read_shape(location: Location) -> tuple[tuple[int, int], tuple[int, int]]:
    """Read (rows, columns), and the origin (x0, y0) in the parent image, from the header."""
    assembled = _assembled(location)
    if assembled is not None:
        return rows_and_columns(assembled.image.shape), (0, 0)
    with opened(location.full_path, location.hdu) as hdus:
        hdu, index = _first_with_data(hdus, location, position_of(location.hdu))
        _check_image(hdu, location.hdu or index)
        return rows_and_columns(hdu.shape), xy0(hdu.header)


def _image_hdu(hdus: Any, location: Location) -> tuple[Any, int]:
    """Return the HDU of an exposure's image, and its number.

    Raises
    ------
    FormatterError
        If there is none, or it is something else, such as a table.
    """
    hdu, index = _first_with_data(hdus, location, location.hdu)
    _check_image(hdu, index)
    return hdu, index


def _check_image(hdu: Any, index: int) -> None:
    if type(hdu) not in _IMAGES:
        kind = hdu.header.get("XTENSION", type(hdu).__name__)
        content = "a table" if "TABLE" in kind else f"of kind {kind}"
        raise FormatterError(f"HDU {index} is {content}, not an exposure's image")


def _first_with_data(hdus: Any, location: Location, asked: int | None) -> tuple[Any, int]:
    """Return the requested HDU, or the first one with data, and its number."""
    index = asked or 0
    hdu = _hdu_or_none(hdus, index)
    if index == 0 and not getattr(hdu, "shape", True):
        behind = _hdu_or_none(hdus, 1)
        hdu, index = (hdu, 0) if behind is None else (behind, 1)
    if hdu is None:
        raise FormatterError(
            f"{location.full_path} has no HDU {index}; its last is {len(hdus) - 1}"
        )
    return hdu, index


def _hdu_or_none(hdus: Any, index: int) -> Any:
    try:
        return hdus[index]
    except IndexError:
        return None


def _cut(hdu: Any, location: Location) -> Box:
    """Return the requested box in pixels of the file, counted from 0."""
    box = Box.from_any(location.options["bbox"])
    where = location.options.get("imageOrigin", "PARENT")
    if where not in ("PARENT", "LOCAL"):
        raise DataIdError(f"imageOrigin={where!r}: it is PARENT or LOCAL")
    if where == "PARENT":
        x0, y0 = xy0(hdu.header)
        box = box.shifted(-x0, -y0)
    rows, columns = rows_and_columns(hdu.shape)
    whole = Box(0, 0, columns, rows)
    if not whole.contains(box):
        raise DataIdError(
            f"bbox {box} is not inside {location.uri}, which has {columns} columns, {rows} rows"
        )
    return box
