"""The indexes of the trees of repositories, each opened once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from persistence.butler.index.tree import Tree
from persistence.butler.repository import Repository
from persistence.policy import storages
from persistence.policy.dataset_type import DatasetType

# By root, with the dataset types added to each, by repository; the last one was used last.
_trees: dict[str, tuple[Tree, dict[str, Mapping[str, DatasetType]]]] = {}
_KEY = re.compile(r"%\((\w+)\)")
_ENOUGH = 64  # each holds open files


def of(repository: Repository, dataset: DatasetType) -> Tree:
    """Return the index of the tree with the datasets of a type.

    Parameters
    ----------
    repository : `Repository`
        The repository.
    dataset : `DatasetType`
        The dataset type; calibrations may have a tree of their own.

    Returns
    -------
    tree : `Tree`
        The index.
    """
    return _at(repository, os.path.abspath(repository.root_of(dataset)))


def all_of(repository: Repository) -> list[Tree]:
    """Return the indexes of all trees of a repository, its own first."""
    types = repository.mapper.types.values()
    roots = [repository.root, *(repository.root_of(dataset) for dataset in types)]
    return [_at(repository, root) for root in dict.fromkeys(map(os.path.abspath, roots))]


def shape(text: str) -> str:
    """Return a template with numbers in place of keys: files match all templates of a shape.

    Parameters
    ----------
    text : `str`
        The template's text.
    """
    numbers: dict[str, int] = {}
    return _KEY.sub(lambda match: f"%({numbers.setdefault(match[1], len(numbers))})", text)


def _at(repository: Repository, root: str) -> Tree:
    types = repository.mapper.types
    tree, learned = _trees.pop(root, (None, {}))
    if tree is None:
        tree = Tree(root, _templates(repository, root))
    # Repositories may have the same types but different calibration roots, and one may be the
    # calibration root of another.
    elif learned.get(repository.root) is not types:
        tree.add_templates(_templates(repository, root))
    learned[repository.root] = types
    _trees[root] = tree, learned
    if len(_trees) > _ENOUGH:
        del _trees[next(iter(_trees))]
    return tree


def _templates(repository: Repository, root: str) -> dict[str, tuple[str, ...]]:
    """Return the templates of all types below a root, with their endings."""
    templates: dict[str, tuple[str, ...]] = {}
    for dataset in repository.mapper.types.values():
        if dataset.template is None or os.path.abspath(repository.root_of(dataset)) != root:
            continue
        text, endings = dataset.template.file_text, storages.endings(dataset.storage or "")
        templates[text] = tuple(dict.fromkeys((*templates.get(text, ()), *endings)))
    return templates
