"""Catalogs: astropy's tables with afw's additions: aliases, angles, and objects of rows.

The additional information is plain data in ``meta``, which astropy keeps in slices, copies,
sorting, pickling and stacking: ``meta["aliases"]`` (other name -> field), ``meta["archives"]``
(file -> position of the objects that rows refer to), ``meta["footprints"]`` (the columns with
footprints, in files of version 0).
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

# Keys of ``meta`` that are not cards of the file.
OWN = ("aliases", "archives", "footprints")
# The number of cached archives; a catalog and its slices share one.
_KEPT = 4


class Record(Row):  # type: ignore[misc]  # astropy has no types
    """A row of a catalog, whose fields can also be accessed by aliases."""

    def __getitem__(self, item: Any) -> Any:
        return super().__getitem__(self._table.resolve(item))

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of a field, by its name or an alias.

        ``default`` without such a field.
        """
        return super().get(self._table.resolve(key), default)

    def getFootprint(self) -> Footprint | None:
        """Return the row's footprint; see `Catalog.footprints`."""
        footprint: Footprint | None = self._table.footprints[self.index]
        return footprint


class Catalog(QTable):  # type: ignore[misc]  # astropy has no types
    """A table of sources, as afw's: with angles as quantities, and aliases of columns.

    Angles are `~astropy.units.Quantity`; other numbers with units are columns with units, so that
    integers stay integers, and scripts compute flux ratios and magnitudes as usual. Flags are
    boolean columns. The description of a field is its ``info.description``. Gen2's class is
    ``lsst.afw.table.SourceCatalog`` (doc/gen2/afw-files.md 3).

    Examples
    --------
    >>> from persistence.types.table.catalog import Catalog
    >>> catalog = Catalog({"id": [1, 2], "base_PsfFlux_instFlux": [10.0, 20.0]})
    >>> catalog.meta["aliases"] = {"slot_PsfFlux": "base_PsfFlux"}
    >>> float(catalog["slot_PsfFlux_instFlux"][1])
    20.0
    """

    Row: ClassVar[type] = Record

    def _convert_col_for_table(self, col: Any) -> Any:
        """Return columns with units unchanged, as `~astropy.table.Table` does.

        Quantities are kept.
        """
        return Table._convert_col_for_table(self, col)

    def __getitem__(self, item: Any) -> Any:
        """Return a column by its name or an alias; otherwise as `~astropy.table.QTable` does.

        Parameters
        ----------
        item : `str`, `int`, `slice`, array or sequence of `str`
            A column, a row, or several of them.

        Returns
        -------
        object
            The column, a `Record`, or a `Catalog`.

        Raises
        ------
        KeyError
            If there is no such column.
        """
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
        """Other names of fields, or of their beginnings.

        For example ``slot_Centroid`` -> ``base_SdssCentroid``.
        """
        found: Mapping[str, str] = self.meta.get("aliases", {})
        return found

    def resolve(self, name: Any) -> Any:
        """Return the column that a name means.

        Parameters
        ----------
        name : object
            A column, or an alias; other values are returned unchanged.

        Returns
        -------
        `str`
            The name of the column.
        """
        if not isinstance(name, str) or name in self.columns:
            return name
        found = aliases.resolve(name, self.aliases)
        return found if found in self.columns else name

    def objects(self, name: str) -> Objects:
        """Return the objects whose archive numbers a column contains, such as ``wcs`` of exposures.

        The file of the catalog is opened on the first access to an object. A column may also
        contain the objects themselves.

        Parameters
        ----------
        name : `str`
            The column.

        Returns
        -------
        `Objects`
            A sequence with one object per row.

        Raises
        ------
        FormatterError
            If there is no such column, or it does not contain integers.
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
        """The `~persistence.types.table.footprint.Footprint` of each row, or None; read on access.

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
        from persistence.types.table import shown  # lazy: only for notebooks

        return shown.html(self)

    def asAstropy(self) -> Table:
        """Return the catalog as a plain `~astropy.table.Table`, without copying its columns."""
        return Table(self, copy=False)


class Objects(Sequence[Any]):
    """The objects of a catalog's rows; each is created on access.

    Parameters
    ----------
    numbers : sequence of `int`
        One number per row, which identifies its object.
    make : callable
        A function that returns the object of a number.
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
    """Return the position of a catalog's objects, and the file's state.

    The result is the value of ``meta["archives"]``.
    """
    state = os.stat(path)
    return {os.path.abspath(path): {"hdu": hdu, "size": state.st_size, "time": state.st_mtime_ns}}


def archive_of(archives: Mapping[str, Mapping[str, int]]) -> tuple[str, int]:
    """Return the file, and the HDU in it, with the objects of a catalog.

    Raises
    ------
    FormatterError
        If there is none, if there are several, or if the file has changed since the catalog was
        read.
    """
    if len(archives) != 1:
        several = (
            f"its rows come from several files: {', '.join(archives)}"
            if archives
            else "it has no archive"
        )
        raise FormatterError(f"the objects of the catalog cannot be found: {several}")
    [(path, entry)] = archives.items()
    if archive_entry(path, entry["hdu"]) != {path: entry}:
        raise FormatterError(
            f"{path} has changed since the catalog was read: its objects may have changed"
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
