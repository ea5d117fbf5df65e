"""The indexes of the trees of repositories, each opened once."""

from __future__ import annotations

import os
from collections.abc import Mapping

from persistence.butler.index.tree import Tree
from persistence.butler.repository import Repository
from persistence.policy import storages
from persistence.policy.dataset_type import DatasetType

# By their roots, with the dataset types that each learned, by whose; the last one is used last.
_trees: dict[str, tuple[Tree, dict[str, Mapping[str, DatasetType]]]] = {}
_ENOUGH = 64  # each holds files open


def of(repository: Repository, dataset: DatasetType) -> Tree:
    """Return the index of the tree in which datasets of a type lie.

    Parameters
    ----------
    repository : `Repository`
        Whose datasets these are.
    dataset : `DatasetType`
        Calibrations may lie in a tree of their own.
    """
    return _at(repository, os.path.abspath(repository.root_of(dataset)))


def all_of(repository: Repository) -> list[Tree]:
    """Return the indexes of all trees in which a repository's datasets lie, its own first."""
    types = repository.mapper.types.values()
    roots = [repository.root, *(repository.root_of(dataset) for dataset in types)]
    return [_at(repository, root) for root in dict.fromkeys(map(os.path.abspath, roots))]


def _at(repository: Repository, root: str) -> Tree:
    types = repository.mapper.types
    tree, learned = _trees.pop(root, (None, {}))
    if tree is None:
        tree = Tree(root, _templates(repository, root))
    # Repositories share types, but not where calibrations lie: one may be the root of another's.
    elif learned.get(repository.root) is not types:
        tree.learn(_templates(repository, root))
    learned[repository.root] = types
    _trees[root] = tree, learned
    if len(_trees) > _ENOUGH:
        del _trees[next(iter(_trees))]
    return tree


def _templates(repository: Repository, root: str) -> dict[str, tuple[str, ...]]:
    """Return the templates of all types that lie below a root, with their endings."""
    templates: dict[str, tuple[str, ...]] = {}
    for dataset in repository.mapper.types.values():
        if dataset.template is None or os.path.abspath(repository.root_of(dataset)) != root:
            continue
        text, endings = dataset.template.file_text, storages.endings(dataset.storage or "")
        templates[text] = tuple(dict.fromkeys((*templates.get(text, ()), *endings)))
    return templates
