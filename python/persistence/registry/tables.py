"""The tables that ingest writes: their names and columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persistence.errors import RegistryError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class TableSpec:
    """A registry table and its visit table.

    Parameters
    ----------
    name : `str`
        The table's name; the visit table is ``<name>_visit``.
    columns : mapping of `str` to `str`
        Column -> declared type, in order.
    unique : `tuple` [`str`, ...]
        The columns that are unique together.
    visit : `tuple` [`str`, ...]
        The columns of the visit table.
    index : `tuple` [`str`, ...], optional
        The columns of an index on tables that we create; empty for no index.
    """

    name: str
    columns: Mapping[str, str]
    unique: tuple[str, ...]
    visit: tuple[str, ...]
    index: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (self.name, *self.columns):
            if not name.isidentifier():
                raise RegistryError(f"{name!r} cannot be the name of a table or column")

    @property
    def visit_name(self) -> str:
        """The name of the visit table."""
        return f"{self.name}_visit"
