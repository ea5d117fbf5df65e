"""`DateTime`: a moment, by the name of ``lsst.daf.base``."""

from __future__ import annotations

import datetime
import enum
import functools
import re
import time
from typing import Any

from persistence.gen2types.exceptions import DomainError
from persistence.gen2types.exceptions import RuntimeError as NotValid
from persistence.gen2types.face import Face
from persistence.types.metadata.entry import DateTime as Moment

_SECOND = 10**9
_DAY = 86400 * _SECOND
_EPOCH_MJD = 40587.0  # of 1970-01-01, from which nanoseconds count
_TT = 32_184_000_000  # TT - TAI
# What 64 bits of nanoseconds hold.
_INVALID = -(2**63)
_MAX_DAYS = 106751.99
_START = datetime.datetime(1970, 1, 1)
_ISO = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(?:[.,](\d*))?(Z?)", re.ASCII)


class Scale(enum.IntEnum):
    """The time scales of a date."""

    TAI = 5
    UTC = 6
    TT = 7


class System(enum.IntEnum):
    """The numerical representations of a date."""

    JD = 0
    MJD = 1
    EPOCH = 2


class DateTime(Face[Moment | None]):
    """A moment, to the nanosecond; without arguments, none that is valid.

    Made of nanoseconds since 1970 (`int`), of a date as a number (`float`) in a system, of year,
    month, day, hour, minute and second, or of ISO 8601 text, which ends in ``Z`` if the scale is
    UTC, and only then.

    Raises
    ------
    DomainError
        If a date is not one, or is out of range.
    """

    Timescale = Scale
    DateSystem = System
    TAI, UTC, TT = Scale
    JD, MJD, EPOCH = System
    invalid_nsecs = _INVALID

    def __init__(self, *args: Any, **named: Any) -> None:
        scale = named.pop("scale", Scale.TAI)
        if args and isinstance(args[-1], Scale):
            *args, scale = args  # type: ignore[assignment]
        values = (*args, *(named[name] for name in ("nsecs", "date", "system") if name in named))
        nsecs = _nsecs(values, scale)
        if nsecs != _INVALID and scale == Scale.UTC:
            nsecs += _ahead_of_utc(_text(nsecs), "utc")
        elif nsecs != _INVALID and scale == Scale.TT:
            nsecs -= _TT
        self._ours = None if nsecs == _INVALID else Moment(_text(nsecs))

    @classmethod
    def of(cls, ours: Any) -> DateTime:
        """Return the face of a moment of ours, or of an `astropy.time.Time`."""
        return super().of(
            ours if ours is None or isinstance(ours, Moment) else Moment.from_time(ours)
        )

    def isValid(self) -> bool:
        return self._ours is not None

    def nsecs(self, scale: Scale = Scale.TAI) -> int:
        """Return nanoseconds since 1970 on a scale."""
        if self._ours is None:
            return _INVALID
        nsecs = _nsecs_of_text(self._ours.tai)
        if scale == Scale.UTC:
            return nsecs - _ahead_of_utc(self._ours.tai, "tai")
        return nsecs + _TT if scale == Scale.TT else nsecs

    def get(self, system: System = System.MJD, scale: Scale = Scale.TAI) -> float:
        """Return the date as a number: MJD, JD, or Julian epoch (years).

        Raises
        ------
        RuntimeError
            If the moment is not valid.
        """
        mjd = self._valid(scale) / _DAY + _EPOCH_MJD
        if system == System.MJD:
            return mjd
        jd = mjd + 2400000.5
        return jd if system == System.JD else 2000.0 + (jd - 2451545.0) / 365.25

    def toString(self, scale: Scale = Scale.UTC) -> str:
        """Return the moment in ISO 8601, to the nanosecond."""
        return _text(self._valid(scale)) + ("Z" if scale == Scale.UTC else "")

    def toPython(self, timescale: Scale = Scale.TAI) -> datetime.datetime:
        """Return a `datetime.datetime` without a time zone, to the microsecond."""
        scale = Scale.TAI if timescale is None else timescale
        return _START + datetime.timedelta(microseconds=self._valid(scale) / 1000)

    def toAstropy(self) -> Any:
        """Return an `astropy.time.Time` (TAI)."""
        self._valid(Scale.TAI)
        assert self._ours is not None
        return self._ours.time

    def gmtime(self) -> time.struct_time:
        return time.gmtime(self._valid(Scale.UTC) // _SECOND)

    @classmethod
    def now(cls) -> DateTime:
        return cls(time.time_ns(), Scale.UTC)

    def _valid(self, scale: Scale) -> int:
        if self._ours is None:
            raise NotValid("DateTime() is not valid: it has no date and no text")
        return self.nsecs(scale)

    def __hash__(self) -> int:
        return hash(self._ours)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.nsecs(),)

    def __str__(self) -> str:
        return self.toString(Scale.TAI) if self.isValid() else "DateTime()"

    def __repr__(self) -> str:
        return f'DateTime("{self}", TAI)' if self.isValid() else "DateTime()"


