"""The columns of a dataset type: what a question can be about, and who knows it."""

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

# What is known of every file; a key of the same name comes before it.
FILE: Mapping[str, type] = {
    "size": int,
    "written": datetime.datetime,
    "repository": str,
    "path": str,
}
# Exposures of a filter, or of a night, are many: these alone do not tell which row is meant.
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
        Those of them that the names of files have, in the order of the template.
    tables : `tuple` [`str`]
        The tables of the registry that know more.
    shared : `tuple` [`str`]
        The keys in names by which a row of these tables belongs to a file.
    registry : mapping [`str`, `type`]
        The other columns of these tables.
    listed : mapping [`str`, `tuple`]
        Keys that the policy lists the values of, the same for every exposure.
    cards : mapping [`str`, `type`]
        Cards of the files' headers that the policy lists as indexed.
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
        """The columns of every file that no key hides."""
        return {name: kind for name, kind in FILE.items() if name not in self.keys}

    @property
    def supplied(self) -> frozenset[str]:
        """The keys that somebody knows: of an HDU's number, perhaps nobody."""
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
        Those that are asked; the first says what the dataset type is.
    dataset : `DatasetType`
        The dataset type.
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
    """Return the registry that knows of a dataset type; None if only names of files do."""
    if dataset.section == "calibrations":
        return repository.calibrations_of(dataset).registry
    return None if repository.registry.lists_files else repository.registry


def _tables(
    repository: Repository, dataset: DatasetType, in_names: Collection[str]
) -> tuple[str, ...]:
    """Return the tables that know a dataset type; of one whose policy names none, the raw's."""
    if dataset.tables or not SKYMAP_KEYS.isdisjoint(in_names):
        return dataset.tables
    raw = repository.mapper.types.get("raw")
    return raw.tables if raw is not None and dataset.section != "calibrations" else ()


def _columns(registry: Registry, tables: Sequence[str]) -> dict[str, type]:
    there = set(registry.tables())
    asked = [table for table in tables if table in there]
    return {name: _kind(word) for name, word in registry.columns(asked).items()} if asked else {}


def _kind(word: str) -> type:
    """Return the type that SQLite takes a declared one for; what is of none may be a text."""
    lower = word.lower()
    kinds = [*_WORDS, *((part, float) for part in _FLOATS)]
    return next((kind for part, kind in kinds if part in lower), str)


def fit(value: Any, kind: type) -> Any:
    """Return a registry's value in its column's type; None if it is of another one."""
    if value is None or type(value) is kind:
        return value
    try:
        return cast("", plain(value), kind)
    except DataIdError:
        return None
