"""Check that the tiles of compressed images, and cells of tables, lie where the file says.

It also reads images compressed by gzip alone, because astropy decompresses each tile twice.

astropy does not check: if a descriptor points outside the heap, it reads zeros or the next HDU; if
a PLIO line list is cut, it reads no runs of pixels, so that a mask becomes good. Source of the
format: FITS Standard 4.0, section 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.files import gzip_tiles
from persistence.files.bintable import Stream, Table
from persistence.files.bintable_columns import Column
from persistence.files.fits_headers import Cards

_COLUMNS = ("COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA")
# The length of a line list is its third word, or the fourth and fifth if that is not positive.
# Source: IRAF's plio, as CFITSIO's pl_l2pi reads it.
_SHORT, _LONG = 3, 5
_GZIP = ("GZIP_1", "GZIP_2")
# Cards by which pixels differ from their stored values.
_SCALES = frozenset({"BSCALE", "BZERO", "BLANK", "ZSCALE", "ZZERO", "ZBLANK", "ZMASKCMP"})
_BITPIX = {8: "u1", 16: "i2", 32: "i4", 64: "i8", -32: "f4", -64: "f8"}


def check(hdu: Any) -> None:
    """Check that the tiles of a compressed image are in the heap, and its PLIO line lists complete.

    Parameters
    ----------
    hdu : `astropy.io.fits.CompImageHDU`
        An HDU of an open file; one in memory is not checked.

    Raises
    ------
    ValueError
        If a tile is not where the file says, or a PLIO line list is cut. As with astropy's own
        errors, `persistence.formatters.fits_open.opened` adds the file's name.
    """
    try:
        for table, source, column in _pointers(hdu):
            if column.name in _COLUMNS:
                tiles = table.descriptors(source, column.number)
                if hdu.compression_type == "PLIO_1" and column.name == _COLUMNS[0]:
                    _check_lines(np.frombuffer(table.heap_of(source), np.uint8), tiles)
    except FormatterError as error:
        raise ValueError(str(error)) from error


def gunzipped(hdu: Any) -> NDArray[Any] | None:
    """Read a compressed image of an open file whose pixels only need decompression.

    Parameters
    ----------
    hdu : `astropy.io.fits.CompImageHDU`
        An HDU that `check` has accepted.

    Returns
    -------
    pixels : array or None
        In native byte order. None if another algorithm compressed a tile, or pixels
        are quantised, scaled, or may be undefined.

    Raises
    ------
    FormatterError
        If a tile is damaged.
    """
    opened = _opened(hdu)
    if opened is None:
        return None
    cards, source = opened
    algorithm = cards.get("ZCMPTYPE")
    if algorithm not in _GZIP or cards["TFIELDS"] != 1 or not _SCALES.isdisjoint(cards):
        return None
    table = Table.parse(cards)
    descriptors = table.descriptors(source, 1)
    if not len(descriptors) or not descriptors[:, 0].all():
        return None
    heap = table.heap_of(source)
    axes = range(cards["ZNAXIS"], 0, -1)
    return gzip_tiles.expand(
        [heap[start : start + length] for length, start in descriptors.tolist()],
        [cards[f"ZNAXIS{axis}"] for axis in axes],
        [cards[f"ZTILE{axis}"] for axis in axes],
        _BITPIX[cards["ZBITPIX"]],
        shuffled=algorithm == "GZIP_2",
    )


def check_cells(hdu: Any) -> None:
    """Check that the cells of a table in an open file are in the heap.

    Raises
    ------
    FormatterError
        If there is one.
    """
    for table, source, column in _pointers(hdu):
        table.descriptors(source, column.number)


def _pointers(hdu: Any) -> Iterator[tuple[Table, Stream, Column]]:
    """Yield those columns of a table in an open file whose cells lie in the heap."""
    opened = _opened(hdu)
    if opened is not None:
        cards, source = opened
        table = Table.parse(cards)
        pointers = [column for column in table.columns.values() if column.form.pointer]
        yield from ((table, source, column) for column in pointers)


def _opened(hdu: Any) -> tuple[Cards, Stream] | None:
    """Return the header of a table in an open file, and its data; None if there is no file."""
    info = hdu.fileinfo()
    if info is None or info["file"] is None:
        return None
    stream = info["file"]
    stream.seek(info["hdrLoc"])
    cards = Cards(stream.read(info["datLoc"] - info["hdrLoc"]).decode("latin-1"))
    return cards, Stream(stream, info["datLoc"])


def _check_lines(heap: NDArray[np.uint8], tiles: NDArray[np.int64]) -> None:
    """Check that no line list is longer than its stored words."""
    stored, starts = tiles[tiles[:, 0] > 0].T
    if not len(stored):
        return
    short = np.where(stored < _SHORT, 0, _word(heap, starts, 2))
    is_long = (stored >= _LONG) & (short <= 0)
    long = np.where(is_long, (_word(heap, starts, 4) << 15) + _word(heap, starts, 3), 0)
    length = np.where(is_long, long, short)
    wrong = (length <= 0) | (length > stored)
    if wrong.any():
        tile = int(np.argmax(wrong))
        raise FormatterError(
            f"a PLIO line list is cut: it has {stored[tile]} of {length[tile]} words"
        )


def _word(heap: NDArray[np.uint8], starts: NDArray[np.int64], index: int) -> NDArray[np.int64]:
    """Return the word at an index of each line list; beyond the heap's end it is arbitrary."""
    first = np.minimum(starts + 2 * index, len(heap) - 2)
    unsigned = (heap[first].astype(np.int64) << 8) | heap[first + 1]
    return np.asarray(unsigned - ((unsigned & 0x8000) << 1))
