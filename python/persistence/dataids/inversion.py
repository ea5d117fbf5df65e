"""File names to data IDs, for many templates and many files at once.

A directory is matched with all templates once; each of its files is then cheap.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.dataids.template import Field, PathTemplate, Piece, readings, split

Values = tuple[Any, ...]
# A file's name, the template's number, the values of its keys, and the ending after the name.
Hit = tuple[str, int, Values, str]
# Text between the first and the last new field of a component -> values of its new keys.
Reader = Callable[[str], Iterable[Values]]

# The most directories, or texts of numbers, that are cached.
_ENOUGH = 4096


class Inverter:
    """Templates, compiled to be matched with directory listings.

    Parameters
    ----------
    templates : sequence of `PathTemplate`
        The templates. Only their file parts are matched; an HDU in brackets is ignored.
    endings : sequence of `tuple` of `str`
        Endings that may follow the file name of each template, in search order: ``("", ".gz",
        ".fz")``.

    Notes
    -----
    The readings of a path are those of `PathTemplate.candidates` without slashes in values: all of
    them, where there are several. Integers can have any size.
    """

    def __init__(
        self, templates: Sequence[PathTemplate], endings: Sequence[tuple[str, ...]]
    ) -> None:
        self._root = _Node()
        self._states: dict[str, tuple[_State, ...]] = {"": ((self._root, {}),)}
        for number, (template, its_endings) in enumerate(zip(templates, endings, strict=True)):
            *parts, name = template.file_text.split("/")
            node, known = self._root, set[str]()
            for text in parts:
                part = Part(text, known)
                node = node.below(part)
                known.update(part.keys)
            node.files.append((number, Part(name, known), its_endings))

    def directory(self, path: str) -> Directory:
        """Match a directory with all templates.

        Parameters
        ----------
        path : `str`
            The directory, relative to the root of the tree; an empty text is the root.
        """
        values: list[tuple[int, Values]] = []
        literals: dict[str, list[tuple[int, Values, str]]] = {}
        forms: list[_Form] = []
        states = self._of(path)
        for node, known in states:
            before = tuple(known.values())
            for number, part, endings in node.files:
                values.append((number, before))
                head, tail = part.show(known)
                if part.keys:
                    tails = [(tail + ending, ending) for ending in endings]
                    forms.append((number, before, head, tails, part.reader(known)))
                    continue
                for ending in endings:
                    if not ending or not head.endswith(ending):
                        literals.setdefault(head + ending, []).append((number, before, ending))
        leads_on = any(node.literals or node.parts for node, _ in states)
        return Directory(path, tuple(values), leads_on, literals, forms)

    def _of(self, path: str) -> tuple[_State, ...]:
        """Return the states of a directory: a node of the templates, and values, per reading."""
        states = self._states.get(path)
        if states is None:
            parent, _, name = path.rpartition("/")
            states = tuple(
                state for node, known in self._of(parent) for state in node.enter(name, known)
            )
            if len(self._states) >= _ENOUGH:
                self._states = {"": ((self._root, {}),)}
            self._states[path] = states
        return states


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory, matched with all templates of an `Inverter`.

    Attributes
    ----------
    path : `str`
        The directory, relative to the root of the tree.
    values : `tuple` of `tuple`
        The number of each template whose files are in this directory, and the values of the keys in
        its path; once for each reading of the path.
    leads_on : `bool`
        Whether files of some template may be in directories below this one.
    """

    path: str
    values: tuple[tuple[int, Values], ...]
    leads_on: bool
    _literals: Mapping[str, Sequence[tuple[int, Values, str]]] = field(repr=False)
    _forms: Sequence[_Form] = field(repr=False)

    def rows(self, names: Iterable[str]) -> Iterator[Hit]:
        """Yield a row for each reading of each name by each template.

        Parameters
        ----------
        names : iterable of `str`
            Names in the directory. An empty name is the directory itself, for templates that end in
            a slash.

        Yields
        ------
        hit :`tuple`
            The name, the template's number, the values of all keys of its file part in order, and
            the ending after the name.
        """
        literals, forms = self._literals, self._forms
        for name in names:
            if name in literals:
                for number, values, ending in literals[name]:
                    yield name, number, values, ending
            for number, before, head, tails, read in forms:
                if not name.startswith(head):
                    continue
                for tail, ending in tails:
                    end = len(name) - len(tail)
                    if (
                        name.endswith(tail)
                        and end >= len(head)
                        and not (ending and name.endswith(ending, 0, -len(ending)))
                    ):
                        for values in read(name[len(head) : end]):
                            yield name, number, before + values, ending


class _Node:
    """A directory in the tree of templates, with the directories and files below it."""

    __slots__ = ("files", "literals", "parts")

    def __init__(self) -> None:
        self.files: list[tuple[int, Part, tuple[str, ...]]] = []
        self.literals: dict[str, _Node] = {}
        self.parts: dict[str, tuple[Part, _Node]] = {}

    def below(self, part: Part) -> _Node:
        """Return the node of a component below this one; the same node for the same text."""
        if part.is_literal:
            return self.literals.setdefault(part.show({})[0], _Node())
        return self.parts.setdefault(part.text, (part, _Node()))[1]

    def enter(self, name: str, known: dict[str, Any]) -> Iterator[_State]:
        """Yield the nodes that a directory of this name leads to, with the values known there."""
        if name in self.literals:
            yield self.literals[name], known
        for part, node in self.parts.values():
            for values in part.match(name, known):
                yield node, known | dict(zip(part.keys, values, strict=True))


