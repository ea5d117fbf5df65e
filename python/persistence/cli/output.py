"""How results are printed: rows as an aligned table, as JSON or as CSV."""

from __future__ import annotations

import csv
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from persistence.dataids import dataid

Row = Mapping[str, Any]

# Of so many rows a table that is printed as it comes takes its widths.
_SEEN = 1000
# What JSON has as it is; a float may be NaN.
_JSON = {int, str, bool, type(None)}


def write(rows: Sequence[Row], form: str, shown: Sequence[Row] | None = None) -> None:
    """Print rows.

    Parameters
    ----------
    rows : sequence of mapping
        Column and value; a column that a row lacks is empty there.
    form : `str`
        ``table``, ``json`` or ``csv``.
    shown : sequence of mapping, optional
        What a table shows in the rows' place.
    """
    FORMS[form](rows if shown is None or form != "table" else shown)


def lines(texts: Iterable[str]) -> None:
    """Print lines."""
    sys.stdout.writelines(f"{text}\n" for text in texts)


def stream(rows: Iterable[Sequence[Any]], form: str, columns: Sequence[str]) -> None:
    """Print rows of these columns as they come.

    A table is as wide as its first rows want it: longer values further down stick out.
    """
    if form == "csv":
        _write_csv(rows, columns)
    elif form == "table":
        _write_table(iter(rows), columns)
    else:
        _write_json(dict(zip(columns, row, strict=True)) for row in rows)


def plain(value: Any, finite: bool = True, other: Callable[[Any], Any] = str) -> Any:
    """Turn a value into what JSON and YAML know.

    Parameters
    ----------
    value : object
        The value.
    finite : `bool`
        JSON has no NaN and no infinity: they become null.
    other : callable
        What becomes of a value that they do not know; by default its text.
    """
    value = dataid.plain(value)
    if isinstance(value, float):
        return None if finite and not math.isfinite(value) else value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(value[key], finite, other) for key in value}
    if isinstance(value, set | frozenset):
        return sorted((plain(one, finite, other) for one in value), key=str)
    if isinstance(value, list | tuple) or hasattr(value, "tolist"):
        whole = value.tolist() if hasattr(value, "tolist") else value
        return [plain(one, finite, other) for one in whole]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__module__.startswith("astropy.io.fits."):
        # A card without a value; or all the cards that are called COMMENT.
        return None if type(value).__name__ == "Undefined" else str(value)
    return other(value)


def cell(value: Any) -> str:
    """Show a value on one line: text as it is, no value as nothing, what has parts as JSON."""
    if type(value) is int:  # most are, and there may be millions
        return str(value)
    value = plain(value, finite=False)
    if isinstance(value, str):
        # What would break the line, or speak to the terminal, is escaped.
        return value if value.isprintable() else repr(value)
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _columns(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))


def _table(rows: Sequence[Row]) -> None:
    lines(table(rows))


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of an aligned table, its header first; none of a table without columns."""
    columns = _columns(rows)
    if columns:
        yield from _table_lines(columns, [[row.get(column) for column in columns] for row in rows])


def _table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], more: Iterable[Sequence[Any]] = ()
) -> Iterator[str]:
    """Yield the lines of a table that is aligned by some rows, and has more behind them."""
    body = [list(map(cell, row)) for row in rows]
    widths = [max(map(len, texts)) for texts in zip(columns, *body, strict=True)]
    right = [
        all(type(value) in (int, float) for value in values)
        for values in (zip(*rows, strict=True) if rows else [()] * len(columns))
    ]
    for texts in itertools.chain([columns], body, (list(map(cell, row)) for row in more)):
        yield _aligned(texts, widths, right)


def _write_table(rows: Iterator[Sequence[Any]], columns: Sequence[str]) -> None:
    first = list(itertools.islice(rows, _SEEN))
    if first:
        lines(_table_lines(columns, first, rows))


def _aligned(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        text.rjust(width) if is_number else text.ljust(width)
        for text, width, is_number in zip(texts, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def _json(rows: Sequence[Row]) -> None:
    _write_json(rows)


def _write_json(rows: Iterable[Row]) -> None:
    # One object on each line: a list all the same, and easy on the eye.
    before = "["
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for row in rows:
        known = row if _JSON.issuperset(map(type, row.values())) else plain(row)
        sys.stdout.write(before + encode(known))
        before = ",\n "
    lines(["[]" if before == "[" else "]"])


def _csv(rows: Sequence[Row]) -> None:
    columns = _columns(rows)
    _write_csv(([row.get(column) for column in columns] for row in rows), columns)


def _write_csv(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if columns:
        writer.writerow(columns)
    writer.writerows([_field(value) for value in row] for row in rows)


def _field(value: Any) -> Any:
    """Give a value as the csv module takes it: text keeps its line ends, for it is quoted."""
    return value if isinstance(value, str) else cell(value)


FORMS = {"table": _table, "json": _json, "csv": _csv}
