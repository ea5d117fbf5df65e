"""`Key` and `Field`: the identity of a column of a table, and its description.

Each has one class for each of afw's types of fields, ``Key['F']``, as in Gen2's scripts.
"""

from __future__ import annotations

import builtins
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.angle import Angle
from persistence.gen2types.exceptions import LengthError, LogicError

# afw's types of fields -> numpy's. Source: doc/gen2/afw-files.md, 3.1.
SCALARS: dict[str, str] = {
    "B": "u1",
    "U": "u2",
    "I": "i4",
    "L": "i8",
    "F": "f4",
    "D": "f8",
    "Angle": "f8",
    "Flag": "?",
    "String": "U",
}
ARRAYS: dict[str, str] = {f"Array{letter}": SCALARS[letter] for letter in "BUIFD"}
TYPES: dict[str, str] = SCALARS | ARRAYS
# What else scripts call the types.
_OTHER_NAMES: dict[Any, str] = {
    np.uint8: "B",
    np.uint16: "U",
    np.int32: "I",
    np.int64: "L",
    np.float32: "F",
    np.float64: "D",
    float: "D",
    int: "L",
    str: "String",
    bool: "Flag",
    Angle: "Angle",
    "float": "F",
    "double": "D",
    "int": "I",
    "long": "L",
}


def type_name(given: Any) -> str:
    """Return afw's name of a field type.

    Parameters
    ----------
    given : `str` or `type`
        Its letter or name, or the type of Python or numpy.

    Raises
    ------
    TypeError
        If tables have no fields of this type.
    """
    if isinstance(given, str) and given in TYPES:
        return given
    try:
        return _OTHER_NAMES[given]
    except (KeyError, TypeError):
        pass
    try:
        dtype = np.dtype(given)
        return next(name for name, code in SCALARS.items() if np.dtype(code) == dtype)
    except (TypeError, StopIteration):
        raise TypeError(
            f"unknown type of a field, {given!r}; the types are {', '.join(TYPES)}"
        ) from None


class _OfTypes(type):
    """Classes of which there is one for each type of fields: ``Key['F']``."""

    by_type: dict[str, Any]

    def __getitem__(cls, given: Any) -> Any:
        return cls.by_type[type_name(given)]


