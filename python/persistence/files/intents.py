"""Several files changed as one: the next writer finishes, or undoes, the work of a killed one.

Before the first of several renames, an intent is written: the source and target of each file, and
the backup of the old target. The intent is deleted when all is done. If an intent's writer is dead,
`recover` carries it out, and `redirects` returns the files' actual paths to readers, which change
nothing.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from persistence.errors import RepositoryError
from persistence.files import atomic, journal, temporaries

FOLDER = ".persistence/intents"
MARK = "put"  # of the names in intents; they are swept away only after the intents


class Move(NamedTuple):
    """A change of one file.

    Attributes
    ----------
    target : `str`
        The path of the file.
    temporary : `str` or None
        The new file; None if the target is removed.
    kept : `str` or None
        The backup of the old target; None if there was none.
    """

    target: str
    temporary: str | None
    kept: str | None

    def forward(self) -> None:
        """Rename the temporary file to the target, or remove the target; idempotent."""
        if self.temporary is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.target)
        elif os.path.lexists(self.temporary):
            os.replace(self.temporary, self.target)

    def back(self) -> None:
        """Restore the old target; idempotent."""
        if self.kept is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.target)
        elif os.path.lexists(self.kept):
            os.replace(self.kept, self.target)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.kept)  # a rename between two names of one file does nothing


class Intent(NamedTuple):
    """The changes that a writer is about to make in a repository.

    Attributes
    ----------
    root : `str`
        The repository.
    path : `str`
        The file of the intent.
    is_back : `bool`
        Whether the moves are being undone.
    moves : sequence of `Move`
        The changes, in this order.
    """

    root: str
    path: str
    is_back: bool
    moves: Sequence[Move]

    def carry_out(self) -> None:
        """Finish the changes that are not yet made, and delete the intent."""
        for move in self.moves:
            if self.is_back:
                move.back()
            else:
                move.forward()
        for move in self.moves:
            for name in (move.kept, move.temporary):
                if name is not None:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def write(self, durable: bool) -> None:
        """Write the intent to its file, replacing one in the other direction."""
        names = [
            [None if name is None else os.path.relpath(name, self.root) for name in move]
            for move in self.moves
        ]
        content = {"writer": _identity(os.getpid()), "back": self.is_back, "moves": names}
        atomic.write_text(self.path, json.dumps(content), replace=True, durable=durable)


def new_path(root: str) -> str:
    """Return the path of a new intent of this process."""
    name = f"{temporaries.HOST}-{os.getpid()}-{os.urandom(4).hex()}.json"
    return os.path.join(root, FOLDER, name)


def recover(root: str) -> None:
    """Finish, or undo, the changes of killed writers in a repository."""
    for intent in abandoned(root):
        intent.carry_out()
        for move in intent.moves:
            operation: journal.Operation = "put" if os.path.lexists(move.target) else "remove"
            journal.append(root, operation, os.path.relpath(move.target, root))
    temporaries.sweep(os.path.join(root, FOLDER))


@functools.cache
def sweep_once(directory: str, roots: Sequence[str]) -> None:
    """Remove temporary files of dead writers in a directory that no intent mentions.

    The files of intents stay: `recover` needs them.
    """
    # Listed before the intents are read: a writer that is dead by now writes no more intents.
    left = temporaries.abandoned(directory, MARK)
    spoken = {
        os.path.basename(name)
        for root in (roots if left else ())
        for _path, content in _contents(root)
        for names in content["moves"]
        for name in names[1:]
        if name is not None
    }
    for path in left:
        if os.path.basename(path) not in spoken:
            with contextlib.suppress(
                OSError
            ):  # another process removed it, or it belongs to another user
                os.unlink(path)


def redirects(root: str) -> dict[str, str | None]:
    """Return the actual paths of files that a killed writer did not move to their targets.

    Parameters
    ----------
    root : `str`
        The repository.

    Returns
    -------
    paths : `dict` [`str`, `str` or None]
        Path in the repository -> the actual path; None if the file is to be removed.
    """
    paths = {}
    for intent in abandoned(root):
        for move in intent.moves:
            path = move.kept if intent.is_back else move.temporary
            if path is None or os.path.lexists(path):  # else the move is done
                paths[os.path.relpath(move.target, root)] = path and os.path.relpath(path, root)
    return paths


def abandoned(root: str) -> Iterator[Intent]:
    """Yield the intents in a repository whose writers are dead.

    Raises
    ------
    RepositoryError
        If an intent is damaged.
    """
    for path, content in _contents(root):
        with contextlib.suppress(FileNotFoundError):  # another process has just finished it
            if not _is_at_work(path, content["writer"]):
                yield Intent(
                    root, path, content["back"], [_move(names, root) for names in content["moves"]]
                )


def _contents(root: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the path and content of each intent in a repository."""
    folder = os.path.join(root, FOLDER)
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for name in sorted(names):
        path = os.path.join(folder, name)
        if not name.endswith(".json") or name.startswith("."):
            continue
        content = None
        with contextlib.suppress(FileNotFoundError):  # another process has just finished it
            content = _content(path)
        if content is not None:
            yield path, content


def _content(path: str) -> dict[str, Any] | None:
    """Return the content of an intent; None if it is empty because of a power cut."""
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    if not text:
        return None
    try:
        content = json.loads(text)
        is_well = isinstance(content["writer"], str) and isinstance(content["back"], bool)
        for target, *others in content["moves"]:
            is_well &= _is_inside(target) and len(others) == 2
            is_well &= all(name is None or _belongs(name, target) for name in others)
    except (ValueError, TypeError, KeyError, AttributeError):
        is_well = False
    if not is_well:
        raise RepositoryError(
            f"{path} is damaged: it does not state which files a killed writer was about to "
            "rename. "
            "Look at the datasets of that time, then remove it"
        )
    result: dict[str, Any] = content
    return result


def _move(names: Sequence[str | None], root: str) -> Move:
    target, temporary, kept = (name and os.path.join(root, name) for name in names)
    return Move(target or root, temporary, kept)


def _is_inside(path: str) -> bool:
    return not os.path.isabs(path) and ".." not in path.split("/")


def _belongs(name: str, target: str) -> bool:
    """Return whether a name is one that a `Batch` creates beside a target.

    Others are not touched.
    """
    directory, base = os.path.split(name)
    return directory == os.path.dirname(target) and base.startswith(f".{MARK}-")


def _is_at_work(path: str, writer: str) -> bool:
    host, process, _ = os.path.basename(path).rsplit("-", 2)
    if host == temporaries.HOST:
        return temporaries.is_alive(int(process)) and writer in ("", _identity(int(process)))
    return time.time() - os.stat(path).st_mtime < temporaries.PATIENCE


def _identity(process: int) -> str:
    """Return a text that distinguishes a process from later ones with its number.

    Empty if unknown.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as stream:
            boot = stream.read().strip()
        with open(f"/proc/{process}/stat", encoding="utf-8") as stream:
            started = stream.read().rpartition(")")[2].split()[19]  # proc(5): field 22
    except OSError:
        return ""
    return f"{boot} {started}"
