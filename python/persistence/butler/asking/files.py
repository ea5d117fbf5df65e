"""The files of a dataset type in a chain of repositories: the first copy of each counts."""

from __future__ import annotations

import datetime
import heapq
import itertools
import operator
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler.chain import Chain
from persistence.butler.index import trees
from persistence.butler.index.tree import Tree
from persistence.butler.repository import Repository
from persistence.dataids.dataid import cast
from persistence.dataids.expression import Expression
from persistence.dataids.request import Request
from persistence.dataids.template import Field, PathTemplate
from persistence.errors import DataIdError
from persistence.files.sqlite import quoted
from persistence.policy import storages
from persistence.policy.dataset_type import DatasetType
from persistence.registry.direct import DirectFiles

Row = tuple[Any, ...]
# The index's columns of a file in addition to its keys.
_OWN = ("_ending", "_size", "_time")
# Columns other than keys that conditions may use, and their names in the index.
OWN: Mapping[str, tuple[str, type]] = {
    "size": ("_size", int),
    "written": ("_time", datetime.datetime),
}


class Source(NamedTuple):
    """A tree with files of a dataset type.

    Attributes
    ----------
    number : `int`
        Its position in the chain.
    repository : `Repository`
        The repository that it belongs to.
    dataset : `DatasetType`
        The dataset type, as defined in that repository.
    tree : `Tree`
        The index of the tree.
    template : `PathTemplate`
        The template of its files, without an HDU.
    """

    number: int
    repository: Repository
    dataset: DatasetType
    tree: Tree
    template: PathTemplate


class Choice(NamedTuple):
    """A selection of files by the keys in their names.

    Attributes
    ----------
    where : `Expression`
        A condition on these keys.
    possible : callable
        Returns whether files with some values of keys may be selected.
    sizes, paths : `bool`
        Whether sizes and times are needed, and whether paths are.
    fresh : `bool`
        Whether directories are compared with the index first.
    """

    where: Expression
    possible: Callable[[Mapping[str, Any]], bool]
    sizes: bool = False
    paths: bool = False
    fresh: bool = True


class File(NamedTuple):
    """A file: the values of the keys in its name, and its properties; None where unknown."""

    values: Row
    size: int | None
    time: int | None
    path: str | None
    source: Source


def sources(chain: Chain, request: Request, data_id: Mapping[str, Any]) -> list[Source] | None:
    """Return the trees with files of a dataset type; None if templates do not describe them.

    A tree shared by several repositories, such as the calibrations, is listed once.
    """
    by_root: dict[str, Source] = {}
    for number, repository in enumerate(chain.asked(request, data_id)):
        mapper, dataset = repository.mapper, repository.mapper.dataset(request)
        is_mapped = mapper.hook("map", request.datasetType) is not None or mapper.maps_paths
        if dataset.template is None or is_mapped or is_any_path(dataset.template):
            return None
        if storages.find(dataset.storage or "", dataset.python) is not None:
            tree = trees.of(repository, dataset)
            template = PathTemplate(dataset.template.file_text)
            by_root.setdefault(tree.root, Source(number, repository, dataset, tree, template))
    return list(by_root.values())


def is_any_path(template: PathTemplate) -> bool:
    """Return whether a template is only a path from the registry: ``%(path)s``."""
    components = template.components
    return len(components) == 1 == len(components[0]) and isinstance(components[0][0], Field)


def copies(source: Source, choice: Choice, limit: int | None = None) -> Iterator[File]:
    """Yield the files of a tree, sorted by their keys, including shadowed ones."""
    tree, template = source.tree, source.template
    try:
        known = {
            key: cast(key, value, template.keys[key])
            for key, value in choice.where.known().items()
            if key in template.keys
        }
    except DataIdError:  # no file name contains such a value
        return
    tree.refresh(template, known, choice.possible, choice.fresh, choice.sizes)
    keys = list(template.keys)
    sql = None if choice.where.is_everything else _condition(choice.where, template)
    direct = source.repository.direct
    is_looked_for = choice.fresh and direct.is_there and source.repository.root == tree.root
    for *values, ending, size, time in tree.rows(template, [*keys, *_OWN], sql, known, limit):
        path = None
        if choice.paths or is_looked_for:
            path = tree.path(template, values, ending)
            # The directories of the tree do not show whether a file elsewhere still exists.
            if is_looked_for and not _is_there(f"{tree.root}/{path}", path, direct):
                continue
        yield File(tuple(values), size, time, path, source)


def _is_there(file: str, path: str, direct: DirectFiles) -> bool:
    return os.access(file, os.F_OK) or direct.exists(path)


def _condition(where: Expression, template: PathTemplate) -> tuple[str, Sequence[Any]]:
    """Return a condition as SQL for the index."""
    kinds = {name: kind for name, (_, kind) in OWN.items()}
    text, values = where.sql({**kinds, **template.keys})
    for name, (column, _) in OWN.items():
        if name not in template.keys:  # keys are words, so that no name contains quotes
            text = text.replace(quoted(name), quoted(column))
    return text, values


def ordered(
    every: Sequence[Source], choice: Choice, keys: Sequence[str], limit: int | None = None
) -> Iterator[Iterator[File]]:
    """Yield the copies of each dataset together, that of the first repository first.

    Parameters
    ----------
    every : sequence of `Source`
        The trees, in the order of the chain.
    choice : `Choice`
        The selection.
    keys : sequence of `str`
        The keys in file names by which datasets are sorted.
    limit : `int`, optional
        The largest number of datasets.
    """
    alike: dict[frozenset[str], list[Iterator[File]]] = {}
    for source in every:  # other keys mean another camera, whose datasets are different ones
        files = _rearranged(copies(source, choice, limit), source, keys)
        alike.setdefault(frozenset(source.template.keys), []).append(files)
    for streams in alike.values():
        merged = heapq.merge(*streams, key=_values) if len(streams) > 1 else streams[0]
        for _, group in itertools.groupby(merged, key=_values):
            yield group


_values = operator.attrgetter("values")


def _rearranged(files: Iterator[File], source: Source, keys: Sequence[str]) -> Iterator[File]:
    """Yield files with the values of some keys, in their order; None for keys they lack."""
    its = list(source.template.keys)
    if its == list(keys):
        return files
    positions = [its.index(key) if key in its else None for key in keys]
    turned = (
        file._replace(
            values=tuple(
                None if position is None else file.values[position] for position in positions
            )
        )
        for file in files
    )
    return iter(sorted(turned, key=_values))
