"""Tiles of images compressed with gzip, from arrays to bytes and back.

Python's own zlib takes four times as long as isal to make files of the same size, and astropy asks
it for its slowest level. Bytes of pixels that are noise are stored as they are: compressing them
takes longest, and spoils the codes of the others. Sources: FITS Standard 4.0, sections 10.1.3 and
10.4.2, for the tiles; RFC 1951 and 1952 for what is in them.
"""

from __future__ import annotations

import functools
import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError

# Bytes per block, to fit the processor's cache.
_BLOCK = 1 << 18
# zlib's numbers for the largest window: with gzip's header and trailer around the stream, without.
_GZIP, _BARE = 31, -15
# With these levels and the noise stored, the planes of a 2k x 4k chip take 9% less than by zlib's
# level 9, and 0.25 s of CPU (zlib: 7% less, 0.65 s), not 1.85 s.
_ISAL_LEVEL, _ZLIB_LEVEL = 1, 1
_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_STORED = 65535  # bytes that a block holds which are stored as they are
_FEW = 512  # pixels of a tile whose bytes are not looked at one by one
_SAMPLES = 2  # tiles of a block that tell which bytes are noise


def compress(image: NDArray[Any], tile: Sequence[int], *, shuffled: bool) -> list[bytes]:
    """Compress the tiles of an image.

    Parameters
    ----------
    image : array
        Integers or floats. Unsigned integers of more than 8 bits, and signed ones of 8, are stored
        with the offset that FITS has for them (``BZERO``).
    tile : sequence of `int`
        The size of a tile in the order of the image's axes. Tiles at its far edges are smaller.
    shuffled : `bool`
        Whether the first bytes of a tile's pixels come first, then their second ones (``GZIP_2``),
        or one pixel after the other (``GZIP_1``).

    Returns
    -------
    tiles : `list` [`bytes`]
        In the order of FITS: along the last axis first.
    """
    library, level = _library()
    tiles = []
    for block in _blocks(image, tile):
        rows = _bytes_of(_stored(block), shuffled)
        noise = _noise(rows, image.itemsize) if shuffled else None
        for row in rows:
            if noise is None:
                tiles.append(library.compress(row, level, wbits=_GZIP))
            else:
                tiles.append(_with_noise(row, noise))
    return tiles


def expand(
    tiles: Sequence[Any], shape: Sequence[int], tile: Sequence[int], dtype: Any, *, shuffled: bool
) -> NDArray[Any]:
    """Return the image with these tiles.

    Parameters
    ----------
    tiles : sequence
        All tiles, in the order of FITS.
    shape, tile : sequence of `int`
        The size of the image, and of a tile, in the order of the image's axes.
    dtype : `numpy.dtype`
        The type of the stored pixels; no offset is added to them.
    shuffled : `bool`
        As for `compress`.

    Returns
    -------
    image : array
        In native byte order.

    Raises
    ------
    FormatterError
        If a tile is not a gzip stream, or has the wrong number of pixels.
    """
    library, _level = _library()
    image = np.empty(tuple(shape), np.dtype(dtype).newbyteorder("="))
    rest = iter(tiles)
    for block in _blocks(image, tile):
        size, cells = block[0].nbytes, []
        for content in itertools.islice(rest, len(block)):
            try:
                cells.append(library.decompress(content, _GZIP, size))
            except library.error as error:
                raise FormatterError(f"a compressed tile is damaged: {error}") from error
            if len(cells[-1]) != size:
                raise FormatterError(f"a tile has {len(cells[-1])} bytes, not {size}")
        _fill(block, b"".join(cells), shuffled)
    return image


