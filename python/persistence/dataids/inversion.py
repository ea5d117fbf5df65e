"""Names of files -> data IDs, for many templates and many files at once.

A directory is matched with all templates once; its files then cost little each.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.dataids.template import Field, PathTemplate, Piece, readings, split

Values = tuple[Any, ...]
# The name of a file, the number of the template, the values of its keys, and what follows the name.
Hit = tuple[str, int, Values, str]
# Text between the first and the last new field of a component -> values of its new keys.
Reader = Callable[[str], Iterable[Values]]

# No more directories or texts of numbers than these are remembered.
_ENOUGH = 4096


class Inverter:
    """Templates, compiled to be matched with listings of directories.

    Parameters
    ----------
    templates : sequence of `PathTemplate`
        Their files' parts count; the HDU in brackets at an end is in no file's name.
    endings : sequence of `tuple` of `str`
        What may follow the name of a file of each template, in the order of the search:
        ``("", ".gz", ".fz")``.

    Notes
    -----
    The readings of a path are those of `PathTemplate.candidates` of the file's part, in which no
    value holds a slash: all of them, where there are several. Integers are of any size.
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
            Relative to the root of the tree; an empty text is the root.
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
        """Return what a directory can be: a node of the templates, and values, for each reading."""
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
        Relative to the root of the tree.
    values : `tuple` of `tuple`
        The number of each template whose files lie in this directory, and the values of the keys
        that its path holds; once for each reading of the path.
    leads_on : `bool`
        Whether files of some template may lie in directories below this one.
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
            Names in the directory. An empty one is the directory itself, which templates that end
            in a slash name.

        Yields
        ------
        hit : `tuple`
            The name, the number of the template, the values of all keys of its file's part in their
            order, and the ending behind the name that the template gives.
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
    """A directory of templates: which directories and files may follow it."""

    __slots__ = ("files", "literals", "parts")

    def __init__(self) -> None:
        self.files: list[tuple[int, Part, tuple[str, ...]]] = []
        self.literals: dict[str, _Node] = {}
        self.parts: dict[str, tuple[Part, _Node]] = {}

    def below(self, part: Part) -> _Node:
        """Return the node of a component below this one, the same for the same text."""
        if part.is_literal:
            return self.literals.setdefault(part.show({})[0], _Node())
        return self.parts.setdefault(part.text, (part, _Node()))[1]

    def enter(self, name: str, known: dict[str, Any]) -> Iterator[_State]:
        if name in self.literals:
            yield self.literals[name], known
        for part, node in self.parts.values():
            for values in part.match(name, known):
                yield node, known | dict(zip(part.keys, values, strict=True))


class Part:
    """One component of a template, read where the keys of the components before it are known.

    Attributes
    ----------
    keys : `tuple` of `str`
        The keys that are new in it, in their order.
    is_literal, is_bare, is_unique : `bool`
        Whether it has no fields; is one text, whatever it is; has one reading at most.
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
        self.keys = tuple(dict.fromkeys(one.name for one in fields if one.name not in known))
        new = [
            place
            for place, piece in enumerate(pieces)
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
        """Return what stands before the first and after the last new field."""
        return self._head(known), self._tail(known)

    def reader(self, known: Mapping[str, Any]) -> Reader:
        """Return what reads the text between the first and the last new field."""
        if self._read is not None:
            return self._read
        keys, core = self.keys, self._core

        def read(text: str) -> Iterator[Values]:
            for reading in readings(core, text, dict(known), slashes=False):
                yield tuple([reading[key] for key in keys])

        return read

    def match(self, text: str, known: Mapping[str, Any]) -> Iterable[Values]:
        """Return the values of the new keys of each reading of a whole component."""
        head, tail = self.show(known)
        if not self.keys:
            return [()] if text == head else []
        end = len(text) - len(tail)
        if end < len(head) or not (text.startswith(head) and text.endswith(tail)):
            return ()
        return self.reader(known)(text[len(head) : end])


_State = tuple[_Node, dict[str, Any]]
# A template's number, the values of its directory's keys, what its names begin with, what they may
# end with, and what reads the text between.
_Form = tuple[int, Values, str, Sequence[tuple[str, str]], Reader]


def _shower(pieces: Sequence[Piece]) -> Callable[[Mapping[str, Any]], str]:
    """Return what shows pieces, whose fields are all known."""
    if all(isinstance(piece, str) for piece in pieces):
        text = "".join(map(str, pieces))
        return lambda known: text
    printf = "".join(
        piece.replace("%", "%%") if isinstance(piece, str) else piece.printf for piece in pieces
    )
    return lambda known: printf % known


def _reader(pieces: Sequence[Piece]) -> Reader | None:
    """Return what reads fields that are new, and text between them; None if `readings` has to.

    It has to where several readings are possible: each field but the last has to be an integer, and
    the text behind it one that no integer goes on with.
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


def _is_decimal(one: Field) -> bool:
    """Return whether a field shows nothing but digits, and a minus before them."""
    return re.fullmatch(r"%\(\w+\)(0\d*)?[diu]", one.printf) is not None


def _texts(one: Field) -> Reader:
    """Return what reads the text of a field alone."""
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
