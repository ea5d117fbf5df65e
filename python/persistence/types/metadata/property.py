"""Metadata: `PropertySet`, a tree of values, and `PropertyList`, flat and ordered.

Both are mappings that know the type of each entry, as Gen2's of ``lsst.daf.base`` did. Source:
afw-files 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, ClassVar

from persistence import notebook
from persistence.notebook import Html
from persistence.types.metadata.entry import Entry


class PropertySet(MutableMapping[str, Any]):
    """A tree of named values. A dot in a name leads into a set below.

    What stands under a name is one value, a list of several of the same type, or another set.

    Parameters
    ----------
    values : mapping, optional
        Names and values.
    lost : iterable of `str`, optional
        What could not be read of the file that it came from.

    Attributes
    ----------
    lost : `tuple` [`str`]
        The names that the file held and this does not; ``?`` for each whose name is not known
        either.

    Notes
    -----
    Unlike Gen2's ``get``, that of this mapping gives all values of a name; `getScalar` gives the
    last.
    """

    shareable: ClassVar[bool] = True  # see persistence.composites.cache.can_be_shared
    _flat = False

    def __init__(self, values: Mapping[str, Any] = {}, lost: Iterable[str] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self.lost = tuple(lost)
        for name, value in values.items():
            self[name] = value

    # -- a mapping
    # -------------------------------------------------------------------------------------

    def entry(self, name: str) -> Entry:
        """Give all that stands under a name: type, values, comment.

        Raises
        ------
        KeyError
            If the name is not there.
        """
        found = self._entries.get(name)
        if found is not None:
            return found
        head, _, rest = name.partition(".")
        above = self._entries.get(head)
        if not rest or above is None or above.kind != "PropertySet":
            raise KeyError(name)
        try:
            below: Entry = above.values[-1].entry(rest)
        except KeyError:
            raise KeyError(name) from None
        return below

    def __getitem__(self, name: str) -> Any:
        return self.entry(name).value

    def __setitem__(self, name: str, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self.entry(name)  # which knows names of all levels
        if name in self._entries:
            del self._entries[name]
            return
        head, _, rest = name.partition(".")
        del self._entries[head].values[-1][rest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        """Compare types, values and comments with another set.

        Values alone with a mapping of another kind.
        """
        if isinstance(other, PropertySet):
            return type(self) is type(other) and self._entries == other._entries
        return self.toDict() == dict(other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        lost = f", lost={self.lost!r}" if self.lost else ""
        return f"{type(self).__name__}({self.toDict()!r}{lost})"

    def _ipython_key_completions_(self) -> list[str]:
        return self.names(topLevelOnly=False)

    @notebook.shows
    def _repr_html_(self) -> Html:
        lost = f"; {len(self.lost)} entries could not be read" if self.lost else ""
        first = notebook.title(type(self).__name__, f"of {len(self)} entries{lost}")
        return notebook.join([first, self._table()])

    def _table(self) -> Html:
        """Return the entries as a table, sets below in tables of their own."""
        rows = []
        for name, entry in self._entries.items():
            value: Any = repr(entry.value)
            if entry.kind == "PropertySet":
                below: PropertySet = entry.values[-1]
                value = notebook.details(f"{len(below)} entries", below._table())
            rows.append((notebook.tag("b", name), entry.kind, value, entry.comment))
        return notebook.table(rows, ["name", "type", "value", "comment"])

    # -- types and comments
    # ----------------------------------------------------------------------------

    def type_of(self, name: str) -> str:
        """Give the type of what stands under a name: ``Int``, ``Double``, ``String``, ..."""
        return self.entry(name).kind

    def comment(self, name: str) -> str:
        """Give the comment of an entry."""
        return self.entry(name).comment

    def set(self, name: str, value: Any, comment: str = "", kind: str | None = None) -> None:
        """Put a value, or a list of them, under a name, in place of what is there.

        Raises
        ------
        TypeError
            If it is of no type that a property can have.
        """
        self._place(name, Entry.of(_dressed(value), comment, kind))

    def add(self, name: str, value: Any, comment: str = "", kind: str | None = None) -> None:
        """Append a value, or several, to those under a name."""
        new = Entry.of(_dressed(value), comment, kind)
        self._place(name, self.entry(name).followed_by(new) if name in self else new)

    def _place(self, name: str, entry: Entry) -> None:
        head, _, rest = name.partition(".")
        if not rest or self._flat:
            self._entries[name] = entry
            return
        above = self._entries.setdefault(head, Entry("PropertySet", (PropertySet(),)))
        if above.kind != "PropertySet":
            raise TypeError(
                f"{name!r} cannot be set: {head!r} is a {above.kind}, and nothing lies below it"
            )
        above.values[-1]._place(rest, entry)

    # -- Gen2's names
    # ----------------------------------------------------------------------------------

    def getScalar(self, name: str) -> Any:
        return self.entry(name).values[-1]

    def getArray(self, name: str) -> list[Any]:
        return list(self.entry(name).values)

    def getPropertySet(self, name: str) -> PropertySet:
        """Return the set under a name.

        Raises
        ------
        KeyError
            If the name is not there.
        TypeError
            If something else stands there.
        """
        entry = self.entry(name)
        if entry.kind != "PropertySet":
            raise TypeError(f"{name!r} is a {entry.kind}, not a PropertySet")
        below: PropertySet = entry.values[-1]
        return below

    def exists(self, name: str) -> bool:
        return name in self

    def typeOf(self, name: str) -> str:
        return self.type_of(name)

    def isArray(self, name: str) -> bool:
        return self.valueCount(name) > 1

    def valueCount(self, name: str) -> int:
        return len(self.entry(name).values)

    def names(self, topLevelOnly: bool = True) -> list[str]:
        return [name for name, _entry in self._walk(not topLevelOnly)]

    def paramNames(self, topLevelOnly: bool = True) -> list[str]:
        return [name for name, entry in self._walk(not topLevelOnly) if entry.kind != "PropertySet"]

    def propertySetNames(self, topLevelOnly: bool = True) -> list[str]:
        return [name for name, entry in self._walk(not topLevelOnly) if entry.kind == "PropertySet"]

    def remove(self, name: str) -> None:
        self.pop(name, None)

    def toDict(self) -> dict[str, Any]:
        return {name: _undressed(entry.value) for name, entry in self._entries.items()}

    def copy(self) -> PropertySet:
        """Copy the set and all below it."""
        again = type(self)(lost=self.lost)
        for name, entry in self._entries.items():
            values = tuple(
                one.copy() if isinstance(one, PropertySet) else one for one in entry.values
            )
            again._entries[name] = Entry(entry.kind, values, entry.comment)
        return again

    deepCopy = copy

    def _walk(self, below: bool) -> Iterator[tuple[str, Entry]]:
        for name, entry in self._entries.items():
            yield name, entry
            if below and entry.kind == "PropertySet":
                yield from ((f"{name}.{inner}", one) for inner, one in entry.values[-1]._walk(True))


def _dressed(value: Any) -> Any:
    """Turn mappings, alone or in a list, into sets."""
    if isinstance(value, list | tuple):
        return [_dressed(one) if isinstance(one, Mapping) else one for one in value]
    return (
        PropertySet(value)
        if isinstance(value, Mapping) and not isinstance(value, PropertySet)
        else value
    )


def _undressed(value: Any) -> Any:
    if isinstance(value, list):
        return [_undressed(one) for one in value]
    return value.toDict() if isinstance(value, PropertySet) else value


class PropertyList(PropertySet):
    """Named values in order, with comments, as a FITS header has them.

    Names have dots, but nothing lies below.
    """

    _flat = True

    def _place(self, name: str, entry: Entry) -> None:
        if entry.kind != "PropertySet":
            super()._place(name, entry)
            return
        for inner, one in entry.values[-1]._walk(below=True):
            if one.kind != "PropertySet":
                super()._place(f"{name}.{inner}", one)

    def getComment(self, name: str) -> str:
        return self.comment(name)

    def getOrderedNames(self) -> list[str]:
        return list(self)

    toOrderedDict = PropertySet.toDict


def from_header(cards: Iterable[Any]) -> PropertyList:
    """Turn the cards of a FITS header into properties.

    Repeated cards become lists, what is undefined None; cards without a keyword are comments, or
    nothing. Whole numbers that fit 32 bits are ``Int``, others ``LongLong`` (afw-files 5.2).

    Parameters
    ----------
    cards : iterable
        ``(keyword, value, comment)``, or objects with attributes of these names, as
        ``header.cards`` of astropy.

    Raises
    ------
    TypeError
        If a keyword is there twice, with values that have no type in common.
    """
    found = PropertyList()
    for card in cards:
        keyword, value, comment = (
            card if isinstance(card, tuple) else (card.keyword, card.value, card.comment)
        )
        if keyword or str(value).strip():
            # astropy's, which need not be imported for it
            undefined = type(value).__name__ == "Undefined"
            found.add(keyword or "COMMENT", None if undefined else value, comment or "")
    return found
