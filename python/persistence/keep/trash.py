"""The trash of a tree: what was removed or replaced, at its relative path, until it is purged.

Each session has a directory, ``.persistence/trash/<time>-<process>``: ``moved/`` has what is gone
from its place, ``changed/`` the old form of what was replaced, and ``rows/`` files of SQLite with
the rows that are gone from registries. The paths below them say where all of it belongs, so that no
list can be lost, and a killed session can be undone like any other.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from typing import NamedTuple

from persistence.errors import RegistryError, RepositoryError, did_you_mean
from persistence.files import atomic, durable, sqlite, temporaries
from persistence.keep import rows
from persistence.keep.rows import Rows

FOLDER = ".persistence/trash"
_MOVED, _CHANGED, _ROWS, _REASON = "moved", "changed", "rows", "reason.json"


class Session(NamedTuple):
    """The files that one command moved into the trash.

    Attributes
    ----------
    name : `str`
        The name of its directory.
    reason : `str`
        The command.
    files, bytes : `int`
        The number of files, and their total size.
    """

    name: str
    reason: str
    files: int
    bytes: int


class Trash:
    """A session that moves files of a tree into its trash.

    Parameters
    ----------
    root : `str`
        The tree.
    reason : `str`
        The command, for people.

    Attributes
    ----------
    name : `str`
        The session's name. Nothing is written before the first file.
    """

    def __init__(self, root: str, reason: str) -> None:
        self.root = os.path.abspath(root)
        start = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self.name = f"{start}-{os.getpid()}-{os.urandom(2).hex()}"
        self.is_used = False
        self._reason = reason
        self._folder = os.path.join(self.root, FOLDER, self.name)

    def move(self, path: str) -> str:
        """Move a file, a link (not its target) or a directory away, and return where it is.

        Raises
        ------
        RepositoryError
            If it is not inside the tree.
        """
        target = self._place(path, _MOVED)
        os.rename(path, target)
        durable.flush((), (os.path.dirname(target), os.path.dirname(path)))
        return target

    def keep(self, path: str) -> str:
        """Copy a file or a link that will be replaced, and return where the copy is."""
        target = self._place(path, _CHANGED)
        if os.path.islink(path):
            os.symlink(os.readlink(path), target)
        else:
            shutil.copy2(path, target)
            durable.flush_file(target)
        durable.flush((), (os.path.dirname(target),))
        return target

    def take_rows(self, registry: str, chosen: Rows) -> int:
        """Move rows of a registry away, and return their number; see `rows.move`."""
        if not chosen:
            return 0
        target = self._place(registry, _ROWS)
        count = rows.move(registry, target, chosen)
        durable.flush((), (os.path.dirname(target),))
        return count

    def _place(self, path: str, kind: str) -> str:
        relative = os.path.relpath(path, self.root)
        if relative.split(os.sep)[0] in (os.pardir, os.curdir):
            raise RepositoryError(f"{path} is not inside {self.root}: it is not moved")
        if not self.is_used:
            text = json.dumps({"reason": self._reason, "uid": os.geteuid()})
            atomic.write_text(os.path.join(self._folder, _REASON), text, replace=True)
            self.is_used = True
        target = os.path.join(self._folder, kind, relative)
        durable.flush((), durable.make_directories(os.path.dirname(target)))
        return target


def sessions(root: str) -> list[Session]:
    """Return the sessions in the trash of a tree, the oldest first."""
    top = os.path.join(root, FOLDER)
    names = sorted(os.listdir(top)) if os.path.isdir(top) else []
    return [_session(os.path.join(top, name)) for name in names]


def _session(folder: str) -> Session:
    sizes = [os.lstat(path).st_size for path in _files(folder)]
    try:
        with open(os.path.join(folder, _REASON), encoding="utf-8") as stream:
            reason = str(json.load(stream)["reason"])
    except (OSError, ValueError, KeyError, TypeError):  # a killed session, or an older one
        reason = ""
    return Session(os.path.basename(folder), reason, len(sizes), sum(sizes))


def _files(folder: str) -> Iterator[str]:
    for kind in (_MOVED, _CHANGED, _ROWS):
        for directory, folders, names in os.walk(os.path.join(folder, kind)):
            links = [name for name in folders if os.path.islink(os.path.join(directory, name))]
            yield from (os.path.join(directory, name) for name in sorted([*names, *links]))


class Undone(NamedTuple):
    """The result of `undo`, or of a dry run.

    Attributes
    ----------
    restored : `list` [`str`]
        The paths that were put back.
    blocked : `list` [`str`]
        Those that were not, because something else is there now.
    rows : `int`
        The rows that are in registries again.
    """

    restored: list[str]
    blocked: list[str]
    rows: int = 0


def undo(root: str, name: str, dry_run: bool = False) -> Undone:
    """Put everything of a session back.

    Parameters
    ----------
    root : `str`
        The tree.
    name : `str`
        The session.
    dry_run : `bool`, optional
        Whether to change nothing, and only return what would be done.

    Returns
    -------
    undone : `Undone`
        What was done, or would be.

    Raises
    ------
    RepositoryError
        If there is no such session.
    """
    folder = _folder(root, name)
    restored, blocked = list[str](), list[str]()
    for kind in (_MOVED, _CHANGED):
        top = os.path.join(folder, kind)
        for path in [file for file in _files(folder) if file.startswith(f"{top}/")]:
            relative = os.path.relpath(path, top)
            target = os.path.join(root, relative)
            if kind == _MOVED and os.path.lexists(target):
                blocked.append(relative)
                continue
            restored.append(relative)
            if dry_run:
                continue
            changed = durable.make_directories(os.path.dirname(target))
            if os.path.lexists(target):  # the new form is kept, too
                kept = os.path.join(folder, "undone", relative)
                os.makedirs(os.path.dirname(kept), exist_ok=True)
                temporary = temporaries.beside(kept)
                os.link(target, temporary, follow_symlinks=False)
                os.replace(temporary, kept)
            os.replace(path, target)
            durable.flush((), (os.path.dirname(target), *changed))
    count = _undo_rows(root, folder, blocked, dry_run)
    if not dry_run and not blocked and not os.path.isdir(os.path.join(folder, "undone")):
        shutil.rmtree(folder)
    return Undone(restored, blocked, count)


def _undo_rows(root: str, folder: str, blocked: list[str], dry_run: bool) -> int:
    top, count = os.path.join(folder, _ROWS), 0
    for path in [file for file in _files(folder) if file.startswith(f"{top}/")]:
        relative = os.path.relpath(path, top)
        if dry_run:
            count += sum(table.total() for table in sqlite.rows(path).values())
            continue
        try:
            count += rows.bring_back(path, os.path.join(root, relative))
            os.unlink(path)
        except RegistryError:
            blocked.append(relative)
    return count


def purge(root: str, name: str | None = None, dry_run: bool = False) -> list[Session]:
    """Delete sessions for good, and return them; without a name, all.

    Raises
    ------
    RepositoryError
        If there is no such session.
    """
    if name is not None:
        _folder(root, name)
    chosen = [session for session in sessions(root) if name in (None, session.name)]
    if not dry_run:
        for session in chosen:
            shutil.rmtree(os.path.join(root, FOLDER, session.name))
    return chosen


def _folder(root: str, name: str) -> str:
    top = os.path.join(root, FOLDER)
    known = sorted(os.listdir(top)) if os.path.isdir(top) else []
    if name not in known:
        raise RepositoryError(
            f"the trash of {root} has no session {name!r}{did_you_mean(name, known)} (known: "
            f"{', '.join(known) or 'none'})"
        )
    return os.path.join(top, name)
