"""The differences of two FITS files: cards by keyword, pixels, and tables by column.

HDUs whose data are the same bytes are not decoded: most files differ in nothing, or in a date.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from astropy.io import fits

from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.files.content import read
from persistence.files.fits_headers import Part
from persistence.keep.values import How, differences, of_arrays

# Cards that say how data are stored, which the data are compared for.
_LAYOUT = ("SIMPLE", "XTENSION", "END", "")


def compare(one: str, other: str, how: How) -> list[str]:
    """Return what differs between two files.

    Parameters
    ----------
    one, other : `str`
        The files; each may be compressed with gzip.
    how : `How`
        The tolerances, and the cards that are ignored.

    Raises
    ------
    FormatterError
        If one is not FITS, or cut off.
    """
    return list(_differences(_parts(one), _parts(other), how))


def _parts(path: str) -> Mapping[str, Part]:
    """Return the HDUs by name, or number where they have none, or share one."""
    whole = fits_headers.unpacked(path)
    parts = list(fits_headers.parts(read(path) if whole is None else whole, path))
    if not parts:
        raise FormatterError(f"{path} is not a FITS file")
    names = [
        (str(part.cards.get("EXTNAME", "")).strip(), part.cards.get("EXTVER", 1)) for part in parts
    ]
    return {
        f"HDU {number}" if not name[0] or names.count(name) > 1 else " ".join(map(str, name)): part
        for number, (name, part) in enumerate(zip(names, parts, strict=True))
    }


def _differences(one: Mapping[str, Part], other: Mapping[str, Part], how: How) -> Iterator[str]:
    for name in dict.fromkeys((*one, *other)):
        if name not in other:
            yield f"{name} is in the first only"
        elif name not in one:
            yield f"{name} is in the second only"
        else:
            yield from _of_hdus(one[name], other[name], how, name)


def _of_hdus(one: Part, other: Part, how: How, name: str) -> Iterator[str]:
    if one.header != other.header:
        yield from _of_headers(one, other, how, name)
    if one.data != other.data:
        first, second = _decoded(one), _decoded(other)
        if type(first) is not type(second):
            yield f"{name} is of another kind"
        elif isinstance(first, dict):
            for column in dict.fromkeys((*first, *second)):
                label = f"{name}, column {column}"
                if column not in first or column not in second:
                    where = "first" if column in first else "second"
                    yield f"{label}: is in the {where} only"
                else:
                    yield from of_arrays(first[column], second[column], how, label)
        elif first is not None:
            yield from of_arrays(first, second, how, name)


def _of_headers(one: Part, other: Part, how: How, name: str) -> Iterator[str]:
    first, second = _cards(one, how), _cards(other, how)
    yield from differences(first, second, how, f"{name}, card ")


def _cards(part: Part, how: How) -> dict[str, Any]:
    """Return the values of the cards; of repeated ones, all of them."""
    header = fits.Header.fromstring(bytes(part.header))
    known: dict[str, Any] = {}
    for keyword in dict.fromkeys(header.keys()):
        if keyword in _LAYOUT or how.ignores(keyword):
            continue
        values = [header[position] for position, key in enumerate(header) if key == keyword]
        known[keyword] = values[0] if len(values) == 1 else values
    return {key: str(value) if value is fits.card.UNDEFINED else value
            for key, value in known.items()}  # fmt: skip


def _decoded(part: Part) -> Any:
    """Return the pixels of an image, the columns of a table, or None without data."""
    primary = bytes(part.header) + bytes(part.data)
    if not primary.startswith(b"SIMPLE"):
        primary = _EMPTY + primary
    size = -len(primary) % 2880
    with fits.open(io.BytesIO(primary + bytes(size)), memmap=False) as hdus:
        hdu = hdus[-1]
        data = hdu.data
        if data is None:
            return None
        if data.dtype.names is None:
            return data
        return {name: data[name] for name in data.dtype.names}


def _minimal() -> bytes:
    stream = io.BytesIO()
    fits.PrimaryHDU().writeto(stream)
    return stream.getvalue()


_EMPTY = _minimal()
