"""The files of a dataset type in a chain of repositories: the first that has one counts."""

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
# What the index calls what a file's row has behind the keys.
_OWN = ("_ending", "_size", "_time")
# What conditions of an index may be about besides keys, and how it is called there.
OWN: Mapping[str, tuple[str, type]] = {
    "size": ("_size", int),
    "written": ("_time", datetime.datetime),
}


class Source(NamedTuple):
    """A tree in which files of a dataset type lie.

    Attributes
    ----------
    number : `int`
        Its place in the chain.
    repository : `Repository`
        Whose it is.
    dataset : `DatasetType`
        The dataset type, as the repository's camera has it.
    tree : `Tree`
        The index of the tree.
    template : `PathTemplate`
        How its files are called, without an HDU.
    """

    number: int
    repository: Repository
    dataset: DatasetType
    tree: Tree
    template: PathTemplate


class Choice(NamedTuple):
    """Which files are wanted, by the keys in their names.

    Attributes
    ----------
    where : `Expression`
        What has to be true of these keys.
    possible : callable
        Whether some of their values may be of interest.
    sizes, paths : `bool`
        Whether sizes and times are wanted, and whether paths are.
    fresh : `bool`
        Whether directories are compared with the index first.
    """

    where: Expression
    possible: Callable[[Mapping[str, Any]], bool]
    sizes: bool = False
    paths: bool = False
    fresh: bool = True


class File(NamedTuple):
    """A file: the values of the keys in its name, and what is known of it; the rest is None."""

    values: Row
    size: int | None
    time: int | None
    path: str | None
    source: Source


def sources(chain: Chain, request: Request, data_id: Mapping[str, Any]) -> list[Source] | None:
    """Return where the files of a dataset type lie; None if templates do not tell.

    A tree that several repositories share, as that of calibrations, is there once.
    """
    found: dict[str, Source] = {}
    for number, repository in enumerate(chain.asked(request, data_id)):
        mapper, dataset = repository.mapper, repository.mapper.dataset(request)
        is_mapped = mapper.hook("map", request.datasetType) is not None or mapper.maps_paths
        if dataset.template is None or is_mapped or is_any_path(dataset.template):
            return None
        if storages.find(dataset.storage or "", dataset.python) is not None:
            tree = trees.of(repository, dataset)
            template = PathTemplate(dataset.template.file_text)
            found.setdefault(tree.root, Source(number, repository, dataset, tree, template))
    return list(found.values())


def is_any_path(template: PathTemplate) -> bool:
    """Return whether a template is nothing but a path that the registry has: ``%(path)s``."""
    components = template.components
    return len(components) == 1 == len(components[0]) and isinstance(components[0][0], Field)


def copies(source: Source, choice: Choice, limit: int | None = None) -> Iterator[File]:
    """Yield the files of a tree, ordered by their keys, whether or not they are shadowed."""
    tree, template = source.tree, source.template
    try:
        known = {
            key: cast(key, value, template.keys[key])
            for key, value in choice.where.known().items()
            if key in template.keys
        }
    except DataIdError:  # a file's name has no such value
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
            # No directory of the tree tells that a file elsewhere is gone.
            if is_looked_for and not _is_there(f"{tree.root}/{path}", path, direct):
                continue
        yield File(tuple(values), size, time, path, source)


def _is_there(file: str, path: str, direct: DirectFiles) -> bool:
    return os.access(file, os.F_OK) or direct.exists(path)


def _condition(where: Expression, template: PathTemplate) -> tuple[str, Sequence[Any]]:
    """Return a condition as the index takes it."""
    kinds = {name: kind for name, (_, kind) in OWN.items()}
    text, values = where.sql({**kinds, **template.keys})
    for name, (column, _) in OWN.items():
        if name not in template.keys:  # which are words, so that no name holds quotes
            text = text.replace(quoted(name), quoted(column))
    return text, values


def ordered(
    every: Sequence[Source], choice: Choice, keys: Sequence[str], limit: int | None = None
) -> Iterator[Iterator[File]]:
    """Yield the copies of each dataset together, that of the first repository first.

    Parameters
    ----------
    every : sequence of `Source`
        Where is looked, in the order of the chain.
    choice : `Choice`
        What is looked for.
    keys : sequence of `str`
        The keys in names, in whose order datasets are yielded.
    limit : `int`, optional
        So many datasets are enough.
    """
    alike: dict[frozenset[str], list[Iterator[File]]] = {}
    for source in every:  # other keys are those of another camera, whose datasets are others
        files = _rearranged(copies(source, choice, limit), source, keys)
        alike.setdefault(frozenset(source.template.keys), []).append(files)
    for streams in alike.values():
        merged = heapq.merge(*streams, key=_values) if len(streams) > 1 else streams[0]
        for _, group in itertools.groupby(merged, key=_values):
            yield group


_values = operator.attrgetter("values")


def _rearranged(files: Iterator[File], source: Source, keys: Sequence[str]) -> Iterator[File]:
    """Return files with the values of some keys, in their order; None where they have no such."""
    its = list(source.template.keys)
    if its == list(keys):
        return files
    places = [its.index(key) if key in its else None for key in keys]
    turned = (
        file._replace(
            values=tuple(None if place is None else file.values[place] for place in places)
        )
        for file in files
    )
    return iter(sorted(turned, key=_values))
