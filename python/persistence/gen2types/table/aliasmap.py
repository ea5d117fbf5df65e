"""`AliasMap`: other names of fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from persistence.errors import did_you_mean
from persistence.gen2types.exceptions import NotFoundError
from persistence.types.table import aliases


class AliasMap(MutableMapping[str, str]):
    """Other names of fields, or of beginnings of their names: ``slot_Centroid``."""

    def __init__(self, targets: Mapping[str, str] = {}) -> None:
        self._targets = dict(targets)
        self._applied: dict[str, str] = {}

    def __getitem__(self, alias: str) -> str:
        return self._targets[alias]

    def __setitem__(self, alias: str, target: str) -> None:
        self._targets[alias] = target
        self._applied.clear()

    def __delitem__(self, alias: str) -> None:
        del self._targets[alias]
        self._applied.clear()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._targets))

    def __len__(self) -> int:
        return len(self._targets)

    def get(self, alias: str, default: Any = None) -> Any:
        """Return the target of an alias.

        Raises
        ------
        NotFoundError
            If there is no such alias, and no default.
        """
        if alias not in self._targets and default is None:
            raise NotFoundError(f"Alias '{alias}' not found{did_you_mean(alias, self)}")
        return self._targets.get(alias, default)

    def set(self, alias: str, target: str) -> None:
        self[alias] = target

    def erase(self, alias: str) -> bool:
        return self.pop(alias, None) is not None

    def apply(self, name: str) -> str:
        """Return the name of the field that a name leads to."""
        if name not in self._applied:
            self._applied[name] = aliases.resolve(name, self._targets)
        return self._applied[name]

    def contains(self, other: Mapping[str, str]) -> bool:
        return other.items() <= self.items()

    def __repr__(self) -> str:
        return f"AliasMap({self._targets!r})"
