"""``persistence.keep.diff``: two repositories by data ID: what only one has, and what differs."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from persistence.butler.butler import Butler
from persistence.butler.index import listing, trees
from persistence.butler.repository import Repository
from persistence.dataids.template import PathTemplate
from persistence.errors import RepositoryError, UnknownDatasetType
from persistence.files import links, marks, mirrors
from persistence.keep import contents
from persistence.keep.contents import Dataset
from persistence.keep.filediff import file_differences
from persistence.keep.values import IGNORED, How

STATES = ("only in the first", "only in the second", "differ", "same")
_FIRST, _SECOND, _DIFFER, _SAME = STATES
# Files that no dataset type has.
OTHERS = "(other files)"
# They say where a repository is, not what it holds.
_CONFIGURATION = (marks.CONFIGURATION, "_mapper", "_parent")
Track = Callable[[Sequence[Any]], Iterable[Any]]
_Key = tuple[str, tuple[tuple[str, Any], ...]]


class _File(NamedTuple):
    path: str
    dataId: Mapping[str, Any]


class Pair(NamedTuple):
    """A dataset in one of two repositories, or in both.

    Attributes
    ----------
    datasetType : `str`
        Its type; `OTHERS` for a file that no type has.
    dataId : mapping
        Its data ID; of other files, the path.
    state : `str`
        One of `STATES`.
    paths : `tuple` [`str` or None]
        The two files.
    what : `tuple` [`str`]
        What differs.
    """

    datasetType: str
    dataId: Mapping[str, Any]
    state: str
    paths: tuple[str | None, str | None]
    what: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(Dataset(self.datasetType, self.dataId))


@dataclass
class Comparison:
    """The result of `compare`.

    Attributes
    ----------
    pairs : `list` [`Pair`]
        The datasets that are not the same in both.
    counts : `dict` [`str`, `dict` [`str`, `int`]]
        Dataset type -> state -> number.
    """

    pairs: list[Pair] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        """Whether both hold the same data."""
        return not self.pairs

    def add(self, pair: Pair) -> None:
        """Count a dataset, and keep it if it is not the same in both."""
        its = self.counts.setdefault(pair.datasetType, dict.fromkeys(STATES, 0))
        its[pair.state] += 1
        if pair.state != _SAME:
            self.pairs.append(pair)


def compare(
    one: str | os.PathLike[str],
    other: str | os.PathLike[str],
    types: Collection[str] = (),
    rtol: float = 0.0,
    atol: float = 0.0,
    ignore: Sequence[str] = IGNORED,
    chain: bool = False,
    jobs: int = 0,
    track: Track = iter,
    **arguments: Any,
) -> Comparison:
    """Compare two repositories by data ID.

    Parameters
    ----------
    one, other : path
        The repositories.
    types : collection of `str`, optional
        Only these dataset types.
    rtol, atol : `float`, optional
        Numbers may differ by ``atol + rtol * abs(other)``; by default they have to be equal.
    ignore : sequence of `str`, optional
        Patterns of FITS cards, and of entries of mappings, that are not compared.
    chain : `bool`, optional
        Whether the parents of each count as well: then the datasets are those that a Butler finds.
    jobs : `int`, optional
        How many files are compared at the same time; 0 for the number of processors.
    track : callable, optional
        Takes the list of datasets in both, and yields them: shows how far it is.
    **arguments
        Further arguments of both Butlers, such as ``mapper`` and ``calibRoot``.

    Returns
    -------
    comparison : `Comparison`
        What is only in one, and what differs. Links are followed; files that were written at
        another time, but hold the same data, are the same.

    Raises
    ------
    RepositoryError
        If one is not a repository.
    UnknownDatasetType
        If neither knows a type.
    """
    how = How(rtol, atol, tuple(ignore))
    butlers = [_opened(root, arguments) for root in (one, other)]
    for name in types:
        _refuse_unknown(name, butlers)
    first, second = (_datasets(butler, types, chain) for butler in butlers)
    found = Comparison()
    both = [key for key in first if key in second]

    def differing(key: _Key) -> list[str]:
        for its in (first, second):
            mirrors.fetch(its[key].path)
        return file_differences(first[key].path, second[key].path, how)

    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        for key, what in zip(track(both), pool.map(differing, both), strict=True):
            state = _DIFFER if what else _SAME
            paths = first[key].path, second[key].path
            found.add(Pair(key[0], first[key].dataId, state, paths, tuple(what)))
    for key in first:
        if key not in second:
            found.add(Pair(key[0], first[key].dataId, _FIRST, (first[key].path, None)))
    for key in second:
        if key not in first:
            found.add(Pair(key[0], second[key].dataId, _SECOND, (None, second[key].path)))
    found.pairs.sort(key=lambda pair: (pair.datasetType, STATES.index(pair.state), str(pair)))
    return found


def _opened(root: str | os.PathLike[str], arguments: Mapping[str, Any]) -> Butler:
    path = mirrors.directory(os.fspath(root))
    if not os.path.isdir(path):
        raise RepositoryError(links.fault(path) or f"there is no directory {path}")
    return Butler(path, **arguments)


def _refuse_unknown(name: str, butlers: Sequence[Butler]) -> None:
    problem: UnknownDatasetType | None = None
    for butler in butlers:
        try:
            butler.request(name)
            return
        except UnknownDatasetType as error:
            problem = problem or error
    if problem is not None:
        raise problem


def _datasets(butler: Butler, types: Collection[str], chain: bool) -> dict[_Key, _File]:
    """Return the files of a repository by dataset type and data ID; the first in a chain counts."""
    known: dict[_Key, _File] = {}
    repositories = butler.chain.inputs if chain else butler.chain.inputs[:1]
    for repository in repositories:
        top = os.path.realpath(repository.root)
        for tree in trees.all_of(repository):
            real = os.path.realpath(tree.root)
            # Calibrations outside are another repository's, unless the whole chain counts.
            if chain or real == top or real.startswith(f"{top}/"):
                tree.build()
                for name, file in _of_tree(repository, tree.root, types):
                    known.setdefault((name, tuple(sorted(file.dataId.items()))), file)
    return known


def _of_tree(
    repository: Repository, root: str, types: Collection[str]
) -> Iterator[tuple[str, _File]]:
    wanted = {
        dataset.template.file_text
        for name, dataset in repository.mapper.types.items()
        if name in types and dataset.template is not None
    }
    its = repository.mapper.types
    for text, name in contents.templates(repository, root).items():
        if types and text not in wanted:
            continue
        template, tree = PathTemplate(text), trees.of(repository, its[name])
        keys = list(template.keys)
        for row in tree.rows(template, [*keys, "_ending"]):
            data_id = dict(zip(keys, row[:-1], strict=True))
            yield name, _File(os.path.join(root, tree.path(template, row[:-1], row[-1])), data_id)
    if not types:
        tree = next(each for each in trees.all_of(repository) if each.root == os.path.abspath(root))
        for file in tree.foreign():
            name = os.path.basename(file.path)
            if not name.startswith(listing.TEMPORARY) and file.path not in _CONFIGURATION:
                yield OTHERS, _File(os.path.join(root, file.path), {"path": file.path})
