"""Bring the index of a whole tree up to date."""

from __future__ import annotations

from collections.abc import Callable

from persistence.butler.index.refresh import Refresher

# Number of directories compared with the disk at once.
_ENOUGH = 500


def walk(refresher: Refresher, progress: Callable[[int, int, int], None] | None = None) -> None:
    """Update all directories of a tree, in the order of their names.

    Parameters
    ----------
    refresher : `Refresher`
        Compares directories with the disk, and lists those that changed.
    progress : callable, optional
        Called with the number of finished directories, of known directories, and of files listed.

    Notes
    -----
    If it is interrupted, finished directories stay up to date.
    """
    left, done = [""], 0
    while left:
        some = left[: -_ENOUGH - 1 : -1]
        del left[-len(some) :]
        refresher.refresh(some)
        done += len(some)
        for path in reversed(some):
            left += reversed(refresher.store.children(path))
        if progress is not None:
            progress(done, done + len(left), refresher.files)
