"""Archives read from bytes: of an exposure, a catalog, or a whole file.

Source of the layout: doc/gen2/afw-files.md 2.1.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.files.fits_headers import Part
from persistence.types.archives.archive import Archive, Table
from persistence.types.archives.tables import columns


def open_archive(path: str, hdu: int | None = None) -> Archive:
    """Return the archive of a file; its objects are created on access.

    Parameters
    ----------
    path : `str`
        A FITS file, perhaps compressed with gzip.
    hdu : `int` or `None`, optional
        The HDU of the index, counted from 0; by default the one in the primary header, or else the
        first extension.

    Returns
    -------
    `Archive`
        The archive.

    Raises
    ------
    FormatterError
        If the file is not FITS, is truncated, or has no archive there.
    """
    if hdu is None:
        primary = next(fits_headers.scan(path))
        hdu = int(primary.get("AR_HDU", 0) or 2) - 1  # it counts from 1
    return parse(fits_headers.content(path, hdu), path)


class Stored:
    """The bytes of an archive; a call returns the archive.

    Parameters
    ----------
    content : `bytes`
        The end of a file, beginning with the archive's index.
    what : `str`
        The file, for messages.
    """

    def __init__(self, content: bytes, what: str) -> None:
        self.content, self.what = content, what

    def __call__(self) -> Archive:
        return parse(self.content, self.what)


@dataclass(frozen=True)
class InFile:
    """The archive of a file; a call reads and returns it."""

    path: str

    def __call__(self) -> Archive:
        return open_archive(self.path)


def parse(content: bytes, what: str) -> Archive:
    """Return the archive whose index is the first HDU in some bytes."""
    parts = fits_headers.parts(content, what)
    index = next(parts, None)
    if index is None or index.cards.get("EXTTYPE") != "ARCHIVE_INDEX":
        found = (
            "nothing" if index is None else index.cards.get("EXTTYPE", index.cards.get("XTENSION"))
        )
        raise FormatterError(f"{what} has no archive where its index should be: found {found}")
    tables = functools.cache(
        lambda: [part for part in parts if part.cards.get("EXTTYPE") == "ARCHIVE_DATA"]
    )
    return Archive(columns(index), lambda number: _table(tables(), number), what)


def _table(tables: list[Part], number: int) -> Table:
    found: Mapping[int, Part] = {
        part.cards.get("AR_CATN", place): part for place, part in enumerate(tables, 1)
    }
    if number not in found:
        raise FormatterError(f"table {number} is missing; the last is {max(found, default=0)}")
    return columns(found[number])
