"""The contents of a chain's trees, by dataset type, for ``status`` and ``du``."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from persistence.butler.asking.inventory import rank
from persistence.butler.index import listing, trees
from persistence.butler.index.tree import Totals, Tree
from persistence.cli import messages, progress
from persistence.dataids.template import PathTemplate
from persistence.files import marks, temporaries

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.repository import Repository

# Files at the top of a tree that are the repository itself; these and what SQLite keeps beside its
# own.
_OWN = ("registry.sqlite3", "calibRegistry.sqlite3", "registry_raw.sqlite3", "registry.pgsql")
_LOCK = ".persistence-lock"  # of `atomic.locked`, on NFS
_BESIDE = ("", "-journal", "-wal", "-shm")
_FRAME = {*marks.NAMES, _LOCK, *(f"{name}{ending}" for name in _OWN for ending in _BESIDE)}
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


class Place(NamedTuple):
    """A tree, and the repositories of a chain with datasets in it.

    It is a repository, or the calibration root of several, or both.
    """

    tree: Tree
    repositories: list[Repository]

    @property
    def is_repository(self) -> bool:
        """Whether it is a repository, and not only a calibration root."""
        return any(self.tree.root == os.path.abspath(each.root) for each in self.repositories)

    def types(self) -> dict[str, list[str]]:
        """Return the dataset types of each template, by its text.

        Of types that share a template, the first is listed, as in ``butler.index.summary()``.
        """
        by_template: dict[str, dict[str, None]] = {}
        for repository in self.repositories:
            for name, dataset in repository.mapper.types.items():
                if dataset.template is not None and (
                    os.path.abspath(repository.root_of(dataset)) == self.tree.root
                ):
                    by_template.setdefault(dataset.template.file_text, {})[name] = None
        return {text: sorted(names, key=rank) for text, names in by_template.items()}


class Holding(NamedTuple):
    """The files of a template in a tree; of types that share it, the first names them.

    Attributes
    ----------
    place : `Place`
        The tree.
    types : `list` [`str`]
        The dataset types.
    template : `PathTemplate`
        The template.
    totals : `Totals`
        The totals.
    """

    place: Place
    types: list[str]
    template: PathTemplate
    totals: Totals


def places(butler: Butler) -> list[Place]:
    """Return the trees of a chain, each once: the first repository's are the first."""
    by_root: dict[str, Place] = {}
    for repository in butler.chain.inputs:
        for tree in trees.all_of(repository):
            tree_ = by_root.setdefault(os.path.realpath(tree.root), Place(tree, []))
            tree_.repositories.append(repository)
    return list(by_root.values())


def look(every: Sequence[Place]) -> int:
    """Update the indexes, with sizes; print directories that cannot be listed.

    Returns
    -------
    faults : `int`
        Their number.
    """
    faults = 0
    for tree, _ in every:
        with progress.directories() as report:
            tree.build(report, sizes=True)
        for directory, problem in tree.problems().items():
            messages.problem(f"{os.path.join(tree.root, directory)} cannot be listed: {problem}")
            faults += 1
    return faults


def holdings(every: Sequence[Place]) -> Iterator[Holding]:
    """Yield the files of each template in each tree; templates with the same shape once."""
    for place in every:
        types = place.types()
        alike: dict[str, list[str]] = {}
        summary = place.tree.summary()
        for text in summary:
            alike.setdefault(trees.shape(text), []).append(text)
        for first, *others in alike.values():
            names = [name for text in (first, *others) for name in types.get(text, [text])]
            yield Holding(place, sorted(names, key=rank), PathTemplate(first), summary[first])


class Leftovers(NamedTuple):
    """Files that no dataset type has.

    Attributes
    ----------
    foreign, temporary : `list` [`str`]
        Paths: of files that no template explains; of such that writers began, which are dead.
    """

    foreign: list[str]
    temporary: list[str]


def leftovers(tree: Tree, most: int | None) -> tuple[Leftovers, int, int]:
    """Return files without a dataset type, and abandoned temporary files, with their numbers.

    Only the first ``most`` of each kind are returned.
    """
    some = Leftovers([], [])
    counts = [0, 0]
    abandoned = functools.cache(temporaries.abandoned)
    for file in tree.foreign():
        path, kind = os.path.join(tree.root, file.path), 0
        if os.path.basename(path).startswith(listing.TEMPORARY):
            kind = 1
            if path not in abandoned(os.path.dirname(path)):
                continue
        elif file.path in _FRAME:
            continue
        counts[kind] += 1
        if most is None or len(some[kind]) < most:
            some[kind].append(path)
    return some, counts[0], counts[1]


def added(every: Sequence[Totals]) -> Totals:
    """Return several totals together."""
    sizes = [its.bytes for its in every]
    newest = [its.newest for its in every if its.newest is not None]
    oldest = [its.oldest for its in every if its.oldest is not None]
    return Totals(
        sum(its.n for its in every),
        None if None in sizes else sum(size or 0 for size in sizes),
        max(newest, default=None),
        min(oldest, default=None),
    )


# -- for people
# ---------------------------------------------------------------------------------------


def size(number: int | None) -> str:
    """Show a number of bytes in three digits, by powers of 1000: ``1.23 GB``."""
    if number is None:
        return ""
    value, unit = float(number), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 0 if not unit or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {_UNITS[unit]}"


def moment(nanoseconds: int | None) -> str:
    """Show a time, in UTC, to the minute."""
    if nanoseconds is None:
        return ""
    return _utc(nanoseconds).strftime("%Y-%m-%d %H:%M")


def instant(nanoseconds: int | None) -> str | None:
    """Return a time, in UTC, as ISO 8601 has it."""
    return None if nanoseconds is None else _utc(nanoseconds).isoformat(timespec="seconds")


def _utc(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // 10**9, UTC)
