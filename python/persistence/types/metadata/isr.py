"""Calibrations of a detector's electronics: crosstalk, linearity, photon transfer, and others.

Each consists of tables and their metadata, as Gen2 wrote them (doc/gen2/afw-files.md 6.5): nothing
is left out, and columns have the names of its FITS files. They are not applied to images here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from persistence.errors import FormatterError, did_you_mean

# The columns with an amplifier's name.
_AMPLIFIERS = ("AMPLIFIER_NAME", "AMPLIFIER", "amp_name")


@dataclass(frozen=True, eq=False, repr=False)
class IsrCalib:
    """A calibration of one detector.

    Gen2's class is ``lsst.ip.isr.IsrCalib`` (doc/gen2/afw-files.md 6.5).

    Parameters
    ----------
    kind : `str`
        The value of ``OBSTYPE``: ``CROSSTALK``, ``LINEARIZER``, ``PTC``, ``bfk``, ...
    metadata : mapping
        The detector, dates, versions.
    tables : `tuple` [`Table`, ...]
        Its tables, in the file's order.

    Examples
    --------
    >>> from astropy.table import Table
    >>> from persistence import IsrCalib
    >>> table = Table({"AMPLIFIER_NAME": ["A", "B"], "GAIN": [4.0, 4.1]})
    >>> calibration = IsrCalib("PTC", {"DETECTOR": 28}, (table,))
    >>> calibration.amplifiers
    ['A', 'B']
    """

    kind: str
    metadata: Mapping[str, Any]
    tables: tuple[Table, ...]

    def __getitem__(self, column: str) -> Any:
        """Return a column by its name, from the first table that has it.

        Parameters
        ----------
        column : `str`
            The name.

        Returns
        -------
        `~astropy.table.Column`
            The column.

        Raises
        ------
        KeyError
            If no table has it.
        """
        for table in self.tables:
            if column in table.colnames:
                return table[column]
        known = [name for table in self.tables for name in table.colnames]
        raise KeyError(
            f"{self.kind} has no column {column!r}{did_you_mean(column, known)} "
            f"({', '.join(known)})"
        )

    def __contains__(self, column: str) -> bool:
        return any(column in table.colnames for table in self.tables)

    def __iter__(self) -> Iterator[str]:
        return (name for table in self.tables for name in table.colnames)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{len(table)} rows of {', '.join(table.colnames)}" for table in self.tables
        )
        return (
            f"<{type(self).__name__} {self.kind} of detector {self.metadata.get('DETECTOR')}: "
            f"{shown}>"
        )

    @property
    def amplifiers(self) -> list[str]:
        """The amplifiers' names, in the table's order; empty if it has no amplifiers."""
        name = next((column for column in _AMPLIFIERS if column in self), None)
        return [] if name is None else [str(column) for column in dict.fromkeys(self[name])]

    def of_amplifier(self, name: str) -> dict[str, Any]:
        """Return the row of an amplifier in the first table, by column.

        Parameters
        ----------
        name : `str`
            The amplifier.

        Returns
        -------
        `dict` [`str`, object]
            Values by column.

        Raises
        ------
        KeyError
            If there is no such amplifier.
        """
        known = self.amplifiers
        if name not in known:
            raise KeyError(
                f"{self.kind} has no amplifier {name!r}{did_you_mean(name, known)} "
                f"({', '.join(known)})"
            )
        row = self.tables[0][known.index(name)]
        return {column: row[column] for column in self.tables[0].colnames}


class Crosstalk(IsrCalib):
    """The fraction of each amplifier's signal that appears in the others."""

    def matrix(self, column: str = "CT_COEFFS") -> NDArray[Any]:
        """Return the coefficients, or CT_ERRORS, CT_COUNTS, CT_VALID, as they are stored.

        Parameters
        ----------
        column : `str`, optional
            The column.

        Returns
        -------
        matrix : array, shape (amplifiers, amplifiers)
            ``matrix[source, victim]``: the fraction of the source that appears in the victim. Note
            that releases of the stack differ in whether they transpose it before use (since
            w.2021.24 they do), and that such matrices are often written the other way round
            (doc/gen2/afw-files.md 6.5).

        Raises
        ------
        FormatterError
            If the column is not a square matrix.
        """
        flat = np.ravel(np.asarray(self[column][0]))
        size = math.isqrt(flat.size)
        if size**2 != flat.size:
            raise FormatterError(
                f"{column} of {self!r} has {flat.size} numbers, which is not a square"
            )
        return flat.reshape(size, size)

    @property
    def coefficients(self) -> NDArray[Any]:
        """The matrix ``[source, victim]``; see `matrix`."""
        return self.matrix()


class BrighterFatterKernel(IsrCalib):
    """The deflection of later charges by the charge in a pixel."""

    def kernel(self, name: str | None = None) -> NDArray[Any]:
        """Return the kernel of an amplifier, or of the one row of a whole detector's kernel.

        Parameters
        ----------
        name : `str` or `None`, optional
            The amplifier.

        Returns
        -------
        kernel : array, shape (size, size)
            The kernel.

        Raises
        ------
        FormatterError
            If it is not square, or if several rows have one and no amplifier is named.
        """
        if name is None and len(self["KERNEL"]) != 1:
            raise FormatterError(
                f"{self!r} has a kernel for each amplifier: name one of "
                f"{', '.join(self.amplifiers)}"
            )
        flat = np.ravel(
            np.asarray(self["KERNEL"][0] if name is None else self.of_amplifier(name)["KERNEL"])
        )
        size = math.isqrt(flat.size)
        if size**2 != flat.size:
            raise FormatterError(
                f"KERNEL of {self!r} has {flat.size} numbers, which is not a square"
            )
        return flat.reshape(size, size)
