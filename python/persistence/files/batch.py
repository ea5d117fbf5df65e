"""Files that are put in their places together: all of them, or none."""

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
    roots : iterable of `str`
        The repositories that files go to. What killed writers left in them is done first.

    Notes
    -----
    If one of the renames fails, those before it are undone. After a kill between two of them, the
    next batch in the repository does the rest, and readers see the files as if it were done; see
    `persistence.files.intents`.
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
        """Give a temporary path beside a target, to be written in the block.

        See `files.atomic_write`.

        Raises
        ------
        WrittenDiffers
            If the batch has other content for the target already; the same counts once.
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
        moves: list[Move] = []
        try:
            if self._durable:
                new = [placed.temporary for placed in self._placed if placed.temporary is not None]
                # Their names, too: what an intent speaks of has to be there when it is carried out.
                names = self._changed if len(self._placed) > 1 else ()
                durable.flush([path for path in new if not os.path.islink(path)], names)
            try:
                for placed in self._placed:
                    if placed.backup:
                        atomic.back_up(placed.target)
                    moves.append(Move(placed.target, placed.temporary, _keep(placed.target)))
            except BaseException:  # an interrupt too must leave nothing behind
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
        """Rename all, or none; tell before, in each repository, what is about to be done."""
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
            # If this fails as well, the intents and what was kept stay: the next writer ends it.
            with contextlib.ExitStack() as undo:  # it goes on with the others when one fails
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
    """Keep what stands at a target under another name, too; return that name, if anything does."""
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
