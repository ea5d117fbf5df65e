"""`Schema`: the fields of a table, in their order, with other names for them."""

from __future__ import annotations

import fnmatch
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from persistence.errors import did_you_mean
from persistence.gen2types import exceptions
from persistence.gen2types.exceptions import InvalidParameterError, NotFoundError
from persistence.gen2types.table.aliasmap import AliasMap
from persistence.gen2types.table.keys import ARRAYS, TYPES, Field, Key

# Bytes of a word of flags in afw's records.
_WORD = 8


class SchemaItem(NamedTuple):
    """A field, and the key that leads to it."""

    key: Key
    field: Field

    def getKey(self) -> Key:
        return self.key

    def getField(self) -> Field:
        return self.field


class Schema:
    """The fields of a table.

    Parameters
    ----------
    other : `Schema`, optional
        A schema to copy.

    Notes
    -----
    Two schemas are equal if their fields are of the same types, in the same order; `compare` can
    ask for more.
    """

    VERSION: ClassVar[int] = 3
    EQUAL_KEYS: ClassVar[int] = 0x01
    EQUAL_NAMES: ClassVar[int] = 0x02
    EQUAL_DOCS: ClassVar[int] = 0x04
    EQUAL_UNITS: ClassVar[int] = 0x08
    EQUAL_FIELDS: ClassVar[int] = 0x0F
    EQUAL_ALIASES: ClassVar[int] = 0x10
    IDENTICAL: ClassVar[int] = 0x1F

    def __init__(self, other: Schema | None = None) -> None:
        self._items: dict[str, SchemaItem] = {} if other is None else dict(other._items)
        self._aliases: AliasMap = AliasMap() if other is None else other._aliases
        self._size: int = 0 if other is None else other._size
        self._layout: tuple[Any, ...] = ()
        # The word of flags that is being filled: where it lies, and how many it has.
        self._flags: tuple[int, int] = (0, 0) if other is None else other._flags

    # -- adding fields
    def addField(
        self,
        field: str | Field,
        type: Any = None,
        doc: str = "",
        units: str = "",
        size: int | None = None,
        doReplace: bool = False,
        parse_strict: str = "raise",
    ) -> Key:
        """Add a field.

        Parameters
        ----------
        field : `str` or `Field`
            Its name, or all of it.
        type : `str` or `type`, optional
            ``'F'``, ``'Angle'``, ``'ArrayD'``, ``numpy.float32`` ...
        doc, units : `str`, optional
            Its description, and its unit.
        size : `int`, optional
            The number of elements of an array, or of letters.
        doReplace : `bool`, optional
            Whether to replace the words of a field of this name and type.
        parse_strict : `str`, optional
            How to treat a unit that astropy does not know.

        Raises
        ------
        InvalidParameterError
            If there is a field of this name.
        TypeError
            If it is to be replaced by one of another type or size.
        """
        if isinstance(field, Field):
            return self._add(field, doReplace)
        return self._add(Field[type](field, doc, units, size, parse_strict), doReplace)

    def _add(self, field: Field, doReplace: bool) -> Key:
        name = field.getName()
        if name not in self._items:
            key = self._next_key(field)
            self._items[name] = SchemaItem(key, field)
            return key
        there = self._items[name]
        if not doReplace:
            raise InvalidParameterError(f"Field with name '{name}' already present in schema.")
        if (there.field.kind, there.field.getSize()) != (field.kind, field.getSize()):
            raise exceptions.TypeError(
                f"Cannot replace field '{name}' of type {there.field.kind} with one of type "
                f"{field.kind}."
            )
        self._items[name] = SchemaItem(there.key, field)
        return there.key

    def _next_key(self, field: Field) -> Key:
        kind, size = field.kind, field.getSize()
        if kind == "Flag":
            offset, bit = self._flags
            if bit % 64 == 0:
                offset, bit = self._take(_WORD, _WORD), 0
            self._flags = (offset, bit + 1)
            flag: Key = Key[kind](field.getName(), 1, offset, bit)
            return flag
        width = 1 if kind == "String" else np.dtype(TYPES[kind]).itemsize
        count = size if kind in ARRAYS or kind == "String" else 1
        variable = count == 0
        offset = self._take(16 if variable else width * count, _WORD if variable else width)
        key: Key = Key[kind](field.getName(), size, offset)
        return key

    def _take(self, width: int, step: int) -> int:
        offset = -(-self._size // step) * step
        self._size = offset + width
        return offset

    def replaceField(self, key: Key, field: Field) -> None:
        """Replace the name, description and unit of a field."""
        changed = {}
        for name, item in self._items.items():
            ours = name == key.name
            changed[field.getName() if ours else name] = (
                SchemaItem(Key[item.key.kind](field.getName(), *item.key._state()[1:]), field)
                if ours
                else item
            )
        if key.name not in self._items:
            raise NotFoundError(f"Field or subfield with key {key} not found.")
        self._items = changed
        self._layout = ()

    # -- looking fields up
    def resolve(self, name: str) -> str:
        """Return the field that a name or an alias leads to.

        Raises
        ------
        NotFoundError
            If it leads to none.
        """
        if name in self._items:
            return name
        real = self._aliases.apply(name)
        if real not in self._items:
            near = did_you_mean(name, [*self._items, *self._aliases])
            raise NotFoundError(f"Field or subfield with name '{name}' not found{near}")
        return real

    def find(self, name: str | Key) -> SchemaItem:
        """Return the field of a name, an alias or a key.

        Raises
        ------
        NotFoundError
            If there is no such field.
        """
        return self._items[self.resolve(name.name if isinstance(name, Key) else name)]

    def __getitem__(self, name: str) -> SubSchema:
        return SubSchema(self, name)

    def __contains__(self, item: object) -> bool:
        if isinstance(item, Key):
            return item.name in self._items and self._items[item.name].key == item
        return isinstance(item, str) and self._leads(item)

    def _leads(self, name: str) -> bool:
        return name in self._items or self._aliases.apply(name) in self._items

    def contains(self, other: Any, flags: int = 0x01) -> bool:
        """Return whether this schema begins with the fields of another, or has a field."""
        if isinstance(other, SchemaItem):
            there = self._items.get(other.field.getName())
            return there is not None and not flags & ~_equal(there, other)
        ours = list(self._items.values())[: len(other)]
        return len(ours) == len(other) and not flags & ~self._compared(ours, other)

    def compare(self, other: Schema, flags: int = 0x01) -> int:
        """Return the flags of the requested properties in which two schemas agree.

        0 if their lengths differ.
        """
        same = self._compared(self, other)
        return flags & (same if len(self) == len(other) else same & Schema.EQUAL_ALIASES)

    def _compared(self, ours: Iterable[SchemaItem], other: Schema) -> int:
        same = Schema.EQUAL_FIELDS
        for mine, theirs in zip(ours, other._items.values(), strict=False):
            same &= _equal(mine, theirs)
        return same | (Schema.EQUAL_ALIASES if dict(self._aliases) == dict(other._aliases) else 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return NotImplemented
        return len(self) == len(other) and bool(self._compared(self, other) & Schema.EQUAL_KEYS)

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def layout(self) -> tuple[Any, ...]:
        """Return the names and types of the fields, which are equal where records are alike."""
        if len(self._layout) != len(self._items):
            self._layout = tuple(
                (name, item.field.kind, item.field.getSize()) for name, item in self._items.items()
            )
        return self._layout

    # -- names
    def __iter__(self) -> Iterator[SchemaItem]:
        return iter(list(self._items.values()))

    def __len__(self) -> int:
        return len(self._items)

    def getNames(self, topOnly: bool = False) -> set[str]:
        """Return the names of the fields, or what they have before the first underscore."""
        return {name.partition("_")[0] if topOnly else name for name in self._items}

    def getOrderedNames(self) -> list[str]:
        return list(self._items)

    def getFieldCount(self) -> int:
        return len(self._items)

    def getRecordSize(self) -> int:
        return -(-self._size // _WORD) * _WORD

    def getFlagFieldCount(self) -> int:
        return sum(item.field.kind == "Flag" for item in self)

    def getNonFlagFieldCount(self) -> int:
        return len(self) - self.getFlagFieldCount()

    def forEach(self, function: Any) -> None:
        for item in self:
            function(item)

    def asList(self) -> list[SchemaItem]:
        return list(self)

    def join(self, *names: str) -> str:
        return "_".join(names)

    def extract(
        self, *patterns: str, regex: Any = None, sub: str | None = None, ordered: bool = False
    ) -> dict[str, SchemaItem]:
        """Return the fields whose names or aliases match one of some patterns.

        Parameters
        ----------
        *patterns : `str`
            As of files: ``base_*_flag``.
        regex : `str`, optional
            A regular expression for the beginnings of names.
        sub : `str`, optional
            What the names that match ``regex`` become.
        ordered : `bool`, optional
            The result is in the schema's order in any case.
        """
        if sub is not None and regex is None:
            raise ValueError("the argument 'sub' of extract needs 'regex'")
        chosen = {}
        for real, item in self._items.items():
            others = [
                real.replace(target, alias, 1)
                for alias, target in self._aliases.items()
                if real.startswith(target)
            ]
            for name in (real, *others):
                match = None if regex is None else re.match(regex, name)
                if match is not None:
                    chosen[name if sub is None else match.expand(sub)] = item
                elif any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                    chosen[name] = item
        return chosen

    # -- aliases
    def getAliasMap(self) -> AliasMap:
        return self._aliases

    def setAliasMap(self, aliases: AliasMap | None) -> None:
        self._aliases = AliasMap() if aliases is None else aliases

    def disconnectAliases(self) -> None:
        """Replace the map of aliases by a copy of its own."""
        self._aliases = AliasMap(self._aliases)

    def checkUnits(self, parse_strict: str = "raise") -> None:
        """Raise an error if astropy does not know the unit of a field.

        Raises
        ------
        ValueError
            If there is such a field.
        """
        from astropy.units import Unit  # lazy: rarely needed

        for item in self:
            Unit(item.field.getUnits(), parse_strict=parse_strict)

    @classmethod
    def readFits(cls, path: str, hdu: int = 1) -> Schema:
        """Read the fields of a table in a file."""
        # By name: what reads files needs schemas.
        files = importlib.import_module("persistence.gen2types.table.files")
        schema: Schema = files.read_schema(path, hdu)
        return schema

    def __reduce__(self) -> tuple[Any, ...]:
        return _schema, (tuple(item.field for item in self), dict(self._aliases))

    def __copy__(self) -> Schema:
        return Schema(self)

    def __deepcopy__(self, memo: Any) -> Schema:
        copied = Schema(self)
        copied.disconnectAliases()
        return copied

    def __repr__(self) -> str:
        lines = [f"    ({item.field}, {item.key})," for item in self]
        lines += [f"    '{alias}'->'{target}'" for alias, target in self._aliases.items()]
        return "Schema(\n" + "\n".join(lines) + "\n)\n"


class SubSchema:
    """The fields of a schema with a common prefix: ``schema['base_PsfFlux']['instFlux']``."""

    def __init__(self, schema: Schema, prefix: str) -> None:
        self._schema = schema
        self._prefix = prefix

    def __getitem__(self, name: str) -> SubSchema:
        return SubSchema(self._schema, f"{self._prefix}_{name}")

    def find(self, name: str) -> SchemaItem:
        return self._schema.find(f"{self._prefix}_{name}")

    def asKey(self) -> Key:
        return self._schema.find(self._prefix).key

    def asField(self) -> Field:
        return self._schema.find(self._prefix).field

    def getPrefix(self) -> str:
        return self._prefix

    def join(self, *names: str) -> str:
        return "_".join(names)

    def _names(self) -> list[str]:
        start = self._schema.getAliasMap().apply(self._prefix) + "_"
        names = self._schema.getOrderedNames()
        return [name.removeprefix(start) for name in names if name.startswith(start)]

    def getNames(self, topOnly: bool = False) -> set[str]:
        return {name.partition("_")[0] if topOnly else name for name in self._names()}

    def getOrderedNames(self, topOnly: bool = False) -> list[str]:
        names = self._names()
        return list(dict.fromkeys(name.partition("_")[0] if topOnly else name for name in names))


def _equal(mine: SchemaItem, theirs: SchemaItem) -> int:
    """Return the flags of the properties in which two fields agree."""
    pairs = (
        (Schema.EQUAL_KEYS, mine.key == theirs.key),
        (Schema.EQUAL_NAMES, mine.field.getName() == theirs.field.getName()),
        (Schema.EQUAL_DOCS, mine.field.getDoc() == theirs.field.getDoc()),
        (Schema.EQUAL_UNITS, mine.field.getUnits() == theirs.field.getUnits()),
    )
    return sum(flag for flag, same in pairs if same)


def _schema(fields: Iterable[Field], others: Mapping[str, str]) -> Schema:
    schema = Schema()
    for field in fields:
        schema.addField(field)
    schema._aliases.update(others)
    return schema
