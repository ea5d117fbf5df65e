"""Open FITS files with astropy; errors name the file."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from astropy.io import fits

from persistence.errors import DataIdError, FormatterError
from persistence.files import fits_headers, mirrors
from persistence.files.fits_headers import Span
from persistence.files.numbers import exact
from persistence.formatters import tiles
from persistence.types.pixels.box import Box

# HDUs up to this one are reached through astropy, later ones by a seek.
_NEAR = 3
_TYPE = re.compile(r"(Exposure|MaskedImage|DecoratedImage|Image|Mask)([FDIULX]?)")
_DTYPES: Mapping[str, str] = {"F": "f4", "D": "f8", "I": "i4", "U": "u2", "L": "u8", "X": "i4"}


def pixel_type(python: str | None) -> tuple[str, Any]:
    """Return the kind (``Exposure``, ``Image``, ...) and pixel type of a policy's python name.

    The kind is empty for a name that is not one of afw's images; the type is None if the name has
    none.
    """
    match = _TYPE.fullmatch((python or "").rpartition(".")[2])
    kind, letter = match.groups() if match else ("", "")
    return kind, np.dtype(f"={_DTYPES[letter]}") if letter else None


@contextlib.contextmanager
def opened(path: str, hdu: int | None = None, content: bytes | None = None) -> Iterator[Any]:
    """Open a FITS file; errors, now or during reading, name the file.

    Parameters
    ----------
    path : `str`
        The file.
    hdu : `int` or `None`, optional
        The requested HDU. If it is far from the start, those between are skipped: see
        `position_of`.
    content : `bytes`, optional
        The content of the file, if it has been read already.

    Yields
    ------
    `astropy.io.fits.HDUList`
        The HDUs; if some are skipped, the primary one and the requested one.

    Raises
    ------
    FormatterError
        If the file is not FITS, truncated or damaged.
    """
    with contextlib.ExitStack() as stack:
        try:
            source: Any = (
                _source(path, stack)
                if position_of(hdu) == hdu
                else _primary_and(path, hdu or 0, stack)
            )
            hdus = fits.open(source if content is None else io.BytesIO(content), memmap=False)
        except (FileNotFoundError, FormatterError, MemoryError):
            raise
        except Exception as error:  # astropy raises anything for damaged headers
            raise FormatterError(f"{path} cannot be read as FITS: {error}") from error
        try:
            yield hdus
        except (DataIdError, MemoryError):
            raise
        except FormatterError as error:
            raise error if path in str(error) else FormatterError(f"{path}: {error}") from error
        # astropy and its decompressors raise anything for damaged bytes
        except Exception as error:
            raise FormatterError(f"{path} is damaged: {error}") from error
        finally:
            hdus.close()


def position_of(hdu: int | None) -> int | None:
    """Return the index of the requested HDU within the list that `opened` returns."""
    return hdu if hdu is None or hdu <= _NEAR else 1


def _source(path: str, stack: contextlib.ExitStack) -> Any:
    """Return a path, or a stream if the file is in an archive."""
    mirror = mirrors.of(path)
    is_there = mirror is None or os.access(path, os.F_OK)
    return path if is_there else stack.enter_context(mirrors.opened(path))


def _primary_and(path: str, hdu: int, stack: contextlib.ExitStack) -> Any:
    spans = fits_headers.spans(path, hdu)
    if len(spans) <= hdu:
        raise FormatterError(f"{path} has no HDU {hdu}; its last is {len(spans) - 1}")
    stream: Any = stack.enter_context(mirrors.opened(path))
    is_packed = stream.read(2) == fits_headers.GZIP
    stream.seek(0)
    if is_packed:
        stream = stack.enter_context(contextlib.closing(gzip.open(stream)))  # noqa: SIM115  # the stack closes it
    return io.BufferedReader(_Parts(stream, [spans[0], spans[hdu]]))


class _Parts(io.RawIOBase):
    """Some spans of a file as a file: the primary HDU and one other.

    astropy takes milliseconds for each HDU that it passes; DECam's raws have over seventy.
    """

    def __init__(self, stream: Any, parts: Sequence[Span]) -> None:
        self._stream = stream
        self._parts = parts
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        length = sum(part.stop - part.start for part in self._parts)
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: length}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        before = 0
        for part in self._parts:
            inside = self._position - before
            if inside < part.stop - part.start:
                self._stream.seek(part.start + inside)
                data = self._stream.read(min(len(buffer), part.stop - part.start - inside))
                buffer[: len(data)] = data
                self._position += len(data)
                return len(data)
            before += part.stop - part.start
        return 0


def pixels(hdu: Any, dtype: Any = None, cut: Box | None = None) -> Any:
    """Return the pixels of an HDU, or of a box of it, in native byte order.

    Parameters
    ----------
    hdu : HDU of astropy
        An image of any number of axes; leading ones of an image of three are left out if their
        length is 1.
    dtype : `numpy.dtype`, optional
        The type of the pixels; by default that of the file, or a float if a pixel is undefined
        (``BLANK``), which is then NaN.
    cut : `Box`, optional
        Columns and rows, which are the last two axes. An image of one axis is one row.

    Raises
    ------
    FormatterError
        If the HDU holds no pixels, or the file ends before they do, or the type cannot hold a
        pixel.
    """
    _refuse_truncated(hdu)
    array = None
    if isinstance(hdu, fits.CompImageHDU):
        tiles.check(hdu)
        array = tiles.gunzipped(hdu) if cut is None else None
    blank = _undefined(hdu.header)  # before astropy reads the pixels, which changes the header
    flat = len(hdu.shape) == 3 and hdu.shape[0] == 1
    if array is None:
        array = hdu.data if cut is None else hdu.section[section(hdu.shape, cut)]
    if array is None:
        raise FormatterError(f"HDU {hdu.name!r} has no pixels")
    if flat and array.ndim == 3:
        array = array[0]
    native = array.dtype.newbyteorder("=")
    # swapped in place: a copy takes longer than reading
    if native != array.dtype and array.flags.writeable:
        array = array.byteswap(inplace=True).view(native)
    array = array.astype(native, copy=False)
    if blank is not None:
        array = _with_nan(array, *blank)
    return array if dtype is None else exact(array, dtype)


def section(shape: Sequence[int], cut: Box) -> tuple[slice, ...]:
    """Return the index of an image that selects a box: all of the axes before rows and columns."""
    return (*[slice(None)] * (len(shape) - 2), *cut.slices[-len(shape) :])


def _undefined(header: Any) -> tuple[int, Any] | None:
    """Return the stored value of undefined pixels, and the number that astropy returns for them."""
    blank = header.get("BLANK")
    if type(blank) is not int or header["BITPIX"] < 0:  # for integers only (FITS 4.0, 4.4.2)
        return None
    return blank, blank * header.get("BSCALE", 1) + header.get("BZERO", 0)


def _with_nan(array: Any, blank: int, undefined: Any) -> Any:
    """Replace undefined pixels by NaN if astropy has not.

    It has not if the stored value is 0, or if ``BZERO`` makes the integers unsigned.
    """
    if array.dtype.kind == "f" and blank:
        return array
    lost = array == undefined
    if not lost.any():
        return array
    floats = (
        array if array.dtype.kind == "f" else array.astype("f4" if array.itemsize < 4 else "f8")
    )
    floats[lost] = np.nan
    return floats


def _refuse_truncated(hdu: Any) -> None:
    """Raise an error if an HDU's data end too early.

    Astropy only warns, and returns the existing part.
    """
    info = hdu.fileinfo()
    stream = info["file"] if info else None
    if (
        stream is None
        or stream.compression is not None
        or stream.size >= info["datLoc"] + info["datSpan"]
    ):
        return
    missing = info["datLoc"] + hdu.size - stream.size  # the last block may lack its padding
    if missing > 0:
        raise FormatterError(f"it is truncated: {missing} bytes are missing")
