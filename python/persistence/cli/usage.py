"""What the subcommands of ``persistence`` share: their form, and how ``--id`` becomes data IDs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Protocol

from persistence.butler import Butler
from persistence.cmdline import grammar
from persistence.dataid import DataId
from persistence.dataref import ButlerDataRef, ButlerSubset
from persistence.errors import PersistenceError, UnknownKey


class WrongUse(PersistenceError):
    """The command line asks for what cannot be meant."""


class Command(Protocol):
    """A subcommand: a module with these two functions, whose docstring's first line is its help."""

    __doc__: str | None

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments, but for the repository and the options that all have."""

    def run(self, butler: Butler, arguments: argparse.Namespace) -> int:
        """Do it; gives the exit status, or raises."""


def add_dataset(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that tell datasets: the type, and ``--id``."""
    parser.add_argument(
        "type", metavar="TYPE", help="a dataset type (calexp), a view (calexp_md) or a component (calexp.wcs)"
    )
    add_id(
        parser, "which: visit=410877..410879 ccdnum=1^28; what is left out comes from the registry; may be repeated"
    )


def add_id(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add ``--id``."""
    parser.add_argument("--id", nargs="*", action="append", default=[], metavar="KEY=VALUE", help=purpose)


def data_ids(butler: Butler, name: str, options: Sequence[Sequence[str]]) -> list[DataId]:
    """Give the data IDs that the ``--id`` options stand for: one that says nothing if there are none.

    Parameters
    ----------
    butler : `Butler`
        Who knows the keys.
    name : `str`
        The dataset type, or a view of one.
    options : sequence of sequence of `str`
        The words of each ``--id``.

    Raises
    ------
    UnknownDatasetType
        If there is no such dataset type.
    DataIdError
        If a word is no ``key=value``, a key unknown, or a value of the wrong type.
    """
    keys = _camera_keys(butler, name)
    if any(word.partition("=")[0] not in keys for words in options for word in words):
        keys = {**_registry_keys(butler), **keys}
    return [DataId(one) for words in options for one in grammar.parse(words, keys)] or [DataId()]


def references(butler: Butler, name: str, options: Sequence[Sequence[str]]) -> list[ButlerDataRef]:
    """Give each dataset that the ``--id`` options stand for, once."""
    found: dict[tuple[tuple[str, object], ...], ButlerDataRef] = {}
    for data_id in data_ids(butler, name, options):
        for reference in _subset(butler, name, data_id):
            found.setdefault(tuple(sorted(reference.dataId.items())), reference)
    return list(found.values())


def _subset(butler: Butler, name: str, data_id: DataId) -> ButlerSubset:
    try:
        return butler.subset(name, dataId=data_id)
    except UnknownKey as error:
        raise WrongUse(f"{error}: give it with --id") from error


def _camera_keys(butler: Butler, name: str) -> dict[str, type]:
    """Give the keys that the policies know, by all their names; those of the dataset type come first."""
    known = dict(butler.getKeys(name) or {})
    for repository in butler.chain.inputs:
        policy = repository.mapper.policy
        for key, kind in policy.keys.items():
            known.setdefault(key, kind)
        for alias, key in policy.aliases.items():
            known.setdefault(alias, policy.keys[key])
    return known


def _registry_keys(butler: Butler) -> dict[str, type]:
    """Give the columns of the registries: these too can choose rows."""
    known: dict[str, type] = {}
    for registry in dict.fromkeys(repository.registry for repository in butler.chain.inputs):
        for column, declared in registry.columns(registry.tables()).items():
            known.setdefault(column, _kind(declared.upper()))
    return known


def _kind(declared: str) -> type:
    """Give the type that SQLite gives a column (https://sqlite.org/datatype3.html, 3.1)."""
    if "INT" in declared:
        return int
    return float if any(word in declared for word in ("REAL", "FLOA", "DOUB")) else str