class Key(metaclass=_OfTypes):
    """Which field of a record: ``record.get(key)``, ``catalog[key]``.

    Parameters
    ----------
    name : `str`, optional
        The field. A key without one is invalid.
    size : `int`, optional
        The number of elements of an array, or of letters; 0 if it differs from row to row.
    offset, bit : `int`, optional
        The position of the field in a record of afw's, in bytes; and the bit of a flag.
    part : `int` or `slice`, optional
        Which elements of an array.
    """

    __slots__ = ("_bit", "_offset", "_size", "name", "part")
    kind: ClassVar[str] = ""

    def __init__(
        self,
        name: str = "",
        size: int = 1,
        offset: int = -1,
        bit: int = 0,
        part: int | slice | None = None,
    ) -> None:
        self.name = name
        self.part = part
        self._size = size
        self._offset = offset
        self._bit = bit

    def isValid(self) -> bool:
        return bool(self.name)

    def checked(self) -> Self:
        """Return the key itself, if it is valid.

        Raises
        ------
        LogicError
            If it leads to no field.
        """
        if not self.name:
            raise LogicError(
                "Key is not valid (if this is a SourceRecord, make sure slot aliases have been "
                "setup)."
            )
        return self

    def getTypeString(self) -> str:
        return self.kind

    def getOffset(self) -> int:
        return self._offset

    def getBit(self) -> int:
        return self._bit

    def getSize(self) -> int:
        return self._size

    def getElementCount(self) -> int:
        return self._size if self.kind in ARRAYS or self.kind == "String" else 1

    def isVariableLength(self) -> bool:
        return self._size == 0

    @property
    def subfields(self) -> tuple[int, ...] | None:
        """The numbers of an array's elements; None for a single value."""
        return tuple(range(self._size)) if self.kind in ARRAYS else None

    def slice(self, begin: int, end: int) -> Key:
        """Return the key of some elements of an array."""
        return self[begin:end]

    def __getitem__(self, item: int | builtins.slice) -> Key:
        """Return the key of one element of an array, or of some."""
        if self.kind not in ARRAYS:
            raise TypeError(f"{self.name!r} is not an array field: its type is {self.kind}")
        if not self._size:
            raise LogicError(
                f"arrays of {self.name!r} differ in length, so their elements have no keys"
            )
        width = np.dtype(ARRAYS[self.kind]).itemsize
        chosen = range(self._size)[item]
        first = self.part.start if isinstance(self.part, slice) else 0
        if isinstance(chosen, int):
            scalar = self.kind.removeprefix("Array")
            offset = self._offset + width * chosen
            key: Key = Key[scalar](self.name, 1, offset, part=first + chosen)
            return key
        if chosen.step != 1:
            raise LengthError(f"a slice of {self.name!r} must have step 1, not be {item}")
        part = slice(first + chosen.start, first + chosen.stop)
        offset = self._offset + width * chosen.start
        return type(self)(self.name, len(chosen), offset, part=part)

    def of(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return the part of a column that the key selects: all of it, or elements of its cells."""
        return column if self.part is None else column[:, self.part]

    def _state(self) -> tuple[Any, ...]:
        return self.kind, self._size, self._offset, self._bit

    def __eq__(self, other: object) -> bool:
        return self._state() == other._state() if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._state())

    def __reduce__(self) -> tuple[Any, ...]:
        return _key, (self.kind, self.name, self._size, self._offset, self._bit, self.part)

    def _place(self) -> str:
        flag = self.kind == "Flag"
        more = f"bit={self._bit}" if flag else f"nElements={self.getElementCount()}"
        return f"offset={self._offset}, {more}"

    def __str__(self) -> str:
        return f"Key<{self.kind}>({self._place()})"

    def __repr__(self) -> str:
        return f"Key['{self.kind}']({self._place()})"


def _key(kind: str, *state: Any) -> Key:
    key: Key = Key[kind](*state)
    return key


class Field(metaclass=_OfTypes):
    """The description of a column: its name, its purpose, its unit.

    Parameters
    ----------
    name, doc, units : `str`
        As they are written in a table's header.
    size : `int`, optional
        The number of elements of an array, or of letters; 0 means that it differs from row to row,
        as it does for arrays if absent. Texts need one.
    parse_strict : `str`, optional
        How to treat a unit that astropy does not know: ``raise``, ``warn`` or ``silent``.

    Raises
    ------
    ValueError
        If the unit is unknown, or a size is missing or not wanted.
    """

    __slots__ = ("_doc", "_name", "_size", "_units")
    kind: ClassVar[str] = ""

    def __init__(
        self,
        name: str,
        doc: str = "",
        units: str = "",
        size: int | None = None,
        parse_strict: str = "raise",
    ) -> None:
        if units and parse_strict != "silent":
            from astropy.units import Unit  # lazy: fields of files are not checked

            Unit(units, parse_strict=parse_strict)
        sized = self.kind in ARRAYS or self.kind == "String"
        if self.kind == "String" and size is None:
            raise LengthError(f"Size must be provided when constructing the string field {name!r}.")
        if not sized and size not in (None, 1):
            raise LengthError(f"a field of type {self.kind} takes no size: {name!r}")
        self._name, self._doc, self._units = name, doc, units
        self._size = int(not sized) if size is None else int(size)

    def getName(self) -> str:
        return self._name

    def getDoc(self) -> str:
        return self._doc

    def getUnits(self) -> str:
        return self._units

    def getTypeString(self) -> str:
        return self.kind

    def getSize(self) -> int:
        return self._size

    def getElementCount(self) -> int:
        return self._size if self.kind in ARRAYS or self.kind == "String" else 1

    def isVariableLength(self) -> bool:
        return self._size == 0

    @property
    def dtype(self) -> Any:
        """Numpy's type, or Python's."""
        return {"String": str, "Flag": "Flag", "Angle": Angle}.get(
            self.kind, np.dtype(TYPES[self.kind]).type
        )

    def copyRenamed(self, newName: str) -> Field:
        return type(self)(newName, self._doc, self._units, self._size, "silent")

    def _state(self) -> tuple[Any, ...]:
        return self._name, self._doc, self._units, self._size

    def __eq__(self, other: object) -> bool:
        same = type(self) is type(other) and isinstance(other, Field)
        return self._state() == other._state() if same else NotImplemented  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((self.kind, *self._state()))

    def __reduce__(self) -> tuple[Any, ...]:
        return _field, (self.kind, *self._state(), "silent")

    def __repr__(self) -> str:
        words = [f'name="{self._name}"']
        cards = {"doc": self._doc, "units": self._units}
        words += [f'{name}="{text}"' for name, text in cards.items() if text]
        words += [f"size={self._size}"] if self.kind in ARRAYS or self.kind == "String" else []
        return f"Field['{self.kind}']({', '.join(words)})"


def _field(kind: str, *state: Any) -> Field:
    field: Field = Field[kind](*state)
    return field


for _class in (Key, Field):
    _class.by_type = {
        name: _OfTypes(
            f"{_class.__name__}{name}",
            (_class,),
            {"kind": name, "__slots__": (), "__module__": __name__, "__doc__": _class.__doc__},
        )
        for name in TYPES
    }
