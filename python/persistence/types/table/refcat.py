"""Reference sources: tables of several formats, converted to one (doc/gen2/afw-files.md 3.6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from astropy.table import Table
    from astropy.time import Time

_VERSION_CARD = "REFCAT_FORMAT_VERSION"
_FLUX = re.compile(r"(.+_flux)(|Err|Sigma)")
_DAYS_PER_YEAR = 365.25


def positions(table: Table) -> tuple[sphere.Floats, sphere.Floats]:
    """Return right ascensions and declinations (deg); the columns are in radians."""
    ra, dec = (np.degrees(np.asarray(table[name], float)) for name in ("coord_ra", "coord_dec"))
    return ra, dec


def normalised(table: Table, version: int) -> Table:
    """Return a table with one column per flag, fluxes in nJy, and ``Err`` as the ending of errors.

    The table is changed in place.

    Parameters
    ----------
    table : `~astropy.table.Table`
        The table as in the file.
    version : `int`
        The catalog's format, unless the table has its own. In format 0 fluxes are in Jy.

    Raises
    ------
    FormatterError
        If there are no positions, or the unit of a flux is not one of flux density.
    """
    missing = [name for name in ("coord_ra", "coord_dec") if name not in table.colnames]
    if missing:
        raise FormatterError(
            f"it has no column {missing[0]}, so it is not a table of reference sources"
        )
    _spread_flags(table)
    version = int(table.meta.get(_VERSION_CARD, version))
    for name in table.colnames:
        match = _FLUX.fullmatch(name)
        if match:
            _to_nanojansky(table, name, version)
            table.rename_column(name, match[1] + match[2].replace("Sigma", "Err"))
    # The cards describe the file's columns, which have changed.
    table.meta = {"format_version": version}
    return table


def _spread_flags(table: Table) -> None:
    """Add a column for each flag, named by cards, from the first bit (afw-files 8.11)."""
    if "flags" not in table.colnames:
        return
    flags = np.atleast_2d(np.asarray(table["flags"], bool))
    table.remove_column("flags")
    for number in range(flags.shape[1]):
        name = table.meta.get(f"TFLAG{number + 1}")
        if name:
            table[name] = flags[:, number]


def _to_nanojansky(table: Table, name: str, version: int) -> None:
    from astropy import units

    column = table[name]
    unit = column.unit or (units.nJy if version else units.Jy)
    try:
        factor = unit.to(units.nJy)
    except (units.UnitsError, TypeError) as error:
        raise FormatterError(
            f"its column {name} is in {unit}, which is not a unit of flux density"
        ) from error
    if factor != 1:
        column *= factor
    column.unit = units.nJy


def has_proper_motions(table: Table) -> bool:
    """Return whether proper motions can be applied.

    Older PS1 tables have such columns, but not as angles.
    """
    return {"epoch", "pm_ra", "pm_dec"} <= set(table.colnames) and str(
        table["pm_ra"].unit or ""
    ).startswith("rad")


def moved(table: Table, epoch: Time) -> Table:
    """Return the table with sources moved along great circles to an epoch, in place.

    Sources whose proper motion is flagged or not finite are not moved. ``pm_ra`` includes the
    cosine of the declination; both are in radians per Julian year. The errors of the motions are
    added to those of the positions.
    """
    years = (epoch.tai.mjd - np.asarray(table["epoch"], float)) / _DAYS_PER_YEAR
    usable = _usable(table, years)
    east, north, years = (
        np.where(usable, one, 0.0)
        for one in (np.asarray(table["pm_ra"]), np.asarray(table["pm_dec"]), years)
    )
    ra, dec = positions(table)
    distance = np.degrees(np.hypot(east, north) * years)
    there = sphere.away(ra, dec, np.degrees(np.arctan2(north, east)), distance)
    for axis, angles in zip(("ra", "dec"), there, strict=True):
        still = distance == 0
        name = f"coord_{axis}"
        _set(table, name, np.where(still, np.asarray(table[name]), np.radians(angles)))
        _grow_error(table, axis, years)
    _set(table, "epoch", np.where(usable, epoch.tai.mjd, np.asarray(table["epoch"])))
    return table


def _usable(table: Table, years: NDArray[Any]) -> NDArray[np.bool_]:
    finite = (
        np.isfinite(years)
        & np.isfinite(np.asarray(table["pm_ra"]))
        & np.isfinite(np.asarray(table["pm_dec"]))
    )
    flagged = np.asarray(table["pm_flag"], bool) if "pm_flag" in table.colnames else False
    return np.asarray(finite & ~np.asarray(flagged))


def _grow_error(table: Table, axis: str, years: NDArray[Any]) -> None:
    if {f"coord_{axis}Err", f"pm_{axis}Err"} <= set(table.colnames):
        grown = np.asarray(table[f"pm_{axis}Err"], float) * years
        _set(table, f"coord_{axis}Err", np.hypot(np.asarray(table[f"coord_{axis}Err"]), grown))


def _set(table: Table, name: str, values: NDArray[Any]) -> None:
    """Set the values of a column, which may be a quantity, in its own unit."""
    from astropy.units import Quantity

    column = table[name]
    column[:] = values * column.unit if isinstance(column, Quantity) else values
