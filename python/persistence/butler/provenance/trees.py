"""The trees with a chain's datasets and their inputs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import NamedTuple

from persistence.butler import locate
from persistence.butler.chain import Chain
from persistence.butler.provenance import recorder
from persistence.butler.provenance.lines import Input, Stamp
from persistence.butler.provenance.store import Store
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.errors import NoResults
from persistence.files import listings, marks

_RERUN = "rerun"
_DEEPEST = 3  # rerun/user/topic/name


class Place(NamedTuple):
    """The path of a file, which need not exist.

    Attributes
    ----------
    root : `str`
        The repository, or calibration root: an absolute path.
    path : `str`
        The file, relative to it.
    """

    root: str
    path: str

    @property
    def full(self) -> str:
        """The file's absolute path."""
        return os.path.normpath(f"{self.root}/{self.path}")

    def stamp(self) -> Stamp | None:
        """Return the present state of the file; None if it does not exist."""
        try:
            status = os.stat(self.full)
        except OSError:
            return None
        return Stamp(status.st_size, status.st_mtime_ns)


class Trees:
    """The journals of a chain's repositories, and of those of their inputs; each is read once.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._stores: dict[str, Store] = {}
        self._places: dict[tuple[str, str, str], Place] = {}

    def store(self, root: str) -> Store:
        """Return the journals of a tree."""
        if root not in self._stores:
            self._stores[root] = Store(root)
        return self._stores[root]

    def close(self) -> None:
        """Close all journals."""
        for store in self._stores.values():
            store.close()
        self._stores.clear()

    def find(self, source: Input, output: str) -> Place:
        """Return the present path of an input.

        It is searched relative to the output, as recorded; if it is not there, since trees are
        moved, in each repository and calibration root of the chain.

        Parameters
        ----------
        source : `Input`
            The input.
        output : `str`
            The repository of the output.

        Returns
        -------
        place : `Place`
            The path.
        """
        key = output, source.root, source.path
        if key not in self._places:
            self._places[key] = self._found(source, output)
        return self._places[key]

    def _found(self, source: Input, output: str) -> Place:
        recorded = os.path.normpath(os.path.join(os.path.realpath(output), source.root))
        for root in (recorded, *self.roots()):
            path = listings.find(root, source.path)
            if path is not None:
                return Place(root, path)
        return Place(recorded, source.path)

    def gone(self, request: Request, data_id: DataId) -> Iterator[Location]:
        """Yield the former locations of a missing dataset, according to the journals."""
        for repository in self.chain.asked(request, data_id):
            with contextlib.suppress(NoResults):
                location = locate.expected(repository, request, data_id)
                root = os.path.realpath(location.root)
                if self.store(root).last(location.path) is not None:
                    yield location._replace(root=root)

    def roots(self) -> list[str]:
        """Return the repositories of the chain, and their calibration roots."""
        roots = [repository.root for repository in self.chain.every]
        roots += [repository.calibrations.root for repository in self.chain.every]
        return list(dict.fromkeys(map(os.path.realpath, roots)))

    def below(self) -> list[str]:
        """Return the repositories of the chain, and the reruns below them."""
        roots: dict[str, None] = {}
        for repository in self.chain.every:
            root = os.path.realpath(repository.root)
            roots[root] = None
            roots |= dict.fromkeys(_reruns(os.path.join(root, _RERUN), 1))
        return list(roots)


def names(place: Place, root: str) -> list[str]:
    """Return the names of a file in the journals of a tree: relative to it, or absolute."""
    real = os.path.realpath(place.root)
    near = os.path.normpath(f"{recorder.relative(real, root)}/{place.path}")
    return list(dict.fromkeys((near, os.path.normpath(f"{real}/{place.path}"))))


def _reruns(folder: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            below = sorted(entry.path for entry in entries if entry.is_dir())
    except OSError:
        return
    for path in below:
        if marks.is_repository(path):
            yield os.path.realpath(path)
            yield from _reruns(os.path.join(path, _RERUN), 1)
        elif depth < _DEEPEST:
            yield from _reruns(path, depth + 1)
