"""The columns of a survey's table that are columns of a reference catalog, and their units.

Only names are guessed: numbers without a unit are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.errors import FormatterError, PolicyError, did_you_mean
from persistence.types.pixels import units

if TYPE_CHECKING:
    from astropy.table import Table

# A column of a reference catalog -> its names in surveys, in lower case.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "source_id", "objid", "object_id", "objectid"),
    "coord_ra": ("coord_ra", "ra", "ra_icrs", "raj2000", "_raj2000", "alpha_j2000", "ramean"),
    "coord_dec": ("coord_dec", "dec", "de_icrs", "dej2000", "_dej2000", "delta_j2000", "decmean"),
    "coord_raErr": ("coord_raerr", "ra_error", "raerr", "e_ra_icrs", "e_raj2000", "coord_ra_err"),
    "coord_decErr": (
        "coord_decerr", "dec_error", "decerr", "e_de_icrs", "e_dej2000", "coord_dec_err"
    ),
    "epoch": ("epoch", "ref_epoch"),
    "pm_ra": ("pm_ra", "pmra"),
    "pm_dec": ("pm_dec", "pmdec", "pmde"),
    "pm_raErr": ("pm_raerr", "pmra_error", "e_pmra", "pm_ra_err"),
    "pm_decErr": ("pm_decerr", "pmdec_error", "e_pmde", "pm_dec_err"),
    "parallax": ("parallax", "plx"),
    "parallaxErr": ("parallaxerr", "parallax_error", "e_plx"),
    "photometric": ("photometric",),
    "resolved": ("resolved",),
    "variable": ("variable",),
}  # fmt: skip
FLAGS = ("photometric", "resolved", "variable")
FLUX = re.compile(r"(\w+)_flux(Err|)", re.ASCII)
_BRIGHTNESS = re.compile(r"(.+)_(flux|mag)(|Err|Sigma|_error|_err)", re.ASCII)
_KNOWN = {name: target for target, names in SYNONYMS.items() for name in names}


@dataclass(frozen=True)
class Wishes:
    """The user's options for the columns of the tables.

    Parameters
    ----------
    names : mapping of `str` to `str`, optional
        A column of the catalog -> the table's.
    units : mapping of `str` to `str`, optional
        A column of the table -> its unit, if the table has none or a wrong one.
    keep : sequence of `str`, optional
        Further columns of the table that the catalog keeps unchanged.
    drop : sequence of `str`, optional
        Columns of the table that are ignored.
    epoch : `str`, optional
        The epoch of the positions if no column has it.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    keep: Sequence[str] = ()
    drop: Sequence[str] = ()
    epoch: str = ""


def chosen(table: Table, wishes: Wishes) -> dict[str, str]:
    """Return the columns of a table that the catalog uses: the catalog's name -> the table's.

    Raises
    ------
    FormatterError
        If there are no positions, or several columns could be one.
    PolicyError
        If the options name a column that does not exist, or that a catalog cannot have.
    """
    _refuse_unfit(table, wishes)
    candidates: dict[str, list[str]] = {}
    for name in table.colnames:
        target = target_of(name)
        if target is not None and name not in (*wishes.names.values(), *wishes.drop):
            candidates.setdefault(target, []).append(name)
    chosen = dict(wishes.names)
    # the error of a flux belongs to the column of the flux
    for target in sorted(candidates, key=lambda one: one.endswith("Err")):
        names = _suited(table, target, candidates[target], chosen, wishes)
        if target not in wishes.names and names:
            chosen[target] = _one(target, names)
    for target in ("coord_ra", "coord_dec"):
        if target not in chosen:
            raise FormatterError(
                f"no column is {target} (it has {', '.join(table.colnames)}): choose one with "
                "--map "
                f"{target}=COLUMN"
            )
    return chosen


def _refuse_unfit(table: Table, wishes: Wishes) -> None:
    for target in wishes.names:
        if target not in SYNONYMS and FLUX.fullmatch(target) is None:
            raise PolicyError(
                f"a reference catalog has no column {target!r}{did_you_mean(target, SYNONYMS)} "
                f"(known: {', '.join(SYNONYMS)}, FILTER_flux, FILTER_fluxErr)"
            )
    for name in (*wishes.names.values(), *wishes.units, *wishes.keep, *wishes.drop):
        if name not in table.colnames:
            raise PolicyError(
                f"the table has no column {name!r}{did_you_mean(name, table.colnames)} (it has "
                f"{', '.join(table.colnames)})"
            )


def _suited(
    table: Table, target: str, names: list[str], chosen: Mapping[str, str], wishes: Wishes
) -> list[str]:
    """Return the columns that can be a flux, by their unit, or its error, by its kind."""
    match = FLUX.fullmatch(target)
    if match is None:
        return names
    if match[2]:
        flux = chosen.get(f"{match[1]}_flux", "")
        return [name for name in names if ("_mag" in name) == ("_mag" in flux)]
    return [name for name in names if is_brightness(table, name, wishes)][:1] or names[:1]


def _one(target: str, names: list[str]) -> str:
    """Return the column that is a target, from those that can be."""
    names = [name for name in names if name == target] or names
    if len(names) > 1:
        raise FormatterError(
            f"{' and '.join(names)} may all be {target}: choose one with --map {target}={names[0]}"
        )
    return names[0]


def target_of(name: str) -> str | None:
    """Return the column of a catalog that a table's column can be, by its name; None if none."""
    known = _KNOWN.get(name.lower())
    if known is not None:
        return known
    match = _BRIGHTNESS.fullmatch(name)
    return f"{match[1]}_flux{'Err' if match[3] else ''}" if match else None


def is_brightness(table: Table, name: str, wishes: Wishes) -> bool:
    """Return whether a column has a unit of flux density, or AB magnitudes."""
    from astropy import units as u

    unit = unit_of(table, name, wishes)
    return unit is not None and (unit.is_equivalent(u.nJy) or is_ab(unit))


def unit_of(table: Table, name: str, wishes: Wishes) -> Any:
    """Return the unit of a column from the options or the table; None if neither has one.

    Raises
    ------
    FormatterError
        If the unit is unknown.
    """
    from astropy import units as u

    said = wishes.units.get(name, table[name].unit)
    if said is None or str(said) == "":
        return None
    text = _MAGNITUDES.get(str(said), str(said))
    try:
        return u.Unit(text)
    except ValueError:
        unit = units.parse(text)
    if unit is None or isinstance(unit, u.UnrecognizedUnit):
        raise FormatterError(f"column {name} is in {text!r}, which is not a known unit")
    return unit


# Names for the only magnitudes with a known zero point.
_MAGNITUDES = {"ABmag": "mag(AB)", "AB": "mag(AB)", "mag AB": "mag(AB)", "AB mag": "mag(AB)"}


def is_ab(unit: Any) -> bool:
    """Return whether a unit is that of AB magnitudes."""
    from astropy import units as u

    return str(unit).replace(" ", "") == str(u.ABmag).replace(" ", "")


def values(table: Table, name: str) -> Any:
    """Return the numbers of a column as floats, with NaN for missing values.

    Raises
    ------
    FormatterError
        If they are not numbers.
    """
    column = table[name]
    data: Any = np.ma.asarray(getattr(column, "value", column))
    if data.dtype.kind not in "iufb":
        first = f" (the first: {str(column[0])!r})" if len(table) else ""
        raise FormatterError(f"column {name} holds no numbers{first}")
    return data.astype(float).filled(np.nan)
