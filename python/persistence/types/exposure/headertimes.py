"""The time of an exposure in its header: dates and their time scales.

A date without a time of day is not a time: it needs another card of the header. Source of the
rules: FITS Standard 4.0, section 9.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.errors import FormatterError
from persistence.files import header_values
from persistence.types.exposure import earth, headersource
from persistence.types.exposure.headersource import Header, Source

if TYPE_CHECKING:
    from astropy.time import Time

# TIMESYS -> astropy's name of the scale. Source: FITS Standard 4.0, table 30.
SCALES = {
    "utc": "utc",
    "gmt": "utc",
    "ut": "utc",
    "ut1": "ut1",
    "tai": "tai",
    "iat": "tai",
    "tt": "tt",
    "tdt": "tt",
    "et": "tt",
    "tdb": "tdb",
    "tcb": "tcb",
    "tcg": "tcg",
    "gps": "gps",
}
_ASTROPYS = tuple(dict.fromkeys(scale for scale in SCALES.values() if scale != "gps"))
# The delay of GPS relative to TAI (s).
_GPS = 19
# Keywords of a time of day -> its scale, those of the beginning first; the scale of TIME-OBS is
# TIMESYS.
_TIMES = {
    "UT-STR": "utc",
    "UTC-OBS": "utc",
    "UTSTART": "utc",
    "TIME-OBS": None,
    "UT": "utc",
    "UTIME": "utc",
}
_MJDS = ("MJD-BEG", "MJD-OBS", "MJD-STR")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?\s*Z?")
_MJD_0 = datetime.datetime(1858, 11, 17)
_JD_0 = 2400000.5
# 1900, as for texts: earlier numbers are years, or come from clocks that are not set.
_FIRST_MJD = 15020


class Moment(NamedTuple):
    """A time.

    Attributes
    ----------
    text : `str`
        ISO 8601, or the header's text if it is not understood.
    scale : `str`
        astropy's name of the scale.
    """

    text: str
    scale: str


def moment(header: Header, sources: Sequence[Source]) -> Moment | None:
    """Return the time from the first source that has one; None if none has.

    If none can be understood, the first text is returned unchanged, so that an error shows it on
    use.

    Parameters
    ----------
    header : `Header`
        The keywords and their values.
    sources : sequence of `Source`
        The cards, in order of priority; numbers are Julian dates, modified or not.
    """
    unread = None
    for source in sources:
        value = source.read(header)
        scale = scale_of(source.timesys or headersource.card(header, "TIMESYS"))
        parts = _parts(value)
        if parts is None:
            written = header_values.text(value)
            unread = unread or (written and Moment(written, scale))
        elif parts.time is not None:
            return _in_scale(f"{parts.day}T{parts.time}", "utc" if parts.is_utc else scale)
        else:
            completed = _completed(header, parts.day, source, scale)
            if completed is not None:
                return completed
    return unread or None


def to_time(stamp: Moment) -> Time:
    """Return a time as astropy's object.

    Raises
    ------
    FormatterError
        If it is not a date with a time of day, or its scale is unknown.
    """
    from astropy.time import Time

    parts = _parts(stamp.text)
    if parts is None or parts.time is None:
        raise FormatterError(f"{stamp.text!r} is not a date with a time of day in ISO 8601 format")
    if not stamp.scale:
        raise FormatterError(f"{stamp.text!r} has no time scale: TIMESYS is missing")
    if stamp.scale not in _ASTROPYS:
        raise FormatterError(
            f"{stamp.text!r} is in the time scale {stamp.scale!r}, which is not one of "
            f"{', '.join(_ASTROPYS)}"
        )
    # astropy tries one format after the other else, and keeps what was alive as each failed: images
    time = Time(f"{parts.day}T{parts.time}", format="isot", scale=stamp.scale)
    if stamp.scale == "ut1":  # otherwise astropy would download a newer table
        offset = earth.ut1_minus_utc(float(time.mjd))
        if offset is None:
            raise FormatterError(f"{stamp.text!r} is in UT1, which was not measured on that day")
        time.delta_ut1_utc = offset
    return time


def scale_of(timesys: Any) -> str:
    """Return astropy's name of a time scale; UTC by default.

    Unknown scales are returned unchanged.
    """
    name = str(header_values.text(timesys) or "utc").lower().partition("(")[0].strip()
    return SCALES.get(name, name)


class _Parts(NamedTuple):
    day: str
    time: str | None
    is_utc: bool


def _parts(value: Any) -> _Parts | None:
    """Return the parts of a date; None if it is not a date."""
    written = header_values.date(value)
    is_text = written is not None or isinstance(value, str)
    number = None if is_text else header_values.number(value)
    if number is not None:
        days = number - _JD_0 * (number > _JD_0)
        try:
            stamp = _MJD_0 + datetime.timedelta(days=days)
        except OverflowError:
            return None
        is_date = days >= _FIRST_MJD
        return _Parts(f"{stamp:%Y-%m-%d}", f"{stamp:%H:%M:%S.%f}", False) if is_date else None
    day, _, time = (written or "").replace(" ", "T").partition("T")
    if not day:
        return None
    return _Parts(day, _time(time) if time else None, time.endswith("Z"))


def _time(value: Any) -> str | None:
    """Return a time of day in ISO 8601 format; None if it is invalid."""
    match = _TIME.fullmatch(str(value).strip())
    if match is None:
        return None
    seconds, _, fraction = (match[3] or "0").partition(".")
    # A leap second is number 60.
    if int(match[1]) > 23 or int(match[2]) > 59 or int(seconds) > 60:
        return None
    return f"{match[1]:0>2}:{match[2]:0>2}:{seconds:0>2}" + (f".{fraction}" if fraction else "")


def _completed(header: Header, found: str, source: Source, scale: str) -> Moment | None:
    """Return a date with the time of day from other cards; None if none has one."""
    times = dict.fromkeys(source.time) if source.time else _TIMES
    for keyword, its_scale in times.items():
        time = _time(headersource.card(header, keyword))
        if time is not None:
            its_scale = scale if source.timesys else its_scale or scale
            return _in_scale(f"{found}T{time}", its_scale)
    for keyword in _MJDS:
        parts = _parts(header_values.number(headersource.card(header, keyword)))
        if parts is not None and parts.day == found:
            return _in_scale(f"{found}T{parts.time}", scale)
    return None


def _in_scale(written: str, scale: str) -> Moment:
    """Return a time in a scale that astropy has: GPS is converted to TAI, 19 s ahead."""
    if scale != "gps":
        return Moment(written, scale)
    day, _, time = written.partition("T")
    hours, minutes, seconds = map(
        float, time.split(":")
    )  # minutes have 60 seconds: GPS has no leap seconds
    later = datetime.datetime.fromisoformat(day) + datetime.timedelta(
        hours=hours, minutes=minutes, seconds=seconds + _GPS
    )
    return Moment(later.isoformat(), "tai")
