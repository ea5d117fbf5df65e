"""Images in FITS files: read and written by our formatters, with afw's names of components."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.files import atomic
from persistence.formatters import fits as formatter
from persistence.formatters import fits_open, fits_tiles
from persistence.gen2types.headers import FitsError as FitsError
from persistence.gen2types.headers import readMetadata as readMetadata
from persistence.gen2types.images.indexing import PARENT, ImageOrigin
from persistence.policy import recipes
from persistence.types.exposure.exposure import Exposure, xy0
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask, as_flags, planes_in

_settings = {"compresses": True}


def setAllowImageCompression(allow: bool) -> None:
    """Choose whether images are compressed, without loss, from now on."""
    _settings["compresses"] = bool(allow)


def getAllowImageCompression() -> bool:
    """Return whether images are compressed."""
    return _settings["compresses"]


def location_of(path: str, kind: str, hdu: int | None = None, **options: Any) -> Location:
    """Return the location of a file outside a repository; ``kind`` is for example ``ExposureF``."""
    root, name = os.path.split(os.path.abspath(path))
    python = f"lsst.afw.image.{kind}"
    return Location(root, name, hdu, "FitsStorage", python, name, {}, options)


def read(
    path: str, kind: str, hdu: int | None = None, bbox: Any = None, origin: Any = PARENT
) -> Any:
    """Read an image or an exposure.

    Parameters
    ----------
    path : `str`
        The file.
    kind : `str`
        What is wanted: ``ExposureF``, ``MaskedImageI``, ``ImageD`` ...; without the letter, the
        pixels have the file's type.
    hdu : `int`, optional
        The HDU of the image, counted from 0.
    bbox : `Box2I`, optional
        The pixels that are wanted, those of ``origin``.

    Raises
    ------
    FitsError
        If the file is missing, damaged, or holds something else.
    """
    options: dict[str, Any] = {}
    if bbox is not None and bbox.getWidth() > 0:
        options = {"bbox": bbox, "imageOrigin": ImageOrigin(origin).value}
    number = None if hdu is None or hdu < 0 else hdu
    return asked(
        path, functools.partial(formatter.read, location_of(path, kind, number, **options))
    )


def read_mask(path: str, hdu: int | None = None) -> tuple[Mask, tuple[int, int], Any]:
    """Return the flags of a mask, its position in the parent image, and its header."""

    def read() -> tuple[Mask, tuple[int, int], Any]:
        with fits_open.opened(os.path.abspath(path)) as hdus:
            first = 0 if hdus[0].shape or len(hdus) == 1 else 1
            image = hdus[first if hdu is None or hdu < 0 else hdu]
            planes = planes_in(image.header) or dict(DEFAULT_PLANES)
            header = image.header.copy()
            return Mask(as_flags(fits_open.pixels(image)), planes), xy0(header), header

    return asked(path, read)  # type: ignore[no-any-return]


def asked(path: str, ask: Any) -> Any:
    """Return the result of a function that reads a file; its errors are raised as `FitsError`."""
    try:
        return ask()
    except (FormatterError, OSError, IndexError) as error:
        text = str(error)
        raise FitsError(text if os.path.basename(path) in text else f"{path}: {text}") from error


def write(ours: Exposure, path: Any, kind: str, metadata: Any = None, mode: str = "w") -> None:
    """Write an image or an exposure as our formatter does, whole or not at all.

    Parameters
    ----------
    ours : `Exposure`
        What is written.
    path : `str`
        The file.
    kind : `str`
        As in `read`.
    metadata : mapping, optional
        Further cards.
    mode : `str`
        ``w``; ``a`` appends the HDUs to those of a file that is there.
    """
    from persistence.formatters import fits_write  # lazy: only needed for writing

    path = os.fspath(path)
    if metadata is not None:
        header = fits.Header(ours.header, copy=True)
        header.extend(_cards(metadata), update=True)
        ours = ours.replaced(header=header)
    recipe = recipes.find("default" if getAllowImageCompression() else "noCompression", path)
    location = location_of(path, kind, recipe=recipe)
    with atomic.atomic_write(os.path.abspath(path), durable=False) as temporary:
        fits_write.write(ours, temporary, location)
        if mode == "a" and os.path.exists(path):
            _append(path, temporary)


def _append(path: str, temporary: str) -> None:
    """Put the HDUs of a file that is there before those of the new one."""
    with fits.open(path, memmap=False) as old, fits.open(temporary, memmap=False) as new:
        hdus = [hdu.copy() for hdu in old]
        for hdu in new:
            is_image = isinstance(hdu, fits.PrimaryHDU)
            if not is_image or hdu.data is not None:
                hdus.append(fits.ImageHDU(hdu.data, hdu.header) if is_image else hdu.copy())
    fits.HDUList(hdus).writeto(temporary, overwrite=True, output_verify="silentfix")


def write_mask(mask: Mask, origin: tuple[int, int], path: Any) -> None:
    """Write a mask as afw does: its flags, the names of its bits, its position."""
    header = fits.Header({"EXTTYPE": "MASK"})
    for name, bit in mask.planes.items():
        header[f"MP_{name}" if len(name) <= 5 else f"HIERARCH MP_{name}"] = bit
    for axis, start in zip("12", origin, strict=True):
        header[f"CTYPE{axis}A"], header[f"CUNIT{axis}A"] = "LINEAR", "PIXEL"
        header[f"CRPIX{axis}A"], header[f"CRVAL{axis}A"] = 1, start
    hdu = fits_tiles.hdu_of(as_flags(mask.array), header, "MASK")
    whole = atomic.atomic_write(os.path.abspath(path), durable=False)
    # The name may end in .gz, which would compress the file: astropy does not see it.
    with whole as temporary, open(temporary, "wb") as stream:
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)


def exposure_of(
    image: NDArray[Any],
    origin: tuple[int, int] = (0, 0),
    mask: Mask | None = None,
    variance: NDArray[Any] | None = None,
) -> Exposure:
    """Return an exposure of arrays, which it shares, without a header."""
    return Exposure(image, fits.Header(), mask=mask, variance=variance, cutout=origin)


def planes_for(ours: Exposure) -> None:
    """Add the mask and the variance that afw's exposures always have: zeros."""
    if ours.mask is None:
        ours.mask = Mask(np.zeros(ours.image.shape, np.int32), dict(DEFAULT_PLANES))
    if ours.variance is None:
        ours.variance = np.zeros(ours.image.shape, np.float32)


def fill(metadata: Any, header: Any) -> None:
    """Put the cards of a header into the metadata that a caller gave to be filled."""
    if metadata is not None:
        for card in header.cards:
            if card.keyword:
                metadata.set(card.keyword, card.value)


def _cards(metadata: Any) -> Iterator[tuple[str, Any]]:
    from persistence.gen2types import unwrap

    values = unwrap(metadata)
    items = values.items() if isinstance(values, Mapping | fits.Header) else values.toDict().items()
    for name, value in items:
        yield name if len(name) <= 8 else f"HIERARCH {name}", value
