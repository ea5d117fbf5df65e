"""Coadd inputs: the visits and detectors that a coadd was made of (facts in afw-files 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from persistence.types.archives.archive import Load, Table, Tables
from persistence.types.pixels.box import Box, box_of

if TYPE_CHECKING:
    import astropy.table


@dataclass(frozen=True, eq=False)
class Inputs:
    """Rows that describe exposures, and the objects that go with each.

    Attributes
    ----------
    columns : mapping [`str`, array or `list`]
        The columns: ``id``, ``weight``, ``visit``, ``ccd``, ``filter``, ... Those of ``psf``,
        ``wcs`` and the like hold numbers for `component`.
    load : callable
        Gives the object of such a number.
    """

    columns: Table
    load: Load

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def component(self, row: int, name: str) -> Any:
        """Give an object of a row (``psf``, ``wcs``, ``photoCalib``, ...); None if it has none."""
        return self.load(int(self.columns[name][row])) if name in self.columns else None

    def bbox(self, row: int) -> Box:
        """Give the pixels of the exposure of a row."""
        return box_of(self.columns, row)

    def to_table(self) -> astropy.table.Table:
        """Make a table of the columns."""
        from astropy.table import Table

        return Table(dict(self.columns))


@dataclass(frozen=True, eq=False)
class CoaddInputs:
    """What a coadd was made of.

    Attributes
    ----------
    visits, ccds : `Inputs`
        A row for each visit; a row for each detector of each visit.
    """

    visits: Inputs
    ccds: Inputs

    def __str__(self) -> str:
        return f"{len(self.ccds)} detectors of {len(self.visits)} visits"

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self}"


def make(tables: Tables, load: Load) -> CoaddInputs:
    """Build the inputs from their tables."""
    visits, ccds = tables
    return CoaddInputs(Inputs(visits, load), Inputs(ccds, load))
