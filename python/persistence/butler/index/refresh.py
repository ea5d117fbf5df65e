"""Compare directories with the disk, and list those that changed."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from persistence.butler.index import listing
from persistence.butler.index.listing import Part, Stamp
from persistence.butler.index.store import Store
from persistence.butler.index.tables import Row
from persistence.butler.index.write import Listing, Writer
from persistence.dataids.inversion import Inverter
from persistence.dataids.template import PathTemplate
from persistence.files import mirrors
from persistence.registry.direct import DirectFiles

# A directory that was unchanged for this long when it was listed has a new time if it changes
# again: clocks of file systems have a resolution of up to two seconds (FAT; old NFS).
_SETTLED = 2_000_000_000
# Number of names written in one transaction, so that other processes get their turn.
_BATCH = 20_000
_NO_PARTS: tuple[Part, ...] = ()
# The stamp of a missing directory that has files registered elsewhere.
_NOWHERE = Stamp(0, 0, 0)
# The stamp of a directory that cannot be accessed: listing it shows why.
_UNSEEN = Stamp(-1, -1, -1)


def now() -> int:
    """Return the time in ns since 1970."""
    return time.time_ns()


class Refresher:
    """Bring the directories in an index up to date.

    Parameters
    ----------
    root : `str`
        The tree's root directory.
    store : `Store`
        The index.
    writer : `Writer`
        Writes the contents of directories.
    direct : `DirectFiles`
        Files registered outside the tree.
    sizes : `bool`
        Whether sizes and times of files are read. Directories where they were read once keep them
        up to date.
    """

    def __init__(
        self,
        root: str,
        store: Store,
        writer: Writer,
        direct: DirectFiles,
        sizes: bool = False,
    ) -> None:
        self.store = store
        self._writer = writer
        self._root = root
        self._direct = direct
        self._sizes = sizes
        self._since = now()
        self._foreign = {"": False}
        self._linked = {"": False}
        self._identities: dict[str, tuple[int, int]] = {}

    @property
    def files(self) -> int:
        """The number of files listed."""
        return self._writer.files

    def refresh(self, paths: Sequence[str]) -> None:
        """List those of some directories that changed, or were never listed."""
        known = self.store.directories(paths)
        batch: list[Listing] = []
        size = 0
        for path in paths:
            row = known.get(path)
            listed, stamp = now(), self._stamp(path)
            if row is not None and self._is_fresh(row, stamp):
                continue
            if row is None and stamp is None:
                continue
            sized = self._sizes or (row is not None and bool(row[5]))
            before = None if row is None else row[4]
            batch.append(self._list(path, stamp, listed, sized, before))
            size += len(batch[-1].first.files) + 1
            if size > _BATCH:
                self._writer.write(batch)
                batch, size = [], 0
        if batch:
            self._writer.write(batch)

    def _stamp(self, path: str) -> Stamp | None:
        try:
            stamp = listing.stamp(self._full(path))
        except OSError:  # a parent directory may be inaccessible, or the disk damaged
            return _UNSEEN
        if stamp is None and self._direct.is_there and self._direct.holds(path):
            return _NOWHERE
        return stamp

    def _is_fresh(self, row: Row, stamp: Stamp | None) -> bool:
        """Return whether a directory is unchanged since it was listed."""
        listed, sized = row[4], row[5]
        if stamp is None or stamp == _UNSEEN or listed is None or row[1:4] != stamp:
            return False
        if self._sizes and not sized:
            return False
        if listed - (stamp.ctime or stamp.mtime) > _SETTLED:
            return True
        # A listing in the future was made before a clock was set back.
        return bool(self._since <= listed <= now())

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _list(
        self, path: str, stamp: Stamp | None, listed: int, sized: bool, before: int | None
    ) -> Listing:
        """Begin to read a directory; parts after the first are read when it is written."""
        first, rest, problem = Part({}), iter(_NO_PARTS), None
        if stamp is not None and stamp != _NOWHERE and not self._is_foreign(path):
            try:
                rest = listing.parts(self._full(path), sized)
                first = next(rest, first)
            except (FileNotFoundError, NotADirectoryError):
                stamp = None
            except OSError as error:
                problem = error.strerror or str(error)
        is_linked = self._is_linked(path)
        return Listing(path, stamp, listed, sized, before, is_linked, first, rest, problem)

    def _is_linked(self, path: str) -> bool:
        """Return whether a directory is a link, or below one."""
        known = self._linked.get(path)
        if known is None:
            above = self._is_linked(path.rpartition("/")[0])
            known = self._linked[path] = above or os.path.islink(self._full(path))
        return known

    def _is_foreign(self, path: str) -> bool:
        """Return whether a directory belongs to another tree that no template enters.

        It is the root of such a tree, or below one, or a link to one of its own parents.
        """
        known = self._foreign.get(path)
        if known is None:
            known = (
                self._is_foreign(path.rpartition("/")[0])
                or (listing.is_tree(self._full(path)) and not self._is_named(path))
                or self._is_circle(path)
            )
            self._foreign[path] = known
        return known

    def _is_circle(self, path: str) -> bool:
        """Return whether a directory is one of its own parents, by a link."""
        own = self._identity(path)
        while path:
            path = path.rpartition("/")[0]
            if self._identity(path) == own:
                return True
        return False

    def _identity(self, path: str) -> tuple[int, int]:
        known = self._identities.get(path)
        if known is None:
            try:
                status = mirrors.stat(self._full(path))
            except OSError:
                return (0, 0)
            known = self._identities[path] = status.st_dev, status.st_ino
        return known

    def _is_named(self, path: str) -> bool:
        """Return whether a template leads to a directory, by more than a wildcard name."""
        depth = path.count("/") + 1
        for table in self._writer.tables:
            parts = table.template.file_text.split("/")
            ways = Inverter([PathTemplate("/".join((*parts[:depth], "x")))], [("",)])
            is_way = len(parts) > depth and ways.directory(path).values
            if is_way and any(not _is_bare(part) for part in table.template.components[:depth]):
                return True
        return False


def _is_bare(part: Sequence[object]) -> bool:
    """Return whether a component of a template is a single text field that matches any name."""
    return len(part) == 1 and getattr(part[0], "kind", None) is str
