"""Entries of metadata: values of one type, with a comment (doc/gen2/afw-files.md 5)."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.dataids.dataid import plain

_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z| ?TAI)?")
# From the narrowest to the widest.
_INTEGERS = ("Char", "Short", "Int", "Long", "LongLong", "UnsignedLongLong")
_NUMBERS = (*_INTEGERS, "Float", "Double")
KINDS = frozenset({"Bool", *_NUMBERS, "String", "DateTime", "PropertySet", "Undef"})


@dataclass(frozen=True, slots=True, order=True)
class DateTime:
    """A time in the scale TAI, with nanoseconds.

    Attributes
    ----------
    tai : `str`
        ``2018-09-17T18:53:01.708284000``; missing digits are added.
    """

    tai: str

    def __post_init__(self) -> None:
        match = _ISO.fullmatch(self.tai)
        if match is None:
            raise ValueError(
                f"{self.tai!r} is not a time of the form 2018-09-17T18:53:01.708284000"
            )
        object.__setattr__(self, "tai", f"{match[1]}.{(match[2] or '').ljust(9, '0')}")

    @classmethod
    def from_time(cls, time: Any) -> DateTime:
        """Return the time of an `astropy.time.Time` of any scale."""
        exact = time.tai.copy(format="isot")
        exact.precision = 9
        return cls(str(exact.value))

    @property
    def time(self) -> Any:
        """The time as an `astropy.time.Time`."""
        from astropy.time import Time  # lazy: rarely needed

        return Time(self.tai, format="isot", scale="tai", precision=9)

    def __str__(self) -> str:
        return self.tai


@dataclass(frozen=True, slots=True)
class Entry:
    """The values of a name, all of one type, and a comment."""

    kind: str
    values: tuple[Any, ...]
    comment: str = ""

    @property
    def value(self) -> Any:
        """The value, or a list unless there is exactly one."""
        return self.values[0] if len(self.values) == 1 else list(self.values)

    @classmethod
    def of(cls, value: Any, comment: str = "", kind: str | None = None) -> Entry:
        """Return the entry of a value, or of a list of values, with their type if ``kind`` is None.

        Raises
        ------
        TypeError
            If a value has no type of a property, or the values have several.
        """
        values = tuple(plain(item) for item in _listed(value))
        kind = kind or _widest([_kind(item) for item in values])
        if kind not in KINDS:
            raise TypeError(
                f"a property cannot be a {kind!r}: it is one of {', '.join(sorted(KINDS))}"
            )
        return cls(kind, tuple(_converted(item, kind) for item in values), comment)

    def followed_by(self, other: Entry) -> Entry:
        """Return an entry with the values of another appended.

        Its comment counts, if there is one.
        """
        kind = _widest([self.kind, other.kind])
        values = tuple(_converted(item, kind) for item in self.values + other.values)
        return Entry(kind, values, other.comment or self.comment)


def _listed(value: Any) -> Iterable[Any]:
    if hasattr(value, "tolist") and len(getattr(value, "shape", ())):
        value = value.tolist()
    return value if isinstance(value, list | tuple) else [value]


_BY_TYPE = {bool: "Bool", float: "Double", str: "String", type(None): "Undef", DateTime: "DateTime"}


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "PropertySet"
    if type(value) is int and -(2**63) <= value < 2**64:
        return (
            "Int"
            if -(2**31) <= value < 2**31
            else "LongLong"
            if value < 2**63
            else "UnsignedLongLong"
        )
    if type(value) not in _BY_TYPE:
        raise TypeError(f"{reprlib.repr(value)} of {type(value)} cannot be the value of a property")
    return _BY_TYPE[type(value)]


def _widest(kinds: list[str]) -> str:
    """Return the type that values of some types can share; undefined values fit every type."""
    known = dict.fromkeys(kind for kind in kinds if kind != "Undef")
    if len(known) <= 1:
        return next(iter(known), "Undef")
    if any(kind not in _NUMBERS for kind in known):
        raise TypeError(f"values of several types cannot share a name: {', '.join(known)}")
    widest = max(known, key=_NUMBERS.index)
    return widest if widest in _INTEGERS else "Double"


# The Python types of each type; a Boolean is never a number.
_MADE_OF: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(_INTEGERS, (int,)),
    "Float": (float, int),
    "Double": (float, int),
    "Bool": (bool,),
    "String": (str,),
    "DateTime": (DateTime,),
    "PropertySet": (Mapping,),
    "Undef": (),
}


def _converted(value: Any, kind: str) -> Any:
    if value is None:
        return None
    wrong = not isinstance(value, _MADE_OF[kind]) or (isinstance(value, bool) and kind != "Bool")
    if wrong or (kind in ("Float", "Double") and value == value and float(value) != value):
        raise TypeError(f"{reprlib.repr(value)} cannot be a {kind}")
    return float(value) if kind in ("Float", "Double") else value