class Part:
    """One component of a template, given the keys of the components before it.

    Attributes
    ----------
    keys : `tuple` of `str`
        The keys that first appear in it, in order.
    is_literal, is_bare, is_unique : `bool`
        Whether it has no fields; whether it is one text field alone; whether it has at most one
        reading.
    """

    __slots__ = (
        "_core",
        "_head",
        "_read",
        "_tail",
        "is_bare",
        "is_literal",
        "is_unique",
        "keys",
        "text",
    )

    def __init__(self, text: str, known: Iterable[str]) -> None:
        self.text = text
        pieces = split(text)
        fields = [piece for piece in pieces if isinstance(piece, Field)]
        self.is_literal = not fields
        known = frozenset(known)
        self.keys = tuple(dict.fromkeys(item.name for item in fields if item.name not in known))
        new = [
            index
            for index, piece in enumerate(pieces)
            if isinstance(piece, Field) and piece.name in self.keys
        ] or [len(pieces)]
        self._core = pieces[new[0] : new[-1] + 1]
        self._head = _shower(pieces[: new[0]])
        self._tail = _shower(pieces[new[-1] + 1 :])
        is_new = sum(isinstance(piece, Field) for piece in self._core) == len(self.keys)
        self._read = _reader(self._core) if is_new and self.keys else None
        self.is_bare = len(pieces) == 1 and bool(self.keys) and fields[0].kind is str
        self.is_unique = self._read is not None or not self.keys

    def show(self, known: Mapping[str, Any]) -> tuple[str, str]:
        """Return the text before the first and after the last new field."""
        return self._head(known), self._tail(known)

    def reader(self, known: Mapping[str, Any]) -> Reader:
        """Return a function that reads the text between the first and the last new field."""
        if self._read is not None:
            return self._read
        keys, core = self.keys, self._core

        def read(text: str) -> Iterator[Values]:
            for reading in readings(core, text, dict(known), slashes=False):
                yield tuple([reading[key] for key in keys])

        return read

    def match(self, text: str, known: Mapping[str, Any]) -> Iterable[Values]:
        """Return the values of the new keys, for each reading of a whole component."""
        head, tail = self.show(known)
        if not self.keys:
            return [()] if text == head else []
        end = len(text) - len(tail)
        if end < len(head) or not (text.startswith(head) and text.endswith(tail)):
            return ()
        return self.reader(known)(text[len(head) : end])


_State = tuple[_Node, dict[str, Any]]
# A template's number, the values of its directory's keys, the text that its names begin with, their
# possible ends, and the reader of the text between.
_Form = tuple[int, Values, str, Sequence[tuple[str, str]], Reader]


def _shower(pieces: Sequence[Piece]) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that formats pieces, whose fields are all known."""
    if all(isinstance(piece, str) for piece in pieces):
        text = "".join(map(str, pieces))
        return lambda known: text
    printf = "".join(
        piece.replace("%", "%%") if isinstance(piece, str) else piece.printf for piece in pieces
    )
    return lambda known: printf % known


def _reader(pieces: Sequence[Piece]) -> Reader | None:
    """Return a fast reader of new fields and the text between them; None if `readings` is needed.

    `readings` is needed where several readings are possible: each field but the last has to be an
    integer, followed by text that cannot continue an integer.
    """
    fields = [piece for piece in pieces if isinstance(piece, Field)]
    readers = [_texts(one) for one in fields]
    if len(pieces) == 1:
        return readers[0]
    regex = ""
    for piece, after in itertools.pairwise(pieces):
        if isinstance(piece, str):
            regex += re.escape(piece)
        elif _is_decimal(piece) and isinstance(after, str) and not after[0].isdecimal():
            regex += "(-?[0-9]+)"
        else:
            return None
    match = re.compile(regex + "(.*)", re.DOTALL).fullmatch

    def read(text: str) -> Iterable[Values]:
        groups = match(text)
        if groups is None:
            return ()
        values: Values = ()
        for one, shown in zip(readers, groups.groups(), strict=True):
            for value in one(shown):
                values += value
        return [values] if len(values) == len(readers) else ()

    return read


def _is_decimal(field: Field) -> bool:
    """Return whether a field shows only digits, and perhaps a minus before them."""
    return re.fullmatch(r"%\(\w+\)(0\d*)?[diu]", field.printf) is not None


def _texts(one: Field) -> Reader:
    """Return a reader of the text of one field."""
    if one.kind is str and one.lossless:
        return lambda text: ((text,),)
    seen: dict[str, tuple[Values, ...]] = {}

    def read(text: str) -> tuple[Values, ...]:
        values = seen.get(text)
        if values is None:
            value = one.read(text)
            values = () if value is None else ((value,),)
            if len(seen) >= _ENOUGH:
                seen.clear()
            seen[text] = values
        return values

    return read
