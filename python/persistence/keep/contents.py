"""The files of a tree, each with its dataset: what manifests and comparisons are about."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from persistence.butler.asking.inventory import rank
from persistence.butler.index import listing, trees
from persistence.butler.repository import Repository
from persistence.dataids.template import PathTemplate
from persistence.keep.patient import Patient
from persistence.keep.survey import Survey


class Dataset(NamedTuple):
    """The dataset that a file is.

    Attributes
    ----------
    datasetType : `str`
        The dataset type; of several with the same template, the one with the shortest name.
    dataId : mapping
        The values of the keys in the file's name.
    """

    datasetType: str
    dataId: Mapping[str, Any]

    def __str__(self) -> str:
        return " ".join(
            (self.datasetType, *(f"{key}={value}" for key, value in self.dataId.items()))
        )


def templates(repository: Repository, root: str | None = None) -> dict[str, str]:
    """Return the templates of a repository's dataset types, with the type of each.

    Parameters
    ----------
    repository : `Repository`
        The repository.
    root : `str`, optional
        The tree in which their files are; by default that of the repository.
    """
    root = os.path.realpath(root or repository.root)
    names: dict[str, str] = {}
    for name, dataset in repository.mapper.types.items():
        if dataset.template is not None and os.path.realpath(repository.root_of(dataset)) == root:
            text = dataset.template.file_text
            names[text] = min(names.get(text, name), name, key=rank)
    return names


def datasets(repository: Repository, root: str | None = None) -> Iterator[tuple[str, Dataset]]:
    """Yield the files of a repository that are datasets: the relative path, and the dataset."""
    types = repository.mapper.types
    for text, name in templates(repository, root).items():
        tree = trees.of(repository, types[name])
        template = PathTemplate(text)
        keys = list(template.keys)
        for row in tree.rows(template, [*keys, "_ending"]):
            path = tree.path(template, row[:-1], row[-1])
            yield path, Dataset(name, dict(zip(keys, row[:-1], strict=True)))


def named(patient: Patient) -> dict[str, dict[str, Dataset]]:
    """Return the datasets in each tree of a patient, by their paths relative to the tree.

    Repositories that cannot be opened have none: their files are told by their paths.
    """
    known: dict[str, dict[str, Dataset]] = {}
    with patient.silent():
        for tree, repository in (
            *((butler.chain.inputs[0].root, one) for butler, one in patient.repositories()),
            *patient.calibrations(),
        ):
            tree = os.path.realpath(tree)
            for each in trees.all_of(repository):
                if os.path.realpath(each.root) == tree:
                    each.build()
            found = known.setdefault(tree, {})
            for path, dataset in datasets(repository, tree):
                found.setdefault(path, dataset)
    return known


def files(survey: Survey) -> dict[str, list[str]]:
    """Return the files of each tree, by their paths relative to it, temporary ones left out.

    A link to a file counts as one; a file belongs to the innermost tree around it.
    """
    every: dict[str, list[str]] = {tree: [] for tree in survey.trees}
    paths = [file.path for file in survey.files]
    paths += [path for path in survey.links if os.path.isfile(survey.path(path))]
    starts = sorted(survey.trees, key=len, reverse=True)
    homes: dict[str, str] = {}
    for path in paths:
        folder, name = os.path.split(survey.path(path))
        if name.startswith(listing.TEMPORARY):
            continue
        if folder not in homes:
            homes[folder] = next(
                tree for tree in starts if folder == tree or folder.startswith(f"{tree}/")
            )
        every[homes[folder]].append(os.path.join(folder, name)[len(homes[folder]) + 1 :])
    return every
