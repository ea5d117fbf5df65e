"""Archives of real files, read by astropy alone: what the factories of stored objects are given."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence.types.archives.archive import FACTORIES


def made(name: str, tables: Any, load: Any) -> Any:
    module, _, function = FACTORIES[name].rpartition(".")
    return getattr(importlib.import_module(module), function)(tables, load)


class Stored:
    """Objects of an archive, by number; of a file, or given as class names and tables."""

    def __init__(self, objects: Mapping[int, tuple[str, list[Any]]]) -> None:
        self.objects = objects

    def __call__(self, number: int) -> Any:
        return made(self.objects[number][0], self.objects[number][1], self) if number else None

    def only(self, name: str) -> Any:
        """Return the first object of a class."""
        return self(next(number for number, (kind, _) in self.objects.items() if kind == name))


def cells(column: Any, one: slice) -> Any:
    rows = [column[row] for row in range(one.start, one.stop)]
    # Strings of varying length come as arrays of characters.
    joined = [
        "".join(row) if isinstance(row, np.ndarray) and row.dtype.kind == "U" else row
        for row in rows
    ]
    return [row.strip() if isinstance(row, str) else row for row in joined]


@pytest.fixture
def archive() -> Callable[..., Stored]:
    """Return a function that makes an archive of class names and tables, by number."""
    return Stored


@pytest.fixture
def archive_of(real: Any) -> Callable[..., Stored]:
    """Return a function that reads the archive of a real file; ``index`` is its HDU."""

    def read(name: str, index: int) -> Stored:
        found: dict[int, tuple[str, list[Any]]] = {}
        with fits.open(real / name) as hdus:
            for row in sorted(hdus[index].data, key=lambda row: row["cat.persistable"]):
                part = slice(int(row["row0"]), int(row["row0"] + row["nrows"]))
                data = hdus[index + int(row["cat.archive"])].data
                table = {column: cells(data[column], part) for column in data.columns.names}
                found.setdefault(int(row["id"]), (row["name"].strip(), []))[1].append(table)
        return Stored(found)

    return read
