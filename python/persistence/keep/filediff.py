"""The differences of two files: by their bytes, and else by what they hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError, PersistenceError
from persistence.files import content, sqlite, yaml_nodes
from persistence.keep.values import How, differences

_CHUNK = 1 << 20
_FITS, _GZIP = b"SIMPLE  =", b"\x1f\x8b"


def file_differences(one: str, other: str, how: How) -> list[str]:
    """Return what differs between the data in two files; links are followed.

    Parameters
    ----------
    one, other : `str`
        The files.
    how : `How`
        The tolerances, and what is ignored.
    """
    try:
        if os.path.samefile(one, other) or _are_equal(one, other):
            return []
        compare = _comparer(one, other)
        return compare(one, other, how)
    except OSError as error:
        return [f"{error.filename} cannot be read: {error.strerror}"]
    except PersistenceError as error:
        return [f"they cannot be compared: {error}"]


def _are_equal(one: str, other: str) -> bool:
    """Return whether two files have the same bytes."""
    if os.path.getsize(one) != os.path.getsize(other):
        return False
    with open(one, "rb", buffering=0) as first, open(other, "rb", buffering=0) as second:
        while True:
            block = first.read(_CHUNK)
            if block != second.read(_CHUNK):
                return False
            if not block:
                return True


def _comparer(one: str, other: str) -> Callable[[str, str, How], list[str]]:
    """Return what compares the content of two files, by their beginnings and endings."""
    heads = [_head(path) for path in (one, other)]
    if all(head == _FITS or head.startswith(_GZIP) for head in heads) and _are_fits(one, other):
        from persistence.keep import fitsdiff  # lazy: imports astropy

        return fitsdiff.compare
    endings = {os.path.splitext(path)[1] for path in (one, other)}
    return _COMPARERS.get(endings.pop(), _bytes) if len(endings) == 1 else _bytes


def _are_fits(*paths: str) -> bool:
    """Return whether files that are FITS, or compressed, are all FITS inside."""
    from persistence.files import fits_headers

    for path in paths:
        try:
            next(fits_headers.scan(path))
        except FormatterError:
            return False
    return True


def _head(path: str) -> bytes:
    with open(path, "rb", buffering=0) as stream:
        return stream.read(len(_FITS))


def _bytes(one: str, other: str, how: How) -> list[str]:
    sizes = os.path.getsize(one), os.path.getsize(other)
    if sizes[0] != sizes[1]:
        return [f"they have {sizes[0]} and {sizes[1]} bytes"]
    first, second = content.read(one), content.read(other)
    place = next(number for number, pair in enumerate(zip(first, second, strict=True))
                 if pair[0] != pair[1])  # fmt: skip
    return [f"they differ from byte {place} on"]


def _by_value(module: str) -> Callable[[str, str, How], list[str]]:
    """Return what compares what a formatter reads; it trusts no class that a file names."""

    def compare(one: str, other: str, how: How) -> list[str]:
        import importlib

        read = importlib.import_module(f"persistence.formatters.{module}").read
        values = []
        for path in (one, other):
            folder, name = os.path.split(path)
            try:
                values.append(read(Location(folder, name, None, "", None, "file", {})))
            except FormatterError:  # a class that is not known: as bytes
                return _bytes(one, other, how)
        return list(differences(values[0], values[1], how))

    return compare


def _yaml(one: str, other: str, how: How) -> list[str]:
    """Compare YAML, whatever its tags: they are part of the values, and make no objects."""
    values = [_of_node(yaml_nodes.compose(path)) for path in (one, other)]
    return list(differences(values[0], values[1], how))


def _of_node(node: Any) -> Any:
    if node is None:
        return None
    if isinstance(node.value, str):
        try:
            return yaml_nodes.plain(node)
        except PersistenceError:  # a tag of somebody's own
            return [node.tag, node.value]
    if yaml_nodes.is_mapping(node):
        return {str(_of_node(key)): _of_node(value) for key, value in node.value}
    items = [_of_node(item) for item in node.value]
    # A list of entries with names, as property lists are written: they are compared by name.
    names = [item[0] if isinstance(item, list) and len(item) > 1 else None for item in items]
    if len(set(names)) == len(names) and all(isinstance(name, str) for name in names):
        return {item[0]: item[1:] for item in items}
    return items


def _parquet(one: str, other: str, how: How) -> list[str]:
    from persistence.types.table.parquet import ParquetTable

    tables = [ParquetTable(path).to_arrow() for path in (one, other)]
    columns = [
        {name: table.column(name).to_numpy() for name in table.column_names} for table in tables
    ]
    return list(differences(columns[0], columns[1], how))


def _sqlite(one: str, other: str, how: How) -> list[str]:
    """Compare the rows of two files of SQLite, whatever their numbers."""
    tables = [sqlite.rows(path) for path in (one, other)]
    found = []
    for name in dict.fromkeys((*tables[0], *tables[1])):
        first, second = tables[0].get(name), tables[1].get(name)
        if first is None or second is None:
            where = "second" if first is None else "first"
            found.append(f"table {name} is in the {where} only")
        elif first != second:
            counts = sum((first - second).values()), sum((second - first).values())
            found.append(
                f"table {name}: {counts[0]} rows are in the first only, {counts[1]} in the second"
            )
    return found


# Ending -> what compares two files.
_COMPARERS: Mapping[str, Callable[[str, str, How], list[str]]] = {
    ".yaml": _yaml,
    ".pickle": _by_value("pickle"),
    ".py": _by_value("config"),
    ".parq": _parquet,
    ".parquet": _parquet,
    ".sqlite3": _sqlite,
}
