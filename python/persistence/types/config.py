"""Configurations: a tree of values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any


class Config(Mapping[str, Any]):
    """The values of a task's configuration, by dotted name or as attributes.

    Parameters
    ----------
    values : mapping
        Dotted names, such as ``isr.doBias`` or ``indexer['HTM'].depth``, and values.
    class_name : `str`, optional
        The dotted name of the class that it configures.
    notes : mapping, optional
        Text that was found instead of a value: a class that an entry was retargeted to.
    """

    def __init__(
        self, values: Mapping[str, Any] = {}, class_name: str | None = None, notes: Mapping[str, str] = {}
    ) -> None:
        self._values = dict(values)
        self.class_name = class_name
        self.notes = dict(notes)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._values:
            return self._values[name]
        below = {
            key[len(name) :].removeprefix("."): value
            for key, value in self._values.items()
            if key.startswith((f"{name}.", f"{name}["))
        }
        if not below:
            raise AttributeError(f"the configuration has no entry {name!r}")
        return Config(below)

    def __repr__(self) -> str:
        return f"Config({self._values!r}, class_name={self.class_name!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Config):
            return NotImplemented
        return (self._values, self.class_name, self.notes) == (other._values, other.class_name, other.notes)

    __hash__ = None  # type: ignore[assignment]  # a mapping with an equality of values

    def text(self) -> str:
        """Write the configuration as assignments, in the form of Gen2's config files."""
        lines = []
        if self.class_name:
            module = self.class_name.rsplit(".", 1)[0]
            lines += [f"import {module}", f"assert type(config)=={self.class_name}, 'config is of another type'"]
        lines += [f"config.{name}.{note}" for name, note in self.notes.items()]
        lines += [f"config.{name}={_literal(value)}" for name, value in self._values.items()]
        return "\n".join(lines) + "\n"


def _literal(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    return repr(value)
