"""Directories compared with the disk, and listed again where they changed."""

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
from persistence.registry.direct import DirectFiles

# A directory whose last change is older than this when it is listed shows it if it changes again:
# clocks of file systems stand still for up to two seconds (FAT; NFS of old).
_SETTLED = 2_000_000_000
# So many names are written in one transaction, so that others get their turn.
_BATCH = 20_000
_NO_PARTS: tuple[Part, ...] = ()
# A directory that is not there, in which files are registered that lie elsewhere.
_NOWHERE = Stamp(0, 0, 0)
# That of a directory of which it cannot be told whether it is there: listing it tells why.
_UNSEEN = Stamp(-1, -1, -1)


def now() -> int:
    """Return the time in ns since 1970."""
    return time.time_ns()


class Refresher:
    """Brings what an index says of directories up to date.

    Parameters
    ----------
    root : `str`
        The tree's root directory.
    store : `Store`
        The index.
    writer : `Writer`
        What writes what they hold.
    direct : `DirectFiles`
        Files of the tree that lie elsewhere.
    sizes : `bool`
        Whether files are asked for sizes and times. Once they were, they are whenever their
        directory is listed again.
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
        """How many files were listed."""
        return self._writer.files

    def refresh(self, paths: Sequence[str]) -> None:
        """List those of some directories again that changed, or were never listed."""
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
        except OSError:  # a directory on the way may not be searched, or the disk is ill
            return _UNSEEN
        if stamp is None and self._direct.is_there and self._direct.holds(path):
            return _NOWHERE
        return stamp

    def _is_fresh(self, row: Row, stamp: Stamp | None) -> bool:
        """Return whether a directory is as it was when it was listed."""
        listed, sized = row[4], row[5]
        if stamp is None or stamp == _UNSEEN or listed is None or row[1:4] != stamp:
            return False
        if self._sizes and not sized:
            return False
        if listed - (stamp.ctime or stamp.mtime) > _SETTLED:
            return True
        # What is listed in the future was, before a clock went back.
        return bool(self._since <= listed <= now())

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _list(
        self, path: str, stamp: Stamp | None, listed: int, sized: bool, before: int | None
    ) -> Listing:
        """Begin to read a directory; what is behind the first part is read when it is written."""
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
        """Return whether a directory is a link, or lies behind one."""
        known = self._linked.get(path)
        if known is None:
            above = self._is_linked(path.rpartition("/")[0])
            known = self._linked[path] = above or os.path.islink(self._full(path))
        return known

    def _is_foreign(self, path: str) -> bool:
        """Return whether a directory is, or lies in, a tree of its own that no template enters."""
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
        """Return whether a directory is one that it lies in: a link led back."""
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
                status = os.stat(self._full(path))
            except OSError:
                return (0, 0)
            known = self._identities[path] = status.st_dev, status.st_ino
        return known

    def _is_named(self, path: str) -> bool:
        """Return whether a template leads to a directory, and not because any name will do."""
        depth = path.count("/") + 1
        for table in self._writer.tables:
            parts = table.template.file_text.split("/")
            ways = Inverter([PathTemplate("/".join((*parts[:depth], "x")))], [("",)])
            is_way = len(parts) > depth and ways.directory(path).values
            if is_way and any(not _is_bare(part) for part in table.template.components[:depth]):
                return True
        return False


def _is_bare(part: Sequence[object]) -> bool:
    """Return whether a component of a template is one text, whatever it is."""
    return len(part) == 1 and getattr(part[0], "kind", None) is str