def _blocks(image: NDArray[Any], tile: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Yield the tiles of an image in order, as views of it whose first axis counts tiles.

    Tiles of the same size that follow one another in memory are yielded many at a time.
    """
    rows = tile[0]
    if any(step < length for length, step in zip(image.shape[1:], tile[1:], strict=True)):
        starts = [range(0, length, step) for length, step in zip(image.shape, tile, strict=True)]
        for corner in itertools.product(*starts):
            ends = zip(corner, tile, strict=True)
            yield image[(np.newaxis, *(slice(start, start + step) for start, step in ends))]
        return
    whole = len(image) - len(image) % rows
    step = rows * max(1, _BLOCK // max(1, image[:rows].nbytes))
    for first in range(0, whole, step):
        part = image[first : min(first + step, whole)]
        yield part.reshape(-1, rows, *image.shape[1:])
    if whole < len(image):
        yield image[np.newaxis, whole:]


def _stored(block: NDArray[Any]) -> NDArray[Any]:
    """Return pixels as FITS stores them: bytes are unsigned, and longer integers signed."""
    kind, size = block.dtype.kind, block.dtype.itemsize
    if (kind, size > 1) not in (("u", True), ("i", False)):
        return block
    # The offset is half of the range, which changes the highest bit and no other.
    unsigned = block.view(block.dtype.str.replace("i", "u"))
    return np.asarray(unsigned ^ unsigned.dtype.type(1 << (8 * size - 1)))


def _bytes_of(block: NDArray[Any], shuffled: bool) -> NDArray[np.uint8]:
    """Return a row of bytes for each tile of a block."""
    size = block.dtype.itemsize
    ordered = np.ascontiguousarray(block, block.dtype.newbyteorder(">"))
    cells = ordered.view(np.uint8).reshape(len(block), -1, size)
    laid_out = np.ascontiguousarray(cells.swapaxes(1, 2)) if shuffled else cells
    return laid_out.reshape(len(block), -1)


def _fill(block: NDArray[Any], content: bytes, shuffled: bool) -> None:
    """Set the pixels of a block of tiles from their bytes."""
    size = block.dtype.itemsize
    cells = np.frombuffer(content, np.uint8)
    if shuffled:
        # byte after byte: three times as fast as copying the transposed array
        planes = cells.reshape(len(block), size, -1)
        cells = np.empty((len(block), planes.shape[2], size), np.uint8)
        for place in range(size):
            cells[..., place] = planes[:, place]
    block[...] = cells.reshape(-1).view(block.dtype.newbyteorder(">")).reshape(block.shape)


def _noise(rows: NDArray[np.uint8], size: int) -> slice | None:
    """Return which bytes of shuffled tiles cannot be compressed: those of a pixel's noise.

    Parameters
    ----------
    rows : array, shape (tiles, bytes)
    size : `int`
        Bytes of a pixel.
    """
    library, level = _library()
    length = rows.shape[1] // size
    if size == 1 or length < _FEW:
        return None
    sample = rows[:: -(-len(rows) // _SAMPLES)].reshape(-1, size, length)
    is_noise = [
        all(len(library.compress(row, level, wbits=_BARE)) >= length for row in sample[:, byte])
        for byte in range(size)
    ]
    if True not in is_noise:
        return None
    first = is_noise.index(True)
    last = first + ([*is_noise, False][first:]).index(False)
    return slice(first * length, last * length) if (last - first) * length <= _STORED else None


def _with_noise(row: NDArray[np.uint8], noise: slice) -> bytes:
    """Compress a tile, and store some of its bytes as they are."""
    library, level = _library()
    before, stored, after = row[: noise.start], row[noise], row[noise.stop :]
    stream = library.compressobj(level, library.DEFLATED, _BARE)
    parts: list[Any] = [_HEADER]
    if before.size:  # a full flush ends at a byte, and what follows refers to nothing before it
        parts += [stream.compress(before), stream.flush(library.Z_FULL_FLUSH)]
    parts += [struct.pack("<BHH", not after.size, stored.size, stored.size ^ _STORED), stored]
    if after.size:
        parts += [stream.compress(after), stream.flush()]
    return b"".join([*parts, struct.pack("<II", library.crc32(row), row.size)])


@functools.cache
def _library() -> tuple[Any, int]:
    """Return what compresses, and its level: isal, or zlib where that is not installed."""
    try:
        from isal import isal_zlib  # lazy: only needed for compressed pixels
    except ImportError:
        import zlib

        return zlib, _ZLIB_LEVEL
    return isal_zlib, _ISAL_LEVEL
