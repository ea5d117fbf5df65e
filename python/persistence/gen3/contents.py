"""What there is in a chain of repositories, for an export: datasets by type and tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.butler.repository import Repository
from persistence.files import marks
from persistence.policy.dataset_type import DatasetType

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

_RERUN = "rerun"
_DEEPEST = 3  # rerun/user/topic/name


class Group(NamedTuple):
    """The datasets of one type in one tree.

    Attributes
    ----------
    butler : `Butler`
        A Butler that reads them.
    dataset : `DatasetType`
        The type.
    root : `str`
        The tree: a repository's root, or that of calibrations.
    rows : sequence of `dict`
        The data IDs, each with ``path``, relative to the root.
    """

    butler: Butler
    dataset: DatasetType
    root: str
    rows: Sequence[dict[str, Any]]


def groups(butlers: Sequence[Butler]) -> Iterator[Group]:
    """Yield the datasets of some Butlers; those of a tree that several have are yielded once."""
    taken: set[tuple[str, str]] = set()
    for butler in butlers:
        found: dict[str, list[str]] = {}
        for row in butler.index.summary():
            root = os.path.realpath(row["repository"])
            if (row["datasetType"], root) not in taken:
                taken.add((row["datasetType"], root))
                found.setdefault(row["datasetType"], []).append(root)
        for name, roots in found.items():
            dataset = next(
                repository.mapper.types[name]
                for repository in butler.chain.inputs
                if name in repository.mapper.types
            )
            rows = [dict(row) for row in butler.index.places(name, fresh=False)]
            for root in roots:
                mine = [row for row in rows if os.path.realpath(row["repository"]) == root]
                yield Group(butler, dataset, root, mine)


def base(repository: Repository) -> str:
    """Return the root of the tree that a repository is a rerun of, or its own."""
    root = os.path.realpath(repository.root)
    parts = root.split(os.sep)
    for number in range(1, len(parts)):
        above = os.sep.join(parts[:number]) or os.sep
        if parts[number] == _RERUN and marks.is_repository(above):
            return above
    return root


def reruns(root: str) -> Iterator[str]:
    """Yield the repositories below a repository's ``rerun``, in order of their names."""
    top = os.path.join(root, _RERUN)
    for directory, folders, _ in os.walk(top):
        depth = os.path.relpath(directory, top).count(os.sep) + 1
        if directory != top and marks.is_repository(directory):
            folders.clear()
            yield directory
        elif depth > _DEEPEST:
            folders.clear()
        folders.sort()
