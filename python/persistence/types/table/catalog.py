"""Catalogs: astropy's tables, with what afw's have beside.

Aliases, angles, and objects that belong to rows.

All that a catalog knows beside its columns is plain data in ``meta``, which astropy carries through
slices, copies, sorting, pickling and stacking: ``meta["aliases"]`` (other name -> field),
``meta["archives"]`` (file -> where in it the objects lie that rows refer to),
``meta["footprints"]`` (which columns hold footprints, in files of version 0).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, overload

import numpy as np
from astropy.table import QTable, Row, Table

from persistence.errors import FormatterError, did_you_mean
from persistence.types.archives.read import open_archive
from persistence.types.table import aliases
from persistence.types.table.footprint import Footprint, from_cells

# What ``meta`` has that is no card of the file.
OWN = ("aliases", "archives", "footprints")
# Files whose archives are kept in memory; a catalog and its slices share one.
_KEPT = 4


class Record(Row):  # type: ignore[misc]  # astropy has no types
    """A row of a catalog; fields answer to their aliases."""

    def __getitem__(self, item: Any) -> Any:
        return super().__getitem__(self._table.resolve(item))

    def get(self, key: Any, default: Any = None) -> Any:
        """Give the value of a field, by its name or an alias; ``default`` if there is none."""
        return super().get(self._table.resolve(key), default)

    def getFootprint(self) -> Footprint | None:
        """Give the row's footprint, as `Catalog.footprints` does."""
        found: Footprint | None = self._table.footprints[self.index]
        return found


class Catalog(QTable):  # type: ignore[misc]  # astropy has no types
    """A table as afw has them.

    `~astropy.table.QTable` with angles as quantities and names that have aliases.

    Angles, which in afw are a type of their own, are `~astropy.units.Quantity`; other numbers with
    units are columns with units, so that integers stay integers, and flux ratios and magnitudes are
    computed as scripts do it. Flags are boolean columns. What a field is for is its
    ``info.description``.
    """

    Row: ClassVar[type] = Record

    def _convert_col_for_table(self, col: Any) -> Any:
        """Leave columns with units as they are, as `~astropy.table.Table` does.

        Quantities stay quantities.
        """
        return Table._convert_col_for_table(self, col)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, str):
            name = self.resolve(item)
            if name not in self.columns:
                raise KeyError(
                    f"no column {item!r}{did_you_mean(item, [*self.colnames, *self.aliases])}"
                )
            return super().__getitem__(name)
        if isinstance(item, list | tuple) and item and all(isinstance(name, str) for name in item):
            return super().__getitem__([self.resolve(name) for name in item])
        return super().__getitem__(item)

    def __setitem__(self, item: Any, value: Any) -> None:
        super().__setitem__(self.resolve(item), value)

    get = __getitem__

    @property
    def aliases(self) -> Mapping[str, str]:
        """Other names of fields, or of beginnings of their names.

        ``slot_Centroid`` -> ``base_SdssCentroid``.
        """
        found: Mapping[str, str] = self.meta.get("aliases", {})
        return found

    def resolve(self, name: Any) -> Any:
        """Give the column that a name stands for; what stands for none is given back."""
        if not isinstance(name, str) or name in self.columns:
            return name
        found = aliases.resolve(name, self.aliases)
        return found if found in self.columns else name

    def objects(self, name: str) -> Objects:
        """Return the objects whose archive numbers a column holds, such as ``wcs`` of exposures.

        The file that the catalog was read from is opened when the first object is asked for. A
        column may also hold the objects themselves.

        Parameters
        ----------
        name : `str`
            The column.

        Raises
        ------
        FormatterError
            If there is no such column, or it is not one of integers.
        """
        name = self.resolve(name)
        if name in self.columns and self[name].dtype.kind == "O":
            return Objects(range(len(self)), self[name].__getitem__)
        if name not in self.columns or self[name].dtype.kind not in "iu" or self[name].ndim != 1:
            raise FormatterError(
                f"the catalog has no column {name!r} of archive "
                f"numbers{did_you_mean(name, self.colnames)}"
            )
        return Objects(
            np.asarray(self[name]), functools.partial(_load, self.meta.get("archives", {}))
        )

    @property
    def footprints(self) -> Objects:
        """The `~persistence.types.table.footprint.Footprint` of each row, or None.

        Each is read when it is asked for.

        Raises
        ------
        FormatterError
            If the catalog has no footprints.
        """
        columns = self.meta.get("footprints", {})
        if "spans" not in columns:
            return self.objects("footprint")
        cells = {kind: self[name] for kind, name in columns.items() if name in self.columns}
        return Objects(range(len(self)), functools.partial(_from_row, cells))

    def _ipython_key_completions_(self) -> list[str]:
        return [*self.colnames, *aliases.names(self.aliases, self.colnames)]

    def _repr_html_(self) -> str:
        from persistence.types.table import shown  # lazy: only notebooks need it

        return shown.html(self)

    def asAstropy(self) -> Table:
        """Give the catalog as a plain `~astropy.table.Table`, without copying its columns."""
        return Table(self, copy=False)


class Objects(Sequence[Any]):
    """Objects that belong to the rows of a catalog; each is made when it is asked for.

    Parameters
    ----------
    numbers : sequence of `int`
        What tells the objects, one for each row.
    make : callable
        Gives the object of a number.
    """

    def __init__(self, numbers: Any, make: Callable[[int], Any]) -> None:
        self._numbers = numbers
        self._make = make

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Any]:
        return (self._make(int(number)) for number in self._numbers)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Objects: ...
    def __getitem__(self, index: int | slice) -> Any:
        chosen = self._numbers[index]
        return Objects(chosen, self._make) if isinstance(index, slice) else self._make(int(chosen))


def archive_entry(path: str, hdu: int) -> dict[str, dict[str, int]]:
    """Return where the objects of a catalog lie, and the file's state: ``meta["archives"]``."""
    state = os.stat(path)
    return {os.path.abspath(path): {"hdu": hdu, "size": state.st_size, "time": state.st_mtime_ns}}


def archive_of(archives: Mapping[str, Mapping[str, int]]) -> tuple[str, int]:
    """Give the one file, and the HDU in it, in which the objects of a catalog lie.

    Raises
    ------
    FormatterError
        If there is none, if there are several, or if the file is not what it was when the catalog
        was read.
    """
    if len(archives) != 1:
        several = (
            f"its rows come from several files: {', '.join(archives)}"
            if archives
            else "it has no archive"
        )
        raise FormatterError(f"the objects of the catalog cannot be told: {several}")
    [(path, entry)] = archives.items()
    if archive_entry(path, entry["hdu"]) != {path: entry}:
        raise FormatterError(
            f"{path} has changed since the catalog was read: its objects may be others now"
        )
    return path, entry["hdu"]


def _load(archives: Mapping[str, Mapping[str, int]], number: int) -> Any:
    if not number:
        return None
    path, hdu = archive_of(archives)
    return _opened(path, hdu, archives[path]["time"]).load(number)


@functools.lru_cache(_KEPT)
def _opened(path: str, hdu: int, time: int) -> Any:
    return open_archive(path, hdu)


def _from_row(cells: Mapping[str, Any], row: int) -> Footprint | None:
    return from_cells({kind: np.asarray(column[row]) for kind, column in cells.items()})
