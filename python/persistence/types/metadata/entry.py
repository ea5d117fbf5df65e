"""What stands under a name in metadata: values of one type, with a comment. Source: afw-files 5."""

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
    """A moment, to the nanosecond, on the scale TAI.

    Attributes
    ----------
    tai : `str`
        ``2018-09-17T18:53:01.708284000``; fewer digits are filled up.
    """

    tai: str

    def __post_init__(self) -> None:
        match = _ISO.fullmatch(self.tai)
        if match is None:
            raise ValueError(f"{self.tai!r} is no moment of the form 2018-09-17T18:53:01.708284000")
        object.__setattr__(self, "tai", f"{match[1]}.{(match[2] or '').ljust(9, '0')}")

    @classmethod
    def from_time(cls, time: Any) -> DateTime:
        """Take an `astropy.time.Time`, of any scale."""
        exact = time.tai.copy(format="isot")
        exact.precision = 9
        return cls(str(exact.value))

    @property
    def time(self) -> Any:
        """The moment as an `astropy.time.Time`."""
        from astropy.time import Time  # only who asks pays for it

        return Time(self.tai, format="isot", scale="tai", precision=9)

    def __str__(self) -> str:
        return self.tai


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands under a name: values of one type, and a comment."""

    kind: str
    values: tuple[Any, ...]
    comment: str = ""

    @property
    def value(self) -> Any:
        """The value; all of them, in a list, if it is not just one."""
        return self.values[0] if len(self.values) == 1 else list(self.values)

    @classmethod
    def of(cls, value: Any, comment: str = "", kind: str | None = None) -> Entry:
        """Take a value, or a list of them, and find out its type if that is not told.

        Raises
        ------
        TypeError
            If a value is of no type that a property can have, or the values are of several.
        """
        values = tuple(plain(one) for one in _listed(value))
        kind = kind or _widest([_kind(one) for one in values])
        if kind not in KINDS:
            raise TypeError(
                f"a property cannot be a {kind!r}: it is one of {', '.join(sorted(KINDS))}"
            )
        return cls(kind, tuple(_converted(one, kind) for one in values), comment)

    def followed_by(self, other: Entry) -> Entry:
        """Append the values of another entry; its comment counts, if it has one."""
        kind = _widest([self.kind, other.kind])
        values = tuple(_converted(one, kind) for one in self.values + other.values)
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
        raise TypeError(
            f"{reprlib.repr(value)} of {type(value)} is nothing that a property can hold"
        )
    return _BY_TYPE[type(value)]


def _widest(kinds: list[str]) -> str:
    """Give the type that values of some types can share; an undefined one is of any type."""
    known = dict.fromkeys(kind for kind in kinds if kind != "Undef")
    if len(known) <= 1:
        return next(iter(known), "Undef")
    if any(kind not in _NUMBERS for kind in known):
        raise TypeError(f"values of several types cannot share a name: {', '.join(known)}")
    widest = max(known, key=_NUMBERS.index)
    return widest if widest in _INTEGERS else "Double"


# What a value of a type has to be; a Boolean counts as a number nowhere.
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
