"""Metadata: `PropertySet`, a tree of values, and `PropertyList`, flat and ordered.

Both are mappings with a type for each entry, as Gen2's in ``lsst.daf.base``. Source:
doc/gen2/afw-files.md 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, ClassVar

from persistence import notebook
from persistence.notebook import Html
from persistence.types.metadata.entry import Entry


class PropertySet(MutableMapping[str, Any]):
    """A tree of named values; a dot in a name leads into a nested set.

    A name has one value, a list of values of the same type, or another set. Gen2's class is
    ``lsst.daf.base.PropertySet`` (doc/gen2/afw-files.md 5).

    Parameters
    ----------
    values : mapping, optional
        Names and values.
    lost : iterable of `str`, optional
        Names that could not be read from the original file; ``?`` for each unknown name.

    Notes
    -----
    Unlike Gen2's ``get``, that of this mapping returns all values of a name; `getScalar` returns
    the last one.

    Examples
    --------
    >>> from persistence import PropertySet
    >>> properties = PropertySet({"isr": {"gain": 4.0}})
    >>> properties["isr.gain"]
    4.0
    >>> properties.type_of("isr.gain")
    'Double'
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
        """Return the entry of a name: type, values, comment.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `Entry`
            The entry.

        Raises
        ------
        KeyError
            If there is no such name.
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
        self.entry(name)  # raises KeyError for names of all levels
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
        """Return whether types, values and comments equal those of another set.

        Other mappings are compared by values only.
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
        """Return the entries as a table, with nested sets in tables of their own."""
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
        """Return the type of a name's values: ``Int``, ``Double``, ``String``, ...

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `str`
            The type.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        return self.entry(name).kind

    def comment(self, name: str) -> str:
        """Return the comment of an entry.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `str`
            The comment.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        return self.entry(name).comment

    def set(self, name: str, value: Any, comment: str = "", kind: str | None = None) -> None:
        """Set a name to a value, or a list of values, replacing existing ones.

        Parameters
        ----------
        name : `str`
            The name.
        value : object
            The value or values.
        comment : `str`, optional
            The comment.
        kind : `str` or `None`, optional
            The type; by default it is derived from the value.

        Raises
        ------
        TypeError
            If the value has no type of a property.
        """
        self._place(name, Entry.of(_dressed(value), comment, kind))

    def add(self, name: str, value: Any, comment: str = "", kind: str | None = None) -> None:
        """Append a value, or several, to those of a name.

        Parameters
        ----------
        name : `str`
            The name.
        value : object
            The value or values.
        comment : `str`, optional
            The comment, which replaces the old one if not empty.
        kind : `str` or `None`, optional
            The type; by default it is derived from the value.

        Raises
        ------
        TypeError
            If the value has no type of a property, or another type than existing ones.
        """
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
                f"{name!r} cannot be set: {head!r} is a {above.kind}, which cannot contain others"
            )
        above.values[-1]._place(rest, entry)

    # -- Gen2's names
    # ----------------------------------------------------------------------------------

    def getScalar(self, name: str) -> Any:
        """Return the last value of a name.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        object
            The value.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        return self.entry(name).values[-1]

    def getArray(self, name: str) -> list[Any]:
        """Return all values of a name as a list.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `list`
            The values.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        return list(self.entry(name).values)

    def getPropertySet(self, name: str) -> PropertySet:
        """Return the set of a name.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `PropertySet`
            The nested set.

        Raises
        ------
        KeyError
            If there is no such name.
        TypeError
            If its value is not a set.
        """
        entry = self.entry(name)
        if entry.kind != "PropertySet":
            raise TypeError(f"{name!r} is a {entry.kind}, not a PropertySet")
        below: PropertySet = entry.values[-1]
        return below

    def exists(self, name: str) -> bool:
        """Return whether there is a name.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `bool`
            Whether it exists.
        """
        return name in self

    def typeOf(self, name: str) -> str:
        """Return the type of a name's values; see `type_of`.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `str`
            The type.
        """
        return self.type_of(name)

    def isArray(self, name: str) -> bool:
        """Return whether a name has several values.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `bool`
            Whether there are several.
        """
        return self.valueCount(name) > 1

    def valueCount(self, name: str) -> int:
        """Return the number of values of a name.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `int`
            The number.
        """
        return len(self.entry(name).values)

    def names(self, topLevelOnly: bool = True) -> list[str]:
        """Return the names, in order.

        Parameters
        ----------
        topLevelOnly : `bool`, optional
            Whether to omit names of nested sets.

        Returns
        -------
        `list` [`str`]
            The names.
        """
        return [name for name, _entry in self._walk(not topLevelOnly)]

    def paramNames(self, topLevelOnly: bool = True) -> list[str]:
        """Return the names of values, without sets, in order.

        Parameters
        ----------
        topLevelOnly : `bool`, optional
            Whether to omit names of nested sets.

        Returns
        -------
        `list` [`str`]
            The names.
        """
        return [name for name, entry in self._walk(not topLevelOnly) if entry.kind != "PropertySet"]

    def propertySetNames(self, topLevelOnly: bool = True) -> list[str]:
        """Return the names of sets, in order.

        Parameters
        ----------
        topLevelOnly : `bool`, optional
            Whether to omit names of nested sets.

        Returns
        -------
        `list` [`str`]
            The names.
        """
        return [name for name, entry in self._walk(not topLevelOnly) if entry.kind == "PropertySet"]

    def remove(self, name: str) -> None:
        """Remove a name, if it exists.

        Parameters
        ----------
        name : `str`
            The name.
        """
        self.pop(name, None)

    def toDict(self) -> dict[str, Any]:
        """Return the values as nested dictionaries."""
        return {name: _undressed(entry.value) for name, entry in self._entries.items()}

    def copy(self) -> PropertySet:
        """Return a copy, including nested sets."""
        again = type(self)(lost=self.lost)
        for name, entry in self._entries.items():
            values = tuple(
                item.copy() if isinstance(item, PropertySet) else item for item in entry.values
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
    """Return a value with mappings, alone or in a list, as sets."""
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
    """Named values in order, with comments, as in a FITS header.

    Names may have dots, but there are no nested sets. The parameters are those of `PropertySet`.
    Gen2's class is ``lsst.daf.base.PropertyList`` (doc/gen2/afw-files.md 5).

    Examples
    --------
    >>> from persistence import PropertyList
    >>> properties = PropertyList()
    >>> properties.set("EXPTIME", 90.0, "exposure time (s)")
    >>> properties.getComment("EXPTIME")
    'exposure time (s)'
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
        """Return the comment of an entry.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `str`
            The comment.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        return self.comment(name)

    def getOrderedNames(self) -> list[str]:
        """Return the names, in order."""
        return list(self)

    toOrderedDict = PropertySet.toDict


def from_header(cards: Iterable[Any]) -> PropertyList:
    """Return the cards of a FITS header as properties.

    Repeated cards become lists, undefined values None; cards without a keyword become comments, or
    are dropped if empty. Integers that fit 32 bits are ``Int``, others ``LongLong``
    (doc/gen2/afw-files.md 5.2).

    Parameters
    ----------
    cards : iterable
        Tuples ``(keyword, value, comment)``, or objects with these attributes, as ``header.cards``
        of astropy.

    Returns
    -------
    `PropertyList`
        The properties.

    Raises
    ------
    TypeError
        If a keyword is repeated with values that have no common type.
    """
    found = PropertyList()
    for card in cards:
        keyword, value, comment = (
            card if isinstance(card, tuple) else (card.keyword, card.value, card.comment)
        )
        if keyword or str(value).strip():
            # astropy's, without importing it
            undefined = type(value).__name__ == "Undefined"
            found.add(keyword or "COMMENT", None if undefined else value, comment or "")
    return found
