"""The columns of a dataset type: what can be queried, and which source has it."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler.repository import Repository
from persistence.dataids.dataid import cast, plain
from persistence.dataids.template import PathTemplate
from persistence.errors import DataIdError
from persistence.policy import indexed
from persistence.policy.dataset_type import DatasetType
from persistence.policy.suppliers import SKYMAP_KEYS
from persistence.registry import Registry

# Columns of every file; a key of the same name takes precedence.
FILE: Mapping[str, type] = {
    "size": int,
    "written": datetime.datetime,
    "repository": str,
    "path": str,
}
# A filter or a night has many exposures: these keys alone do not identify a row.
_VAGUE = frozenset({"filter", "date", "calibDate"})
_WORDS = (("int", int), ("char", str), ("clob", str), ("text", str))
_FLOATS = ("real", "floa", "doub")


class Columns(NamedTuple):
    """The columns of a dataset type in a chain.

    Attributes
    ----------
    keys : mapping [`str`, `type`]
        The keys of a complete data ID.
    in_names : mapping [`str`, `type`]
        Those of them in file names, in the order of the template.
    tables : `tuple` [`str`]
        The registry tables with further columns.
    shared : `tuple` [`str`]
        The keys in file names by which a row of these tables is joined to a file.
    registry : mapping [`str`, `type`]
        The other columns of these tables.
    listed : mapping [`str`, `tuple`]
        Keys whose values are listed in the policy, the same for every exposure.
    cards : mapping [`str`, `type`]
        Header cards that the policy lists as indexed.
    """

    keys: Mapping[str, type]
    in_names: Mapping[str, type]
    tables: tuple[str, ...]
    shared: tuple[str, ...]
    registry: Mapping[str, type]
    listed: Mapping[str, tuple[Any, ...]]
    cards: Mapping[str, type]

    @property
    def of_file(self) -> dict[str, type]:
        """The columns of every file that no key of the same name hides."""
        return {name: kind for name, kind in FILE.items() if name not in self.keys}

    @property
    def supplied(self) -> frozenset[str]:
        """The keys with a source; that of an HDU's number may have none."""
        return frozenset((*self.in_names, *self.registry, *self.listed))

    @property
    def kinds(self) -> dict[str, type]:
        """All columns with their types, those of the data ID first."""
        return {**self.keys, **self.cards, **self.registry, **self.of_file}


def of(repositories: Sequence[Repository], dataset: DatasetType) -> Columns:
    """Return the columns of a dataset type.

    Parameters
    ----------
    repositories : sequence of `Repository`
        The repositories; the first one defines the dataset type.
    dataset : `DatasetType`
        The dataset type.

    Returns
    -------
    columns : `Columns`
        The columns.
    """
    policy = repositories[0].mapper.policy
    in_names: Mapping[str, type] = {}
    if dataset.template is not None:
        in_names = PathTemplate(dataset.template.file_text).keys
    keys = {**in_names, **dataset.keys}
    listed = {
        key: policy.values[key] for key in keys if key in policy.values and key not in in_names
    }
    tables = _tables(repositories[0], dataset, in_names)
    known: dict[str, type] = {}
    for repository in repositories if tables else ():
        registry = registry_of(repository, dataset)
        if registry is not None:
            known = {**_columns(registry, tables), **known}
    shared = tuple(key for key in in_names or keys if key in known and key not in listed)
    if set(shared) <= _VAGUE and dataset.section != "calibrations":
        known, shared, tables = {}, (), ()
    others = {
        name: keys.get(name, kind)
        for name, kind in known.items()
        if name not in shared and name not in listed and (name in keys or name not in FILE)
    }
    cards = {
        card: kind
        for card, kind in indexed.cards(policy.settings, dataset).items()
        if card not in others and card not in FILE and card not in keys
    }
    return Columns(keys, in_names, tables, shared, others, listed, cards)


def registry_of(repository: Repository, dataset: DatasetType) -> Registry | None:
    """Return the registry with rows of a dataset type; None if only file names are known."""
    if dataset.section == "calibrations":
        return repository.calibrations_of(dataset).registry
    return None if repository.registry.lists_files else repository.registry


def _tables(
    repository: Repository, dataset: DatasetType, in_names: Collection[str]
) -> tuple[str, ...]:
    """Return the registry tables of a dataset type; if the policy names none, those of the raws."""
    if dataset.tables or not SKYMAP_KEYS.isdisjoint(in_names):
        return dataset.tables
    raw = repository.mapper.types.get("raw")
    return raw.tables if raw is not None and dataset.section != "calibrations" else ()


def _columns(registry: Registry, tables: Sequence[str]) -> dict[str, type]:
    existing = set(registry.tables())
    selected = [table for table in tables if table in existing]
    return (
        {name: _kind(word) for name, word in registry.columns(selected).items()} if selected else {}
    )


def _kind(word: str) -> type:
    """Return the type that SQLite derives from a declared one; `str` if there is none."""
    lower = word.lower()
    kinds = [*_WORDS, *((part, float) for part in _FLOATS)]
    return next((kind for part, kind in kinds if part in lower), str)


def fit(value: Any, kind: type) -> Any:
    """Return a registry's value converted to its column's type; None if that is impossible."""
    if value is None or type(value) is kind:
        return value
    try:
        return cast("", plain(value), kind)
    except DataIdError:
        return None
