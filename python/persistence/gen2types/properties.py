"""`PropertySet` and `PropertyList`, by the names of ``lsst.daf.base``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Self

from persistence.gen2types import unwrap, wrap
from persistence.gen2types.exceptions import NotFoundError
from persistence.gen2types.exceptions import OverflowError as TooLarge
from persistence.gen2types.exceptions import TypeError as WrongType
from persistence.gen2types.face import Face
from persistence.types.metadata import property as ours
from persistence.types.metadata.entry import Entry

_INTEGERS = {"Char": 8, "Short": 16, "Int": 32, "Long": 64, "LongLong": 64}
_KINDS = (
    "Bool", "Char", "Short", "Int", "Long", "LongLong", "UnsignedLongLong", "Float", "Double",
    "String", "DateTime", "PropertySet", "Undef",
)  # fmt: skip
# What can be had as another type: getAsInt64 of an Int.
_AS: Mapping[str, tuple[str, ...]] = {
    "Bool": ("Bool",),
    "Int": ("Bool", "Char", "Short", "Int"),
    "Int64": ("Bool", "Char", "Short", "Int", "Long", "LongLong"),
    "UInt64": ("UnsignedLongLong",),
    "Double": (*_INTEGERS, "UnsignedLongLong", "Float", "Double"),
    "String": ("String",),
    "PropertySetPtr": ("PropertySet",),
    "PropertyListPtr": ("PropertySet",),
    "PersistablePtr": ("PropertySet",),
}


class Persistable:
    """The base class of what Gen2 could store, such as properties."""


class PropertySet(Face[ours.PropertySet], Persistable, MutableMapping[str, Any]):
    """A tree of named values. A dot in a name leads into a set below.

    Several values may stand under a name: `get`, `getScalar` and ``[name]`` are the last of them,
    `getArray` is all. For each type there are methods of its own, such as `getInt`, `getArrayInt`,
    `setInt` and `addInt`, which refuse another type, and `TYPE_Int`, which `typeOf` returns.
    """

    _ours: ours.PropertySet

    if TYPE_CHECKING:  # the methods of each type

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, flat: bool = False) -> None:
        self._ours = ours.PropertyList() if flat else ours.PropertySet()

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Return one with the names and values of a mapping."""
        properties = cls()
        properties.update(mapping)
        return properties

    def _entry(self, name: str) -> Entry:
        try:
            return self._ours.entry(name)
        except KeyError:
            raise NotFoundError(f"there is no property {name!r}") from None

    # -- reading
    def getScalar(self, name: str) -> Any:
        return wrap(self._entry(name).values[-1])

    def getArray(self, name: str) -> Any:
        """Return all values of a name; of a set below, the set itself."""
        entry = self._entry(name)
        return wrap(entry.values[-1] if entry.kind == "PropertySet" else list(entry.values))

    def get(self, name: str, default: Any = None) -> Any:
        return self.getScalar(name) if self.exists(name) else default

    def exists(self, name: str) -> bool:
        return name in self._ours

    def typeOf(self, name: str) -> str:
        return self._entry(name).kind

    def isArray(self, name: str) -> bool:
        return self.exists(name) and self.valueCount(name) > 1

    def isUndefined(self, name: str) -> bool:
        return self.exists(name) and self.typeOf(name) == "Undef"

    def isPropertySetPtr(self, name: str) -> bool:
        return self.exists(name) and self.typeOf(name) == "PropertySet"

    def valueCount(self, name: str | None = None) -> int:
        """Return how many values a name has; without one, all names together."""
        if name is None:
            return sum(self.valueCount(each) for each in self.names(False))
        return len(self._entry(name).values) if self.exists(name) else 0

    def names(self, topLevelOnly: bool = True) -> list[str]:
        return self._ours.names(topLevelOnly)

    def nameCount(self, topLevelOnly: bool = True) -> int:
        return len(self.names(topLevelOnly))

    def paramNames(self, topLevelOnly: bool = True) -> list[str]:
        return self._ours.paramNames(topLevelOnly)

    def propertySetNames(self, topLevelOnly: bool = True) -> list[str]:
        return self._ours.propertySetNames(topLevelOnly)

    def toDict(self) -> dict[str, Any]:
        return {name: self._plain(name) for name in self}

    def _plain(self, name: str) -> Any:
        value = self.getArray(name)
        if isinstance(value, PropertySet):
            return value.toDict()
        return value[0] if len(value) == 1 else value

    # -- writing
    def set(self, name: str, value: Any) -> None:
        """Set a value, or a list of values, replacing the existing ones."""
        self._put(self._ours.set, name, value)

    def add(self, name: str, value: Any) -> None:
        """Append a value, or several, to those under a name.

        Raises
        ------
        TypeError
            If they are of another type than those that are there.
        """
        self._put(self._ours.add, name, value)

    def _put(
        self, put: Callable[..., None], name: str, value: Any, kind: str | None = None, **more: str
    ) -> None:
        bits = _INTEGERS.get(kind or "")
        numbers = value if isinstance(value, list | tuple) else [value]
        whole = [number for number in numbers if hasattr(number, "__index__")]
        if bits and not all(-(2 ** (bits - 1)) <= number < 2 ** (bits - 1) for number in whole):
            raise TooLarge(f"{name!r}: {value!r} does not fit in {kind}")
        try:
            put(name, unwrap(value), kind=kind, **more)
        except TypeError as error:
            raise WrongType(f"{name!r}: {error}") from None

    def update(self, addition: Any = (), /, **more: Any) -> None:
        """Copy names and values, replacing the existing ones."""
        if isinstance(addition, PropertySet):
            for name in addition:
                self.copy(name, addition, name)
        else:
            for name, value in dict(addition, **more).items():
                self[name] = value

    def combine(self, source: PropertySet) -> None:
        """Append all values of another set to those here."""
        for name in source.paramNames(False):
            entry = source._entry(name)
            self._put(
                self._ours.add, name, list(entry.values), entry.kind, **source._commented(name)
            )

    def copy(self, dest: str, source: PropertySet, name: str, asScalar: bool = False) -> None:
        """Copy the values of a name in another set."""
        entry = source._entry(name)
        values = entry.values[-1:] if asScalar else entry.values
        copies = [
            value.copy() if isinstance(value, ours.PropertySet) else value for value in values
        ]
        self._put(self._ours.set, dest, copies, entry.kind, comment=entry.comment)

    def remove(self, name: str) -> None:
        self._ours.remove(name)

    def deepCopy(self) -> Self:
        return self.of(self._ours.copy())

    def _commented(self, name: str) -> dict[str, str]:
        return {"comment": self._entry(name).comment}

    # -- a mapping of what is at the top
    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __getitem__(self, name: str) -> Any:
        return self.getScalar(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise NotFoundError(f"there is no property {name!r}")
        self._ours.remove(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return self.nameCount()

    def __copy__(self) -> Self:
        return self.deepCopy()

    def toString(self, topLevelOnly: bool = False, indent: str = "") -> str:
        """Return a line for each name; nested names have two dots before them."""
        lines = []
        for name in self.names():
            value = self.getArray(name)
            if not isinstance(value, PropertySet):
                texts = [f'"{each}"' if isinstance(each, str) else str(each) for each in value]
                text = ", ".join(texts)
                lines.append(f"{name} = {text}" if len(texts) == 1 else f"{name} = [ {text} ]")
            elif topLevelOnly:
                lines.append(f"{name} = {{ ... }}")
            else:
                lines.append(f"{name} = {{\n{value.toString(indent=f'{indent}..')}{indent}}}")
        return "".join(f"{indent}{line}\n" for line in lines)

    def __str__(self) -> str:
        return self.toString()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.toDict()!r})"


