"""Completeness of files, as far as the end of their formats shows it.

Nothing is decoded and no value is checked, so that thousands of outputs can be checked in seconds.
A FITS file that was cut between two HDUs, and YAML that was cut between two lines, cannot be
recognized.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Mapping

from persistence.errors import FormatterError
from persistence.files import fits_headers, links

_BLOCK = 2880  # bytes: a FITS file is a multiple of it. Source: FITS Standard 4.0, section 3.1
_PIECE = 1 << 20
_TRUNCATED = "is truncated"


def fault(path: str) -> str:
    """Return what is wrong with a file, as the end of a sentence; empty if it is complete.

    Parameters
    ----------
    path : `str`
        The file: FITS, gzip, pickle, Parquet, PNG and YAML are recognized by their first bytes or
        names. Other files are complete if they are not empty.

    Returns
    -------
    fault : `str`
        Such as ``is missing``, ``is empty``, ``is truncated``, or the missing target of a link.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(len(_FITS))
        size = os.path.getsize(path)
    except FileNotFoundError:
        return links.fault(path).removeprefix(f"{path} ") or "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not size:
        return "is empty"
    for start, check in _BY_START.items():
        if head.startswith(start):
            return check(path, size)
    return _BY_NAME.get(os.path.splitext(path)[1], _nothing)(path, size)


def _nothing(path: str, size: int) -> str:
    return ""


def _fits(path: str, size: int) -> str:
    """Compare the file's size with the sizes that its headers state."""
    try:
        for _cards in fits_headers.scan(path):
            pass
    except FormatterError as error:
        return str(error).removeprefix(path).lstrip(": ")
    return _TRUNCATED if size % _BLOCK else ""


def _gzip(path: str, size: int) -> str:
    """Check the checksum at the end by unpacking everything."""
    try:
        with gzip.open(path) as stream:
            while stream.read(_PIECE):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return f"is damaged: {error}"
    return ""


def _pickle(path: str, size: int) -> str:
    """Walk over the opcodes up to the last one, without creating objects."""
    import pickletools  # lazy: slow to import, and few outputs are pickles

    try:
        with open(path, "rb") as stream:
            for _opcode in pickletools.genops(stream):
                pass
    except (ValueError, MemoryError, OverflowError):
        return _TRUNCATED
    return ""


def _ends(ending: bytes) -> Callable[[str, int], str]:
    """Return a check for formats whose files end with constant bytes."""

    def check(path: str, size: int) -> str:
        with open(path, "rb") as stream:
            stream.seek(max(0, size - len(ending)))
            return "" if stream.read() == ending else _TRUNCATED

    return check


_FITS = b"SIMPLE  ="
_BY_START: Mapping[bytes, Callable[[str, int], str]] = {
    _FITS: _fits,
    fits_headers.GZIP: _gzip,
    b"\x80": _pickle,  # of protocol 2 or later
    b"PAR1": _ends(b"PAR1"),
    b"\x89PNG": _ends(b"IEND\xaeB`\x82"),
}
# A FITS file that does not begin as one, such as zeros after a crash, is damaged too.
_BY_NAME: Mapping[str, Callable[[str, int], str]] = {
    **dict.fromkeys((".fits", ".fit", ".fz"), _fits),
    **dict.fromkeys((".pickle", ".pkl"), _pickle),
    **dict.fromkeys((".yaml", ".yml", ".ecsv"), _ends(b"\n")),
    ".gz": _gzip,
    ".parq": _ends(b"PAR1"),
    ".parquet": _ends(b"PAR1"),
    ".png": _ends(b"IEND\xaeB`\x82"),
}
