"""Calibrations of a detector's electronics.

Crosstalk, linearity, photon transfer, brighter-fatter, curves.

Each is some tables and their metadata, as the original wrote them (afw-files 6.5): nothing is left
out, and the columns are called as in its FITS files. What these calibrations are for, correcting
images, is not done here.
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

# The columns that name an amplifier.
_AMPLIFIERS = ("AMPLIFIER_NAME", "AMPLIFIER", "amp_name")


@dataclass(frozen=True, eq=False, repr=False)
class IsrCalib:
    """A calibration of one detector.

    Attributes
    ----------
    kind : `str`
        What ``OBSTYPE`` says: ``CROSSTALK``, ``LINEARIZER``, ``PTC``, ``bfk``, ...
    metadata : mapping
        What is known of it: the detector, dates, versions.
    tables : `tuple` [`~astropy.table.Table`]
        Its tables, in the file's order.
    """

    kind: str
    metadata: Mapping[str, Any]
    tables: tuple[Table, ...]

    def __getitem__(self, column: str) -> Any:
        """Give a column, whichever table has it."""
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
        """The amplifiers' names, in the table's order; none if it is not by amplifiers."""
        name = next((one for one in _AMPLIFIERS if one in self), None)
        return [] if name is None else [str(one) for one in dict.fromkeys(self[name])]

    def of_amplifier(self, name: str) -> dict[str, Any]:
        """Give what the first table has for an amplifier, by column.

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
    """How much of each amplifier's signal appears in the others."""

    def matrix(self, column: str = "CT_COEFFS") -> NDArray[Any]:
        """Give the coefficients, or CT_ERRORS, CT_COUNTS, CT_VALID, as they are stored.

        Returns
        -------
        matrix : array, shape (amplifiers, amplifiers)
            ``matrix[source, victim]``: the fraction of the source that appears in the victim.
            Beware: releases of the original differ in whether they transpose it before use (from
            w.2021.24 on they do), and people write such matrices the other way round as often
            (afw-files 6.5).

        Raises
        ------
        FormatterError
            If the column is no square.
        """
        flat = np.ravel(np.asarray(self[column][0]))
        size = math.isqrt(flat.size)
        if size**2 != flat.size:
            raise FormatterError(
                f"{column} of {self!r} has {flat.size} numbers, which make no square"
            )
        return flat.reshape(size, size)

    @property
    def coefficients(self) -> NDArray[Any]:
        """The matrix ``[source, victim]``; see `matrix`."""
        return self.matrix()


class BrighterFatterKernel(IsrCalib):
    """How much the charge in a pixel pushes away what arrives later."""

    def kernel(self, name: str | None = None) -> NDArray[Any]:
        """Give the kernel of an amplifier, or of the one row of a kernel of the whole detector.

        Returns
        -------
        kernel : array, shape (size, size)

        Raises
        ------
        FormatterError
            If it is no square, or several rows have one and no amplifier is named.
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
                f"KERNEL of {self!r} has {flat.size} numbers, which make no square"
            )
        return flat.reshape(size, size)
