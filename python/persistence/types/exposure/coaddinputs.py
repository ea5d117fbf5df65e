"""Coadd inputs: the visits and detectors that a coadd contains (doc/gen2/afw-files.md 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from persistence.types.archives.archive import Load, Table, Tables
from persistence.types.pixels.box import Box, box_of

if TYPE_CHECKING:
    import astropy.table


@dataclass(frozen=True, eq=False)
class Inputs:
    """Rows that describe exposures, and the objects of each.

    Attributes
    ----------
    columns : mapping [`str`, array or `list`]
        The columns: ``id``, ``weight``, ``visit``, ``ccd``, ``filter``, ... Those of ``psf``,
        ``wcs`` and similar objects contain numbers for `component`.
    load : callable
        A function that returns the object of such a number.
    """

    columns: Table
    load: Load

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def component(self, row: int, name: str) -> Any:
        """Return an object of a row (``psf``, ``wcs``, ``photoCalib``, ...).

        None if it has none.
        """
        return self.load(int(self.columns[name][row])) if name in self.columns else None

    def bbox(self, row: int) -> Box:
        """Return the box of pixels of a row's exposure."""
        return box_of(self.columns, row)

    def to_table(self) -> astropy.table.Table:
        """Return the columns as a table."""
        from astropy.table import Table

        return Table(dict(self.columns))


@dataclass(frozen=True, eq=False)
class CoaddInputs:
    """The exposures that a coadd contains.

    Attributes
    ----------
    visits, ccds : `Inputs`
        One row per visit; one row per detector of each visit.
    """

    visits: Inputs
    ccds: Inputs

    def __str__(self) -> str:
        return f"{len(self.ccds)} detectors of {len(self.visits)} visits"

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self}"


def make(tables: Tables, load: Load) -> CoaddInputs:
    """Return the inputs of their tables."""
    visits, ccds = tables
    return CoaddInputs(Inputs(visits, load), Inputs(ccds, load))
