"""Whether a file is there and whole, by what its format says of its end.

Nothing is decoded and no value is checked, so that thousands of outputs can be asked in seconds. A
FITS file that was cut between two of its HDUs, and YAML that was cut between two lines, are whole
as far as their formats tell.
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
    """Return what is wrong with a file, as the end of a sentence; empty if it is whole.

    Parameters
    ----------
    path : `str`
        The file: FITS, gzip, pickle, Parquet, PNG and YAML are known by their first bytes or by
        their names. Others are whole if they are not empty.

    Returns
    -------
    fault : `str`
        Such as ``is missing``, ``is empty``, ``is truncated``, or which missing file it links to.
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
    """Walk over the headers, and compare the sizes that they state with that of the file."""
    try:
        for _cards in fits_headers.scan(path):
            pass
    except FormatterError as error:
        return str(error).removeprefix(path).lstrip(": ")
    return _TRUNCATED if size % _BLOCK else ""


def _gzip(path: str, size: int) -> str:
    """Unpack it: only its checksum tells, which stands at the end."""
    try:
        with gzip.open(path) as stream:
            while stream.read(_PIECE):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return f"is damaged: {error}"
    return ""


def _pickle(path: str, size: int) -> str:
    """Go from opcode to opcode until the last one, creating nothing."""
    import pickletools  # lazy: slow to import, and few outputs are pickles

    try:
        with open(path, "rb") as stream:
            for _opcode in pickletools.genops(stream):
                pass
    except (ValueError, MemoryError, OverflowError):
        return _TRUNCATED
    return ""


def _ends(ending: bytes) -> Callable[[str, int], str]:
    """Return a check for formats whose files end with the same bytes."""

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