def _nsecs(values: tuple[Any, ...], scale: Scale) -> int:
    """Return the nanoseconds, on the scale, for the arguments of a constructor."""
    first = values[0] if values else _INVALID
    if isinstance(first, str):
        return _nsecs_of_iso(first, scale)
    if len(values) == 6:
        return _nsecs_of_parts(values, "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}".format(*values))
    if isinstance(first, float) and hasattr(first, "real"):
        return _nsecs_of_number(float(first), *values[1:])
    if len(values) > 1 or not hasattr(first, "__index__"):
        raise TypeError(
            f"DateTime() does not accept {values}: nanoseconds have to be int, dates float"
        )
    return int(first)


def _nsecs_of_number(date: float, system: System = System.MJD) -> int:
    mjd = {
        System.MJD: lambda: date,
        System.JD: lambda: date - 2400000.5,
        System.EPOCH: lambda: (date - 2000.0) * 365.25 + 51544.5,
    }[system]()
    if not abs(mjd - _EPOCH_MJD) <= _MAX_DAYS:
        raise DomainError(f"{date!r} ({system.name}) is outside the range of 64-bit nanoseconds")
    return int((mjd - _EPOCH_MJD) * _DAY)


def _nsecs_of_iso(text: str, scale: Scale) -> int:
    match = _ISO.fullmatch(text)
    if match is None or bool(match[8]) is not (scale == Scale.UTC):
        end = "ends in Z" if scale == Scale.UTC else "does not end in Z"
        raise DomainError(
            f"{text!r} is not a date on {scale.name} such as 2020-01-31T23:59:59, which {end}"
        )
    fraction = (match[7] or "").ljust(9, "0")[:9]
    return _nsecs_of_parts(tuple(int(part) for part in match.groups()[:6]), text) + int(fraction)


def _nsecs_of_parts(parts: tuple[int, ...], text: str) -> int:
    *date, second = parts
    try:
        start = datetime.datetime(*date) - _START  # type: ignore[arg-type]
    except ValueError as error:
        raise DomainError(f"{text!r} is not a date: {error}") from None
    if not 0 <= second <= 60:  # a leap second is the 61st
        raise DomainError(f"{text!r} is not a date: second {second} is invalid")
    return (start.days * 86400 + start.seconds + second) * _SECOND


def _nsecs_of_text(text: str) -> int:
    """Return the nanoseconds of text as `Moment` has it."""
    whole, _, fraction = text.partition(".")
    parts = (int(part) for part in re.split("[-T:]", whole))
    return _nsecs_of_parts(tuple(parts), text) + int(fraction)


def _text(nsecs: int) -> str:
    seconds, fraction = divmod(nsecs, _SECOND)
    return f"{(_START + datetime.timedelta(seconds=seconds)).isoformat()}.{fraction:09d}"


@functools.lru_cache(256)
def _ahead_of_utc(text: str, scale: str) -> int:
    """Return by how many nanoseconds TAI is ahead of UTC, at a moment on one of both scales."""
    from astropy.time import Time  # lazy: only needed for UTC

    moment = Time(text, format="isot", scale=scale, precision=9)
    return _nsecs_of_text(str(moment.tai.isot)) - _nsecs_of_text(str(moment.utc.isot))
