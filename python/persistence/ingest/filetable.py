"""Files with their data IDs: rows of a table, or file names parsed by a template.

A table has a column of paths, and one for each key of the data IDs.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.dataids.template import PathTemplate
from persistence.errors import DataIdError, FormatterError, TemplateError, did_you_mean, told
from persistence.files import links

# The possible names of the column of paths; otherwise it is the first one.
_PATHS = ("path", "file", "filename")


class Entry(NamedTuple):
    """A file to ingest.

    Attributes
    ----------
    path : `str`
        The file.
    data_id : mapping
        Its data ID, as far as known; values are texts where the table has texts.
    origin : `str`
        The source of the data ID, ``files.csv, row 3``; empty if it is the file's name.
    problem : `str`
        Why it cannot be ingested; empty if it can.
    """

    path: str
    data_id: Mapping[str, Any]
    origin: str = ""
    problem: str = ""


def read(path: str, prefix: str = "", ignored: Sequence[str] = ()) -> Iterator[Entry]:
    """Read a table of files.

    Parameters
    ----------
    path : `str`
        The table: ``.ecsv`` or ``.csv``.
    prefix : `str`
        The directory of relative paths. Default: the current directory.
    ignored : sequence of `str`
        Columns that are not keys.

    Yields
    ------
    entry : `Entry`
        A file.

    Raises
    ------
    FormatterError
        If it is not such a table, or has no rows.
    """
    reader = _READERS.get(os.path.splitext(path)[1].lower())
    if reader is None:
        raise FormatterError(
            f"{path} is not a table of files: {' or '.join(_READERS)} is; to ingest files by "
            "their names, pass a template (--match)"
        )
    try:
        columns, rows = reader(path)
    except OSError as error:
        raise FormatterError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:  # raised by the reader of ECSV
        raise FormatterError(f"{path} cannot be read as a table: {told(error)}") from error
    if not columns or not rows:
        raise FormatterError(f"{path} has no rows")
    named = [column for column in columns if column.lower() in _PATHS]
    if len(named) > 1:
        raise FormatterError(f"{path} has several columns of paths: {', '.join(named)}")
    (of_paths,) = named or columns[:1]
    for name in ignored:
        if name not in columns:
            raise FormatterError(
                f"{path} has no column {name!r}{did_you_mean(name, columns)} (it has "
                f"{', '.join(columns)})"
            )
    keys = [column for column in columns if column != of_paths and column not in ignored]
    for number, row in enumerate(rows, start=1):
        values = dict(zip(columns, row, strict=True))
        data_id = {key: values[key] for key in keys if values[key] not in (None, "")}
        yield _entry(str(values[of_paths] or ""), data_id, f"{path}, row {number}", prefix)


def _entry(path: str, data_id: Mapping[str, Any], origin: str, prefix: str) -> Entry:
    if not path:
        return Entry(origin, data_id, origin, "it names no file")
    full_path = os.path.join(prefix, path)
    if os.path.exists(full_path):
        return Entry(full_path, data_id, origin)
    problem = links.fault(full_path) or "no such file"
    beside = os.path.join(os.path.dirname(origin.rpartition(",")[0]), path)
    if not os.path.isabs(path) and os.path.exists(beside):
        problem += f"; there is {beside}: pass --prefix {os.path.dirname(origin) or os.curdir}"
    return Entry(full_path, data_id, origin, problem)


def matched(paths: Sequence[str], template: PathTemplate) -> Iterator[Entry]:
    """Yield files with the data IDs in their names.

    Parameters
    ----------
    paths : sequence of `str`
        The files.
    template : `PathTemplate`
        The template of the last components of the paths: ``%(visit)d/%(ccd)02d.fits`` matches
        ``/data/12/03.fits``.
    """
    depth = template.file_text.count("/") + 1
    for path in paths:
        tail = "/".join(os.path.abspath(path).split(os.sep)[-depth:])
        try:
            values = template.parse(tail)
        except (DataIdError, TemplateError) as error:
            yield Entry(path, {}, "", str(error))
            continue
        problem = "" if values is not None else f"{tail} does not match {template.text}"
        yield Entry(path, values or {}, "", problem)


def _csv(path: str) -> tuple[list[str], list[list[Any]]]:
    with open(path, encoding="utf-8-sig", newline="") as stream:
        lines = (line for line in stream if line.strip() and not line.startswith("#"))
        rows = [[text.strip() for text in row] for row in csv.reader(lines, skipinitialspace=True)]
    columns, *body = rows or [[]]
    for number, row in enumerate(body, start=1):
        if len(row) != len(columns):
            raise ValueError(f"row {number} has {len(row)} values, not {len(columns)}")
    return columns, [list(row) for row in body]


def _ecsv(path: str) -> tuple[list[str], list[list[Any]]]:
    from astropy.table import Table  # lazy: slow

    table = Table.read(path, format="ascii.ecsv")
    columns = [column.tolist() for column in table.columns.values()]
    return list(table.colnames), [list(row) for row in zip(*columns, strict=True)]


_READERS: Mapping[str, Callable[[str], tuple[list[str], list[list[Any]]]]] = {
    ".ecsv": _ecsv,
    ".csv": _csv,
}
