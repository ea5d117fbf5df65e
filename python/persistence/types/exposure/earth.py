"""The Earth's rotation: UT1 and the rotation angle at a time.

UT1 - UTC is measured. astropy contains the table, but takes a second to read all of it; here only
the line of a day is read.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from astropy.time import Time

# The lines of finals2000A.all: one per day, 187 characters and a newline. Columns: the day (MJD),
# and UT1 - UTC from Bulletin A and from Bulletin B, which is later and final. Source:
# https://maia.usno.navy.mil/ser7/readme.finals2000A
_LINE = 188
_DAY, _BULLETIN_A, _BULLETIN_B = slice(7, 15), slice(58, 68), slice(154, 165)
_MJD_2000 = 51544.5


class Rotation(NamedTuple):
    """The rotation of the Earth at a time.

    Attributes
    ----------
    ut1 : `float`
        A modified Julian date in UT1.
    era : `float`
        The Earth's rotation angle (deg).
    """

    ut1: float
    era: float


def rotation(date: Time) -> Rotation | None:
    """Return the Earth's rotation at a time; None outside the measured years."""
    utc = date.utc
    offset = ut1_minus_utc(float(utc.mjd))
    if offset is None:
        return None
    utc.delta_ut1_utc = offset
    ut1 = float(utc.ut1.mjd)
    days = ut1 - _MJD_2000
    # Source: IERS Conventions 2010, equation 5.15.
    turns = days % 1.0 + 0.7790572732640 + 0.00273781191135448 * days
    return Rotation(ut1, turns % 1.0 * 360.0)


def ut1_minus_utc(mjd: float) -> float | None:
    """Return UT1 - UTC (s) at a modified Julian date in UTC; None if unknown."""
    here, after = _of_day(int(mjd)), _of_day(int(mjd) + 1)
    if here is None or after is None:
        return None
    step = after - here
    return here + (mjd % 1.0) * (step - round(step))  # without the step of a leap second


@functools.lru_cache(maxsize=64)
def _of_day(mjd: int) -> float | None:
    """Return UT1 - UTC (s) at the beginning of a day, measured or predicted; None if unknown."""
    from astropy.utils import iers

    with open(iers.IERS_A_FILE, "rb") as table:
        first = float(table.read(_LINE)[_DAY])
        position = int(mjd - first) * _LINE
        if position < 0:
            return None
        table.seek(position)
        line = table.read(_LINE)
    if len(line) < _LINE or float(line[_DAY]) != mjd:
        return None
    value = line[_BULLETIN_B].strip() or line[_BULLETIN_A].strip()
    return float(value) if value else None
