"""How results are printed: rows as a table for people, or as JSON, CSV or Parquet."""

from __future__ import annotations

import csv
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.dataids import dataid
from persistence.errors import UsageError

Row = Mapping[str, Any]

# Number of first rows that determine the widths of a table that is printed as it comes.
_SEEN = 1000
# What JSON has as it is; a float may be NaN.
_JSON = {int, str, bool, type(None)}


def write(rows: Sequence[Row], form: str, shown: Sequence[Row] | None = None) -> None:
    """Print rows.

    Parameters
    ----------
    rows : sequence of mapping
        Column and value; missing columns are empty.
    form : `str`
        One of `FORMS`.
    shown : sequence of mapping, optional
        The rows of a table, instead.
    """
    FORMS[form].write(rows if shown is None or form != "table" else shown)


def lines(texts: Iterable[str]) -> None:
    """Print lines."""
    sys.stdout.writelines(f"{text}\n" for text in texts)


def count(number: int, noun: str) -> str:
    """Return a number of things: ``no faults``, ``1 fault``, ``2 faults``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def stream(rows: Iterable[Sequence[Any]], form: str, columns: Sequence[str]) -> None:
    """Print rows of these columns as they come.

    The first rows determine the widths of a table: longer values further down stick out.
    """
    FORMS[form].stream(rows, columns)


def plain(value: Any, finite: bool = True, other: Callable[[Any], Any] = str) -> Any:
    """Return a value as plain data for JSON and YAML.

    Parameters
    ----------
    value : object
        The value.
    finite : `bool`
        Whether NaN and infinity become null, as JSON has neither.
    other : callable
        Converts values of other types; by default to text.

    Returns
    -------
    value : object
        The converted value.
    """
    value = dataid.plain(value)
    if isinstance(value, float):
        return None if finite and not math.isfinite(value) else value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(value[key], finite, other) for key in value}
    if isinstance(value, set | frozenset):
        return sorted((plain(item, finite, other) for item in value), key=str)
    if isinstance(value, list | tuple) or hasattr(value, "tolist"):
        whole = value.tolist() if hasattr(value, "tolist") else value
        return [plain(item, finite, other) for item in whole]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__module__.startswith("astropy.io.fits."):
        # A card without a value; or all the cards named COMMENT.
        return None if type(value).__name__ == "Undefined" else str(value)
    return other(value)


def cell(value: Any) -> str:
    """Return a value as text on one line; None is empty, containers are JSON."""
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


def _by_columns(write_columns: Callable[[Iterable[Sequence[Any]], Sequence[str]], None]) -> Form:
    """Return a format that needs the columns before the first row."""

    def write_rows(rows: Sequence[Row]) -> None:
        columns = _columns(rows)
        write_columns(([row.get(column) for column in columns] for row in rows), columns)

    return Form(write_rows, write_columns)


def _by_rows(write_rows: Callable[[Iterable[Row]], None]) -> Form:
    """Return a format whose rows contain their column names."""

    def write_columns(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
        write_rows(dict(zip(columns, row, strict=True)) for row in rows)

    return Form(write_rows, write_columns)


# -- tables
# ---------------------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table, its header first; none of a table without columns.

    On a terminal it is fitted to that, as far as rich is installed.
    """
    columns = _columns(rows)
    return _lines_of([[row.get(column) for column in columns] for row in rows], columns)


def _write_table(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
    lines(_lines_of(rows, columns))


def _lines_of(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table that is aligned by its first rows, and has more behind them."""
    more = iter(rows)
    first = list(itertools.islice(more, _SEEN))
    if not columns or not first:
        return
    body = [list(map(cell, row)) for row in first]
    widths = [max(map(len, texts)) for texts in zip(columns, *body, strict=True)]
    right = [
        all(type(value) in (int, float) for value in values) for values in zip(*first, strict=True)
    ]
    texts = itertools.chain([columns], body, (list(map(cell, row)) for row in more))
    yield from _fitted(texts, widths, right) or (_aligned(row, widths, right) for row in texts)


def _fitted(
    texts: Iterable[Sequence[str]], widths: Sequence[int], right: Sequence[bool]
) -> Iterator[str] | None:
    """Return the lines for a terminal; None for other outputs, or without rich."""
    if not sys.stdout.isatty():
        return None
    from persistence.cli import terminal  # lazy: pipes do without

    return terminal.lines(texts, widths, right)


def _aligned(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        text.rjust(width) if is_number else text.ljust(width)
        for text, width, is_number in zip(texts, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


# -- formats for programs
# ---------------------------------------------------------------------------------------


def _encoded(rows: Iterable[Row]) -> Iterator[str]:
    """Yield each row as a JSON object on one line."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for row in rows:
        yield encode(row if _JSON.issuperset(map(type, row.values())) else plain(row))


def _write_json(rows: Iterable[Row]) -> None:
    # One object on each line: a list all the same, and easy on the eye.
    before = "["
    for text in _encoded(rows):
        sys.stdout.write(before + text)
        before = ",\n "
    lines(["[]" if before == "[" else "]"])


def _write_jsonl(rows: Iterable[Row]) -> None:
    lines(_encoded(rows))


def _write_csv(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if columns:
        writer.writerow(columns)
    writer.writerows([_field(value) for value in row] for row in rows)


def _field(value: Any) -> Any:
    """Return a value for the csv module: text keeps its line ends, as it is quoted."""
    return value if isinstance(value, str) else cell(value)


def _write_parquet(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
    """Write a Parquet file to standard output, as a whole: its columns need a type.

    Raises
    ------
    UsageError
        If standard output is a terminal.
    MissingExtra
        If pyarrow is not installed.
    """
    if sys.stdout.isatty():
        raise UsageError("--format parquet is not text for a terminal: write it to a file, > FILE")
    from persistence.types.table import parquet  # lazy: only this format needs pyarrow

    whole: list[list[Any]] = [[] for _ in columns]
    for row in rows:
        for values, value in zip(whole, row, strict=True):
            values.append(_atom(value))
    table = parquet.from_columns(dict(zip(columns, whole, strict=True)))
    sys.stdout.flush()
    table.write(sys.stdout.buffer)


def _atom(value: Any) -> Any:
    """Return a value for Parquet: a number, a text or null; containers as JSON."""
    value = plain(value, finite=False)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


class Form(NamedTuple):
    """How rows are printed.

    Attributes
    ----------
    write : callable
        Prints rows, which are mappings.
    stream : callable
        Prints rows, which are sequences of values, as they come, with the names of their columns.
    """

    write: Callable[[Sequence[Row]], None]
    stream: Callable[[Iterable[Sequence[Any]], Sequence[str]], None]


# The values of --format.
FORMS: Mapping[str, Form] = {
    "table": _by_columns(_write_table),
    "json": _by_rows(_write_json),
    "jsonl": _by_rows(_write_jsonl),
    "csv": _by_columns(_write_csv),
    "parquet": _by_columns(_write_parquet),
}
# Those whose values may be lists and mappings.
NESTED = ("json", "jsonl")
