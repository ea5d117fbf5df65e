"""Configurations: a tree of values."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from persistence import notebook
from persistence.notebook import Html
from persistence.types.metadata.difference import Differences, differences

_T = TypeVar("_T")
_TARGET = re.compile(r"=([\w.]+)")  # in the note of a retargeted entry


@dataclass(frozen=True, slots=True)
class Made:
    """A placeholder for an object of an unavailable class.

    ``config.steps['a']=lsst.pipe.Step()`` assigns such an object.

    Attributes
    ----------
    class_name : `str`
        The dotted name of the class.
    """

    class_name: str

    def __repr__(self) -> str:
        return f"{self.class_name}()"


# A part of a dotted name, or the content of brackets.
_PART = re.compile(r"([^.\[\]]+)(?![^\[]*\])|\[([^\]]*)\]")


class Config(Mapping[str, Any]):
    """The values of a task's configuration, by dotted name or as attributes.

    Gen2's configurations are ``lsst.pex.config.Config`` objects, saved as text
    (doc/gen2/gen2-core.md).

    Parameters
    ----------
    values : mapping, optional
        Dotted names, such as ``isr.doBias`` or ``indexer['HTM'].depth``, and values.
    class_name : `str` or `None`, optional
        The dotted name of the configuration's class.
    notes : mapping of `str` to `str`, optional
        Texts instead of values: the class to which an entry was retargeted.
    docs : mapping of `str` to `str`, optional
        The comments on entries in a file. They are ignored in comparisons.

    Notes
    -----
    Attributes and keys in brackets can be chained: ``config.indexer['HTM'].depth``. If an entry has
    a value and entries below it (``skyMap='rings'``, ``skyMap['rings'].numRings=120``), the
    attribute is the entries below, and ``config['skyMap']`` the value.

    Examples
    --------
    >>> from persistence import Config
    >>> config = Config({"isr.doBias": True, "isr.doFlat": False})
    >>> config.isr.doBias
    True
    >>> print(config)
    config.isr.doBias=True
    config.isr.doFlat=False
    """

    def __init__(
        self,
        values: Mapping[str, Any] = {},
        class_name: str | None = None,
        notes: Mapping[str, str] = {},
        docs: Mapping[str, str] = {},
    ) -> None:
        self._values = dict(values)
        self.class_name = class_name
        self.notes = dict(notes)
        self.docs = dict(docs)

    def __getitem__(self, name: Any) -> Any:
        if name in self._values:
            return self._values[name]
        bracketed = f"[{name!r}]"
        below = self._below(bracketed)
        if not below and bracketed not in self._values:
            raise KeyError(name)
        return below or self._values[bracketed]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        below = self._below(name)
        if not below and name not in self._values:
            raise AttributeError(f"the configuration has no entry {name!r}")
        return below or self._values[name]

    def _below(self, name: str) -> Config:
        made = self._values.get(name)
        class_name = made.class_name if isinstance(made, Made) else None
        return Config(
            _below(self._values, name),
            class_name,
            _below(self.notes, name),
            _below(self.docs, name),
        )

    def __repr__(self) -> str:
        return f"Config({self._values!r}, class_name={self.class_name!r})"

    def __str__(self) -> str:
        """Return the entries as assignments, without comments."""
        return Config(self._values, self.class_name, self.notes).text().rstrip("\n")

    def __dir__(self) -> list[str]:
        parts = (_PART.match(name) for name in self._values)
        return sorted({*super().__dir__(), *(part[1] for part in parts if part and part[1])})

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._values)

    @notebook.shows
    def _repr_html_(self) -> Html:
        name = self.class_name or ""
        changes, shown = self.changes(), [notebook.title("Config", name)]
        if changes is not None:
            number = f"{len(changes)} entries differ from the defaults"
            shown.append(notebook.details(number, changes.html("the default")))
        return notebook.join([*shown, _branches(self, self.toDict())])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Config):
            return NotImplemented
        return (self._values, self.class_name, self.notes) == (
            other._values,
            other.class_name,
            other.notes,
        )

    __hash__ = None  # type: ignore[assignment]  # a mapping with an equality of values

    def toDict(self) -> dict[str, Any]:
        """Return the values as a tree of dictionaries, as in pex_config.

        A value with others below it has the key ``name``.
        """
        tree: dict[str, Any] = {}
        for name in sorted(self._values):
            holder = tree
            *above, last = _parts(name)
            for part in above:
                there = holder.setdefault(part, {})
                if not isinstance(there, dict):
                    there = holder[part] = {"name": there}
                holder = there
            holder[last] = self._values[name]
        return tree

    def diff(self, other: Config) -> Differences:
        """Return the entries that differ, or that one of two configurations lacks.

        The class and retargeted entries are compared, too.

        Parameters
        ----------
        other : `Config`
            The other configuration.

        Returns
        -------
        `Differences`
            One item per entry that differs; empty if they are equal.
        """
        return differences(self._all(), other._all())

    def changes(self) -> Differences | None:
        """Return the entries that differ from the defaults of the class that it configures.

        Returns
        -------
        differences : `~persistence.types.metadata.difference.Differences` or None
            None if that class of pex_config is not imported: a file that names one imports nothing.
        """
        defaults = _defaults(self.class_name or "")
        return None if defaults is None else differences(_flat(self.toDict()), _flat(defaults))

    def _all(self) -> dict[str, Any]:
        retargeted = {f"{name}.{note.partition('(')[0]}": note for name, note in self.notes.items()}
        return {**self._values, **retargeted, "type(config)": self.class_name}

    def text(self) -> str:
        """Return the configuration as assignments, in the form of Gen2's config files."""
        lines = []
        if self.class_name:
            module = self.class_name.rpartition(".")[0]
            lines += [f"import {module}"] if module else []
            lines += [f"assert type(config)=={self.class_name}, 'config is of another type'"]
        lines += [f"import {module}" for module in self._modules()]
        notes = dict(self.notes)
        for name, value in self._values.items():
            # Retargeted before its values are set, but after its parents.
            above = [note for note in notes if _below({name: value}, note)]
            lines += [f"config{_joined(note)}.{notes.pop(note)}" for note in above]
            lines += [f"# {line}".rstrip() for line in self.docs.get(name, "").splitlines()]
            lines.append(f"config{_joined(name)}={_literal(value)}")
        lines += [f"config{_joined(name)}.{note}" for name, note in notes.items()]
        return "\n".join(lines) + "\n"

    def _modules(self) -> list[str]:
        """Return the modules of the named classes, which Gen2 has to import."""
        made = [value.class_name for value in self._values.values() if isinstance(value, Made)]
        retargeted = [name for note in self.notes.values() for name in _TARGET.findall(note)]
        modules = {name.rpartition(".")[0] for name in made + retargeted}
        return sorted(modules - {"", (self.class_name or "").rpartition(".")[0]})