class PropertyList(PropertySet):
    """Named values in order, with comments, as a FITS header has them."""

    COMMENTSUFFIX = "#COMMENT"

    def __init__(self) -> None:
        super().__init__(flat=True)

    def set(self, name: str, value: Any, comment: str = "") -> None:
        self._put(self._ours.set, name, value, comment=comment)

    def add(self, name: str, value: Any, comment: str = "") -> None:
        self._put(self._ours.add, name, value, comment=comment)

    def getComment(self, name: str) -> str:
        return self._entry(name).comment

    def setComment(self, name: str, comment: str) -> None:
        entry = self._entry(name)
        self._ours.set(name, list(entry.values), comment, entry.kind)

    def getOrderedNames(self) -> list[str]:
        return self.names()

    def toList(self) -> list[tuple[str, Any, str]]:
        """Return name, value and comment of each value."""
        return [
            (name, value, self.getComment(name)) for name in self for value in self.getArray(name)
        ]

    def toOrderedDict(self) -> dict[str, Any]:
        return self.toDict()

    def __setitem__(self, name: str, value: Any) -> None:
        """Put a value, or with the suffix ``#COMMENT`` a comment."""
        if name.endswith(self.COMMENTSUFFIX):
            self.setComment(name.removesuffix(self.COMMENTSUFFIX), value)
        else:
            self.set(name, value)

    def toString(self, topLevelOnly: bool = False, indent: str = "") -> str:
        lines = super().toString(topLevelOnly, indent).splitlines()
        comments = [self.getComment(name) for name in self.names()]
        pairs = zip(lines, comments, strict=True)
        return "".join(f"{line}{f' // {word}' if word else ''}\n" for line, word in pairs)


def _reader(kind: str) -> Callable[..., Any]:
    def read(self: PropertySet, name: str, *default: Any) -> Any:
        if default and not self.exists(name):
            return default[0]
        return wrap(_of_kind(self, name, (kind,)).values[-1])

    return read


def _array_reader(kind: str) -> Callable[..., Any]:
    def read(self: PropertySet, name: str) -> Any:
        return wrap(list(_of_kind(self, name, (kind,)).values))

    return read


def _writer(kind: str, verb: str) -> Callable[..., None]:
    def write(self: PropertySet, name: str, value: Any, comment: str = "") -> None:
        self._put(getattr(self._ours, verb), name, value, kind, comment=comment)

    return write


def _converter(word: str) -> Callable[..., Any]:
    def read(self: PropertySet, name: str) -> Any:
        value = _of_kind(self, name, _AS[word]).values[-1]
        return wrap(value if word not in _CONVERT else _CONVERT[word](value))

    return read


_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "Bool": bool,
    "Int": int,
    "Int64": int,
    "UInt64": int,
    "Double": float,
}


def _of_kind(properties: PropertySet, name: str, kinds: tuple[str, ...]) -> Entry:
    entry = properties._entry(name)
    if entry.kind not in kinds:
        raise WrongType(f"{name!r} is a {entry.kind}, not a {' or '.join(kinds)}")
    return entry


for _kind in _KINDS:
    setattr(PropertySet, f"TYPE_{_kind}", _kind)
    setattr(PropertySet, f"get{_kind}", _reader(_kind))
    setattr(PropertySet, f"getArray{_kind}", _array_reader(_kind))
    setattr(PropertySet, f"set{_kind}", _writer(_kind, "set"))
    setattr(PropertySet, f"add{_kind}", _writer(_kind, "add"))
for _word in _AS:
    setattr(PropertySet, f"getAs{_word}", _converter(_word))
