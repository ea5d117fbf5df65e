"""Files that are put in their places together: all of them, or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self

from persistence.errors import PersistenceError, RepositoryError, WrittenDiffers
from persistence.files import atomic, durable


class _Placed(NamedTuple):
    temporary: str | None  # None: the target is to go
    target: str
    backup: bool


class Batch:
    """Collects files that are written beside their targets, and renames them all at once.

    What is left is removed.

    Parameters
    ----------
    durable : `bool`
        Whether the files are to be on the disk at the end, so that a power cut does not lose them.

    Notes
    -----
    If one of the renames fails, those before it are undone. A kill between two of them leaves the
    first ones: each file is whole, and writing again does the rest.
    """

    def __init__(self, durable: bool = True) -> None:
        self._durable = durable
        self._changed: list[str] = []
        self._placed: list[_Placed] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for placed in self._placed:
            if placed.temporary is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(placed.temporary)

    @contextlib.contextmanager
    def place(self, target: str, backup: bool = False) -> Iterator[str]:
        """Give a temporary path beside a target, to be written in the block.

        See `files.atomic_write`.

        Raises
        ------
        WrittenDiffers
            If the batch has other content for the target already; the same counts once.
        """
        directory = os.path.dirname(target) or "."
        self._changed += [directory, *durable.make_directories(directory)]
        atomic.sweep_once(directory)
        temporary = atomic.beside(target)
        self._placed.append(placed := _Placed(temporary, target, backup))
        yield temporary
        first = next(one.temporary for one in self._placed if one.target == target)
        if first is not None and first != temporary:
            if not atomic.alike(first, temporary):
                raise WrittenDiffers(
                    f"{target} would be written twice, and otherwise; nothing was written"
                )
            self._placed.remove(placed)
            os.unlink(temporary)

    def remove(self, target: str) -> None:
        """Have a file, which need not be there, removed with the others' placing."""
        self._placed.append(_Placed(None, target, False))

    def commit(self) -> None:
        """Put every file in its place.

        Raises
        ------
        RepositoryError
            If one cannot be put there; none is, then.
        """
        olds: list[str] = []
        undo = contextlib.ExitStack()  # which goes on with the others when one fails
        try:
            if self._durable:
                new = [placed.temporary for placed in self._placed if placed.temporary is not None]
                durable.flush([path for path in new if not os.path.islink(path)])
            with undo:
                for placed in self._placed:
                    if placed.backup:
                        atomic.back_up(placed.target)
                    olds += _keep(placed.target)
                    undo.callback(
                        _undo, placed.target, olds[-1] if os.path.lexists(placed.target) else None
                    )
                    _put(placed)
                undo.pop_all()
        except OSError as error:
            if isinstance(error, PersistenceError):
                raise
            targets = {placed.temporary: placed.target for placed in self._placed}
            target = targets.get(error.filename) or placed.target
            raise RepositoryError(
                f"cannot write {target}: {error.strerror or error}; nothing was written"
            ) from error
        if self._durable:
            durable.flush((), self._changed)
        for old in olds:
            with contextlib.suppress(OSError):  # all is in its place
                os.unlink(old)


def _put(placed: _Placed) -> None:
    if placed.temporary is not None:
        os.replace(placed.temporary, placed.target)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(placed.target)


def _keep(target: str) -> list[str]:
    """Keep what stands at a target under another name, too; give that name, if anything does."""
    if not os.path.lexists(target):
        return []
    kept = atomic.beside(target)
    try:
        try:
            os.link(target, kept, follow_symlinks=False)
        except OSError:  # a file system without hard links
            import shutil  # slow to import

            shutil.copy2(target, kept, follow_symlinks=False)
    except BaseException:  # an interrupt too must leave nothing behind
        with contextlib.suppress(FileNotFoundError):
            os.unlink(kept)
        raise
    return [kept]


def _undo(target: str, old: str | None) -> None:
    if old is not None:
        os.replace(old, target)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(old)  # a rename between two names of one file does nothing
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
