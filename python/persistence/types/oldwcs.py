"""World coordinate systems as afw stored them until 2018: those of FITS, in the parent's pixels (afw-files 2.3)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.types.archive import Load, Table, Tables

if TYPE_CHECKING:
    from astropy.wcs import WCS

# What stands for an undefined number.
_UNDEFINED = 9.87654321e107


def make(tables: Tables, load: Load) -> WCS:
    """Build a world coordinate system; its pixel (0, 0) is that of the parent image."""
    from astropy.wcs import WCS, Sip

    wcs = WCS(naxis=2)
    table = {name: column[0] for name, column in tables[0].items()}
    inner = wcs.wcs
    inner.crval = table["crval_x"], table["crval_y"]
    inner.crpix = table["crpix_x"] + 1, table["crpix_y"] + 1  # wcslib counts from 1
    inner.cd = np.reshape(table["cd"], (2, 2)).T  # stored column by column
    inner.cunit = [table["cunit1"] or "deg", table["cunit2"] or "deg"]
    inner.radesys = table["radesys"]
    if not math.isclose(table["equinox"], _UNDEFINED):
        inner.equinox = table["equinox"]
    distorted = len(tables) > 1
    inner.ctype = [table[f"ctype{axis}"].removesuffix("-SIP") + ("-SIP" if distorted else "") for axis in (1, 2)]
    if distorted:
        wcs.sip = Sip(*(_matrix(tables[1], name) for name in ("A", "B", "Ap", "Bp")), inner.crpix)
    inner.set()
    return wcs


def _matrix(table: Table, name: str) -> Any:
    """Read the coefficients of a polynomial, which are stored column by column."""
    flat = np.atleast_1d(np.asarray(table[name][0], dtype=float))
    size = math.isqrt(flat.size)
    return np.ascontiguousarray(flat.reshape(size, size).T)
