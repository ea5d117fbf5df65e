"""Read many summaries at once.

A thousand files of one row each take a third of a second: those with one layout are decoded
together, and identical headers are parsed once. HDUs after the table, such as WCSs, are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.files.bintable import Table

_BLOCK = 2880
# The longest header of a summary that is read at once.
_CHUNK = 24 * _BLOCK


class _Layout(NamedTuple):
    """The layout of a table in its header, and the position of its rows in the file."""

    header: bytes
    table: Table
    flags: Sequence[str]
    start: int


def columns(paths: Sequence[str]) -> tuple[dict[str, Any], list[int]]:
    """Return the columns of the tables in some files, and the number of rows of each file.

    Numbers that a file lacks are NaN, texts empty.

    Parameters
    ----------
    paths : sequence of `str`
        Files whose first extension is a table.

    Raises
    ------
    FormatterError, OSError
        If one of them cannot be read.
    """
    layout: _Layout | None = None
    lengths: list[int] = []
    parts: dict[bytes, tuple[_Layout, list[bytes], list[int]]] = {}
    for path in paths:
        layout, rows = _read(path, layout)
        first = sum(lengths)
        lengths.append(layout.table.length)
        key = _key(layout)
        _layout, contents, places = parts.setdefault(key, (layout, [], []))
        contents.append(rows)
        places += range(first, first + layout.table.length)
    return _joined(parts.values(), sum(lengths)), lengths


def _key(layout: _Layout) -> bytes:
    """Return the part of a layout that does not depend on the number of rows."""
    return layout.header.replace(b"NAXIS2  = %20d" % layout.table.length, b"")


def _read(path: str, last: _Layout | None) -> tuple[_Layout, bytes]:
    """Return the layout of a file's table, and its rows; of many files, it is the last one's."""
    with open(path, "rb", buffering=0) as stream:
        content = stream.read(_CHUNK)
        if last is None or not content.startswith(last.header, _BLOCK):
            last = _layout(path, content)
        size = last.table.width * last.table.length
        rows = content[last.start : last.start + size]
        if len(rows) < size:
            stream.seek(last.start)
            rows = stream.read(size)
    if len(rows) < size:
        raise FormatterError(f"{path} is truncated: {size - len(rows)} bytes are missing")
    return last, rows


def _layout(path: str, content: bytes) -> _Layout:
    hdus = fits_headers.walk(path)
    _primary, span = next(hdus)
    try:
        cards, _span = next(hdus)
    except StopIteration:
        raise FormatterError(f"{path} has no table: it is not a summary") from None
    if cards.get("XTENSION") != "BINTABLE":
        raise FormatterError(f"{path} has no table: it is not a summary")
    end = content.find(b"END" + 77 * b" ", span.stop) + 80
    start = span.stop + -(-(end - span.stop) // _BLOCK) * _BLOCK
    bits = int(cards.get("FLAGCOL", 0)) and sum(1 for key in cards if key.startswith("TFLAG"))
    names = [str(cards[f"TFLAG{number}"]) for number in range(1, bits + 1)]
    return _Layout(content[span.stop : start], Table.parse(cards), names, start)


def _joined(
    parts: Iterable[tuple[_Layout, Sequence[bytes], Sequence[int]]], length: int
) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for layout, contents, places in parts:
        whole = replace(layout.table, length=len(places))
        plain = [number for number, column in whole.columns.items() if not column.form.pointer]
        decoded = whole.read(b"".join(contents), plain)
        for name, values in _named(layout, decoded):
            if len(places) == length:
                joined[name] = values
                continue
            there = joined.get(name)
            if there is None or there.dtype < values.dtype:
                there = _wider(there, values, length)
            there[places] = values
            joined[name] = there
    return joined


def _named(layout: _Layout, decoded: Mapping[int, Any]) -> Iterable[tuple[str, Any]]:
    for number, values in decoded.items():
        name = layout.table.columns[number].name
        if values.ndim == 2 and values.dtype == bool and name == "flags":
            yield from zip(layout.flags, values, strict=False)
        else:
            yield name, values


def _wider(there: Any, values: Any, length: int) -> Any:
    """Return an array wide enough for present and new values of a column."""
    kind = values.dtype if there is None else np.promote_types(there.dtype, values.dtype)
    fill: Any = {"U": "", "S": "", "b": False, "i": -1, "u": 0}.get(kind.kind, np.nan)
    made = np.full((length, *values.shape[1:]), fill, kind)
    if there is not None:
        made[:] = there
    return made
