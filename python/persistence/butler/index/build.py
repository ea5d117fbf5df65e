"""A whole tree, brought up to date."""

from __future__ import annotations

from collections.abc import Callable

from persistence.butler.index.refresh import Refresher

# So many directories are compared with the disk at once.
_ENOUGH = 500


def walk(refresher: Refresher, progress: Callable[[int, int, int], None] | None = None) -> None:
    """Bring all directories of a tree up to date, in the order of their names.

    Parameters
    ----------
    refresher : `Refresher`
        What compares them with the disk, and lists those that changed.
    progress : callable, optional
        Is told how many directories are done, how many are known, and how many files were listed.

    Notes
    -----
    What is done when it is interrupted stays done.
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
