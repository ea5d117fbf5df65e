"""The conversion of a survey's table to that of a reference catalog (doc/gen2/afw-files.md 3.6).

Positions in radians, fluxes in nJy, motions in radians per year, the epoch in days of TAI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.errors import DataIdError, FormatterError
from persistence.refcats import columns
from persistence.refcats.columns import FLAGS, FLUX, Wishes
from persistence.types.table.catalog import Catalog

if TYPE_CHECKING:
    from astropy.table import Table

_POSITIONS = ("coord_ra", "coord_dec")
_MOTIONS = ("pm_ra", "pm_dec")
_RATE = "rad / yr"
# The unit of a catalog's column.
_UNITS: Mapping[str, str] = {
    **dict.fromkeys((*_POSITIONS, "coord_raErr", "coord_decErr"), "rad"),
    **dict.fromkeys((*_MOTIONS, "pm_raErr", "pm_decErr"), _RATE),
    **dict.fromkeys(("parallax", "parallaxErr"), "rad"),
}
# The range of possible epochs of measurement, in Julian years.
_YEARS = (1850.0, 2100.0)
_JULIAN_DATES = 2_000_000  # larger numbers of days are Julian dates
_FACTOR = np.log(10) / 2.5
# Right ascensions in hours end here; columns that go almost so far are assumed to be hours.
_HOURS = 24.0
_FAR = 20.0


@dataclass
class Converted:
    """The result of a conversion.

    Attributes
    ----------
    table : `Catalog`
        The columns of the reference catalog.
    notes : `list` [`str`]
        Columns that were left out, and possible problems.
    """

    table: Catalog
    notes: list[str] = field(default_factory=list)


def convert(table: Table, wishes: Wishes, first_id: int = 1) -> Converted:
    """Return the table of a reference catalog.

    Parameters
    ----------
    table : `~astropy.table.Table`
        A survey's table.
    wishes : `Wishes`
        The options for its columns.
    first_id : `int`, optional
        The number of the first source, if the table has no ids.

    Returns
    -------
    `Converted`
        The table, and notes.

    Raises
    ------
    FormatterError
        If a column has no unit or a wrong one, if a position is invalid, or if there are proper
        motions but no epoch.
    PolicyError
        If the options name a column that does not exist.
    """
    chosen = columns.chosen(table, wishes)
    _refuse_without_units(table, chosen, wishes)
    made = Converted(Catalog(meta={"REFCAT_FORMAT_VERSION": 1}))
    made.table["id"] = _ids(table, chosen.get("id"), first_id)
    for target, unit in _UNITS.items():
        if target in chosen:
            made.table[target] = _quantity(table, chosen[target], unit, wishes)
    _check_positions(made, chosen)
    _check_motions(made.table, chosen, wishes)
    for target in sorted(name for name in chosen if FLUX.fullmatch(name)):
        _add_flux(made, table, chosen, target, wishes)
    epoch = _epochs(table, chosen.get("epoch"), wishes)
    if epoch is not None:
        made.table["epoch"] = epoch
    if set(_MOTIONS) <= chosen.keys():
        finite = np.isfinite(made.table["pm_ra"].value) & np.isfinite(made.table["pm_dec"].value)
        made.table["pm_flag"] = ~finite
    for name in (*(flag for flag in FLAGS if flag in chosen), *wishes.keep):
        made.table[name] = table[chosen.get(name, name)]
    left = [
        name
        for name in table.colnames
        if name not in (*chosen.values(), *wishes.keep, *wishes.drop, *_OURS)
    ]
    if left:
        made.notes.append(f"left out: {', '.join(left)} (--keep COLUMN keeps one)")
    return made


# Columns of existing shards that are computed again or have no information.
_OURS = ("parent", "footprint", "pm_flag", "parallax_flag", "coord_ra_dec_Cov")


def _refuse_without_units(table: Table, chosen: Mapping[str, str], wishes: Wishes) -> None:
    needing = [
        source
        for target, source in chosen.items()
        if _has_unit(table, chosen, target, wishes)
        and columns.unit_of(table, source, wishes) is None
    ]
    if needing:
        examples = (_EXAMPLES.get(columns.target_of(name) or "", "UNIT") for name in needing)
        said = " ".join(map("=".join, zip(needing, examples, strict=True)))
        raise FormatterError(
            f"the table has no units for {', '.join(needing)}: add them, such as --unit {said}"
        )


def _has_unit(table: Table, chosen: Mapping[str, str], target: str, wishes: Wishes) -> bool:
    """Return whether a column needs a unit; the error of a flux that is left out does not."""
    match = FLUX.fullmatch(target)
    if match is None:
        return target in _UNITS or target == "epoch"
    flux = chosen.get(f"{match[1]}_flux")
    return not match[2] or (flux is not None and columns.is_brightness(table, flux, wishes))


_EXAMPLES = {
    "coord_ra": "deg", "coord_dec": "deg", "coord_raErr": "mas", "coord_decErr": "mas",
    "pm_ra": "mas/yr", "pm_dec": "mas/yr", "pm_raErr": "mas/yr", "pm_decErr": "mas/yr",
    "parallax": "mas", "parallaxErr": "mas", "epoch": "yr",
}  # fmt: skip


def _ids(table: Table, name: str | None, first: int) -> Any:
    if name is None:
        return np.arange(first, first + len(table), dtype=np.int64)
    column: Any = np.ma.asarray(table[name])
    if column.dtype.kind not in "iu":
        raise FormatterError(f"column {name} holds {column.dtype.name}, not integers: no id")
    if np.ma.getmaskarray(column).any():
        raise FormatterError(f"column {name} has no value in {_rows(np.ma.getmaskarray(column))}")
    if column.dtype.kind == "u" and len(column) and int(column.max()) > np.iinfo(np.int64).max:
        raise FormatterError(f"column {name} holds integers of more than 63 bits")
    return column.filled().astype(np.int64)


def _quantity(table: Table, name: str, wanted: str, wishes: Wishes) -> Any:
    from astropy import units as u

    unit = columns.unit_of(table, name, wishes)
    if unit in (u.h, u.hour):
        raise FormatterError(
            f"column {name} is in hours: of time, or of right ascension? Add --unit "
            f"{name}=hourangle"
        )
    try:
        return u.Quantity(columns.values(table, name), unit).to(u.Unit(wanted))
    except u.UnitConversionError as error:
        raise FormatterError(
            f"column {name} is in {unit}, not in a unit such as {wanted}"
        ) from error


def _check_positions(made: Converted, chosen: Mapping[str, str]) -> None:
    ra, dec = (np.degrees(made.table[name].value) for name in _POSITIONS)
    bad = ~(np.isfinite(ra) & np.isfinite(dec))
    if bad.any():
        raise FormatterError(f"there is no position in {_rows(bad)}")
    for name, angle, low, high in (("coord_ra", ra, 0.0, 360.0), ("coord_dec", dec, -90.0, 90.0)):
        beyond = (angle < low) | (angle > high)
        if beyond.any():
            raise FormatterError(
                f"column {chosen[name]} is not from {low:g} to {high:g} deg in {_rows(beyond)}: "
                f"{angle[beyond][0]:g}"
            )
    if len(ra) and ra.max() < _HOURS and np.ptp(ra) > _FAR:
        made.notes.append(
            f"all of {chosen['coord_ra']} is from {ra.min():g} to {ra.max():g} deg: if these are "
            f"hours, add --unit {chosen['coord_ra']}=hourangle"
        )


def _check_motions(table: Catalog, chosen: Mapping[str, str], wishes: Wishes) -> None:
    there = [name for name in _MOTIONS if name in chosen]
    if len(there) == 1:
        (missing,) = set(_MOTIONS) - set(there)
        raise FormatterError(
            f"column {chosen[there[0]]} is {there[0]}, but no column is {missing}: half a proper "
            "motion moves nothing"
        )
    if there and "epoch" not in chosen and not wishes.epoch:
        raise FormatterError(
            "there are proper motions, but nothing says at which epoch the sources are where they "
            "are: say --map epoch=COLUMN, or --epoch J2016.0"
        )


def _add_flux(
    made: Converted, table: Table, chosen: Mapping[str, str], target: str, wishes: Wishes
) -> None:
    """Add a flux or its error in nJy; leave it out if its unit is not one of flux density."""
    from astropy import units as u
    from astropy.table import Column

    name = chosen[target]
    unit = columns.unit_of(table, name, wishes)
    value = columns.values(table, name)
    of_error = target.endswith("Err")
    flux = target.removesuffix("Err")
    if of_error and flux not in made.table.colnames:
        made.notes.append(f"left out: {name} is the error of a missing flux")
        return
    if of_error and columns.is_ab(columns.unit_of(table, chosen[flux], wishes)):
        # the error of a magnitude has the unit mag
        if str(unit) not in ("mag", "mag(AB)"):
            raise FormatterError(f"column {name} is in {unit}, but {chosen[flux]} is a magnitude")
        made.table[target] = Column(made.table[flux].data * value * _FACTOR, unit=u.nJy)
        return
    if not (columns.is_ab(unit) or unit.is_equivalent(u.nJy)):
        problem = f"{name} is in {unit}, which is not a unit of flux density"
        if "mag" in str(unit):
            problem = f"{name} is in magnitudes with an unknown zero point (--unit {name}=ABmag)"
        if target in wishes.names:
            raise FormatterError(f"column {problem}")
        made.notes.append(f"left out: {problem}")
        return
    # not u.Quantity(value, unit): magnitudes have another class
    made.table[target] = Column((value * unit).to_value(u.nJy), unit=u.nJy)


def _epochs(table: Table, name: str | None, wishes: Wishes) -> Any:
    """Return the epochs in days of TAI (MJD); None if there are none."""
    from astropy import units as u
    from astropy.time import Time

    if wishes.epoch:
        return np.full(len(table), parse_epoch(wishes.epoch).tai.mjd)
    if name is None:
        return None
    unit, value = columns.unit_of(table, name, wishes), columns.values(table, name)
    if unit == u.d:
        form = "jd" if np.nanmax(value, initial=0) > _JULIAN_DATES else "mjd"
        time = Time(value, format=form, scale="tai")
    elif unit.is_equivalent(u.yr):
        time = Time(value * unit.to(u.yr), format="jyear", scale="tdb")
    else:
        raise FormatterError(f"column {name} is in {unit}, not in years or days")
    beyond = ~((time.jyear > _YEARS[0]) & (time.jyear < _YEARS[1]))
    if beyond.any():
        raise FormatterError(
            f"column {name} is not an epoch in {_rows(beyond)}: {value[beyond][0]:g} {unit}"
        )
    return time.tai.mjd


def parse_epoch(text: str) -> Any:
    """Return an epoch as a `~astropy.time.Time`, from ``J2016.0``, ``2016.0``, or a date.

    Raises
    ------
    DataIdError
        If the text is not an epoch.
    """
    from astropy.time import Time

    match = re.fullmatch(r"[Jj]?(\d{4}(?:\.\d*)?)", text.strip())
    try:
        time = (
            Time(float(match[1]), format="jyear", scale="tdb") if match else Time(text, scale="tai")
        )
    except ValueError as error:
        raise DataIdError(f"{text!r} is not an epoch, such as J2016.0 or 2016-01-01") from error
    if not _YEARS[0] < time.jyear < _YEARS[1]:
        raise DataIdError(
            f"{text!r} is not the epoch of a catalog: from {_YEARS[0]:g} to {_YEARS[1]:g}"
        )
    return time


def _rows(bad: Any) -> str:
    numbers = np.flatnonzero(bad) + 1
    return (
        f"row {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} rows (first: {numbers[0]})"
    )


def refuse_duplicates(table: Catalog, origin: Any) -> Iterator[int]:
    """Yield the numbers of repeated rows; raise an error for contradictory ones.

    Parameters
    ----------
    table : `Catalog`
        All sources.
    origin : object
        A function that returns the origin of a row, given its number.

    Raises
    ------
    FormatterError
        If two different sources have the same id.
    """
    order = np.argsort(table["id"], kind="stable")
    ids = np.asarray(table["id"])[order]
    for place in np.flatnonzero(ids[1:] == ids[:-1]) + 1:
        one, other = int(order[place - 1]), int(order[place])
        if not all(_alike(table[name][one], table[name][other]) for name in table.colnames):
            raise FormatterError(
                f"two different sources have the id {ids[place]}: {origin(one)} and {origin(other)}"
            )
        yield other


def _alike(one: Any, other: Any) -> bool:
    one, other = getattr(one, "value", one), getattr(other, "value", other)
    return bool(np.all((one == other) | ((one != one) & (other != other))))
