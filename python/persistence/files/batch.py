"""Batches of files that are moved to their targets together: all of them, or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from persistence.errors import PersistenceError, RepositoryError, WrittenDiffers
from persistence.files import atomic, durable, groups, intents, temporaries
from persistence.files.intents import Intent, Move


class _Placed(NamedTuple):
    temporary: str | None  # None: the target is removed
    target: str
    backup: bool


class Batch:
    """A batch of files that are written beside their targets and renamed together at the end.

    Temporary files that remain are removed.

    Parameters
    ----------
    durable : `bool`, optional
        Whether to flush the files to disk, so that a power cut does not lose them.
    roots : iterable of `str`, optional
        The repositories of the targets. Operations of killed writers are finished there first.

    Notes
    -----
    If a rename fails, the ones before it are undone. After a kill between two of them, the next
    batch in the repository completes them, and until then readers see the files as if they were
    renamed; see `persistence.files.intents`.
    """

    def __init__(self, durable: bool = True, roots: Iterable[str] = ()) -> None:
        self._durable = durable
        self._roots = tuple(dict.fromkeys(roots))
        for root in self._roots:
            intents.recover(root)
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
        """Yield a temporary path beside a target, to be written in the block.

        See `atomic.atomic_write`.

        Parameters
        ----------
        target : `str`
            The path of the file.
        backup : `bool`, optional
            Whether to keep an existing file as ``target~1``.

        Yields
        ------
        `str`
            The temporary path.

        Raises
        ------
        WrittenDiffers
            If the batch already has other content for the target; the same content is written once.
        """
        directory = os.path.dirname(target) or "."
        self._changed += [directory, *durable.make_directories(directory)]
        temporaries.sweep_once(directory)
        intents.sweep_once(directory, self._roots)
        temporary, group = temporaries.beside(target, intents.MARK), groups.of(target)
        self._placed.append(placed := _Placed(temporary, target, backup))
        yield temporary
        groups.give(temporary, group)
        first = next(one.temporary for one in self._placed if one.target == target)
        if first is not None and first != temporary:
            if not atomic.alike(first, temporary):
                raise WrittenDiffers(
                    f"{target} would be written twice, with different content; nothing was written"
                )
            self._placed.remove(placed)
            os.unlink(temporary)

    def remove(self, target: str) -> None:
        """Delete a file together with the renames of the others; it may be missing."""
        self._placed.append(_Placed(None, target, False))

    def commit(self) -> None:
        """Move all files to their targets.

        Raises
        ------
        RepositoryError
            If one cannot be moved; then none is.
        """
        moves: list[Move] = []
        try:
            if self._durable:
                new = [placed.temporary for placed in self._placed if placed.temporary is not None]
                # Their names, too: the files of an intent have to exist when it is carried out.
                names = self._changed if len(self._placed) > 1 else ()
                durable.flush([path for path in new if not os.path.islink(path)], names)
            try:
                for placed in self._placed:
                    if placed.backup:
                        atomic.back_up(placed.target)
                    moves.append(Move(placed.target, placed.temporary, _keep(placed.target)))
            except BaseException:  # also after an interrupt, nothing may remain
                _clean([], moves)
                raise
            self._carry_out(moves)
        except OSError as error:
            if isinstance(error, PersistenceError):
                raise
            targets = {placed.temporary: placed.target for placed in self._placed}
            target = targets.get(error.filename) or placed.target
            raise RepositoryError(
                f"cannot write {target}: {error.strerror or error}; nothing was written"
            ) from error

    def _carry_out(self, moves: Sequence[Move]) -> None:
        """Rename all files, or none; write an intent into each repository first."""
        said: list[Intent] = []
        try:
            for root in self._roots:
                some = [move for move in moves if move.target.startswith(f"{root}/")]
                if len(some) > 1:
                    said.append(Intent(root, intents.new_path(root), False, some))
                    said[-1].write(self._durable)
            for move in moves:
                move.forward()
            if self._durable:
                durable.flush((), self._changed)
        except BaseException:  # an interrupt too
            # If this fails as well, the intents and backups stay, and the next writer completes
            # them.
            with contextlib.ExitStack() as undo:  # it continues with the others if one fails
                for move in moves:
                    undo.callback(move.back)
                for intent in said:
                    undo.callback(intent._replace(is_back=True).write, self._durable)
            _clean(said, moves)
            raise
        _clean(said, moves)


def _clean(said: Sequence[Intent], moves: Sequence[Move]) -> None:
    for path in (*(intent.path for intent in said), *(move.kept for move in moves)):
        if path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def _keep(target: str) -> str | None:
    """Keep an existing target under another name.

    Return that name, or None if there is no target.
    """
    if not os.path.lexists(target):
        return None
    kept = temporaries.beside(target, intents.MARK)
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
    return kept