def _below(named: Mapping[str, _T], name: str) -> dict[str, _T]:
    """Return the entries below a name, by the rest of their own names."""
    return {
        key[len(name) :].removeprefix("."): value
        for key, value in named.items()
        if key.startswith((f"{name}.", f"{name}["))
    }


def _parts(name: str) -> list[str]:
    """Return the parts of a dotted name: ``indexer['HTM'].depth`` has three."""
    return [text or bracket.strip("'") for text, bracket in _PART.findall(name)]


def _defaults(class_name: str) -> dict[str, Any] | None:
    """Return the defaults of a class of pex_config, as a tree; None if it is not imported."""
    module, _, name = class_name.rpartition(".")
    pex = getattr(sys.modules.get("lsst.pex.config"), "Config", None)
    cls = getattr(sys.modules.get(module), name, None)
    if pex is None or not isinstance(cls, type) or not issubclass(cls, pex):
        return None
    made: Any = cls()
    tree: dict[str, Any] = made.toDict()
    return tree


def _flat(tree: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return the values of a tree by dotted names; what is empty is a value."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{above}{key}"
        is_branch = isinstance(value, Mapping) and value
        found |= _flat(value, f"{name}.") if is_branch else {name: value}
    return found


def _branches(config: Config, tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> Html:
    """Return a tree of values as HTML, with the comments of each."""
    names = {tuple(_parts(name)): name for name in config}
    depth = len(above) + 1
    values, below = [], []
    for key, value in tree.items():
        path = (*above, key)
        count = sum(len(one) > depth and one[:depth] == path for one in names)
        if count and isinstance(value, dict):
            number = count + (path in names)
            inner = _branches(config, value, path)
            below.append(notebook.details(notebook.join([key, f" ({number})"]), inner))
        else:
            doc = config.docs.get(names.get(path, ""), "")
            values.append((notebook.tag("b", key), repr(value), doc))
    shown = [notebook.table(values)] if values else []
    return notebook.tag("div", *shown, *below, style="margin-left:1em")


def _joined(name: str) -> str:
    return name if name.startswith("[") else f".{name}"


def _literal(value: Any) -> str:
    """Return the text of a value that can be parsed again, also of nested infinite numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if type(value) is list:
        return f"[{', '.join(map(_literal, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    if type(value) is dict:
        return f"{{{', '.join(f'{_literal(key)}: {_literal(one)}' for key, one in value.items())}}}"
    return repr(value)
