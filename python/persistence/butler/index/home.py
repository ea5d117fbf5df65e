"""Where the index of a tree is stored: in the user's cache, or, if that is impossible, in memory.

A query writes nothing else. The file that ``persistence index`` writes into a repository is the
starting point of each user's own index: it is read once, to save time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Sequence

from persistence.butler.index.store import MEMORY, Store, is_damage
from persistence.butler.index.tables import ALONE, ENDING, SIZE, TIME, VERSION, difference
from persistence.dataids.template import is_suspect
from persistence.errors import RegistryError
from persistence.files import atomic, temporaries, user_cache
from persistence.files.sqlite import escaped, quoted

# In a repository.
FILE = ".persistence/index.sqlite3"
_LONG = 180 * 86400.0  # seconds
_BESIDE = ("", "-wal", "-shm", "-journal")


def path_of(root: str) -> str:
    """Return the path of the user's index of a tree, which need not exist.

    It is different for another tree at the same path, and on another host: SQLite's files must not
    be used by several hosts at once.
    """
    status = os.stat(root)
    identity = (VERSION, temporaries.HOST, os.path.realpath(root), status.st_dev, status.st_ino)
    digest = hashlib.sha256(repr(identity).encode(errors="surrogateescape")).hexdigest()
    return os.path.join(user_cache.folder("index"), f"{digest[:32]}.sqlite3")


def open_store(root: str) -> Store:
    """Open the index of a tree.

    Parameters
    ----------
    root : `str`
        The tree's root directory, which must exist.

    Returns
    -------
    store : `Store`
        The index.
    """
    path = path_of(root)
    for start in (root, None):
        try:
            _make_folder(os.path.dirname(path))
            if not os.path.exists(path):
                _begin(path, start)
            if os.stat(path).st_uid != os.geteuid():
                break
            return Store(path)
        except (RegistryError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.Error) and not is_damage(error):
                break
            discard(path)  # of another version, or damaged
        except OSError:  # no home directory, no space, another user's
            break
    return in_memory(root)


def in_memory(root: str) -> Store:
    """Return an index of this process alone."""
    store = Store(MEMORY)
    _copy_from(root, store)
    return store


def discard(path: str) -> None:
    """Remove a file of the user's index; processes that have it open continue with the old file."""
    with contextlib.suppress(OSError), atomic.locked(os.path.dirname(path)):
        _remove(path)


def _make_folder(folder: str) -> None:
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.stat(folder).st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to another user")


def _begin(path: str, root: str | None) -> None:
    """Create a user's index; if a root is passed, with the contents of the repository's."""
    with atomic.locked(os.path.dirname(path)):
        if os.path.exists(path):  # another process was first
            return
        _remove(path)  # a journal without its file would be applied to this one
        _sweep(os.path.dirname(path))
        store = Store(path)
        if root is not None:
            _copy_from(root, store)


def _remove(path: str) -> None:
    for ending in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + ending)


def _sweep(folder: str) -> None:
    """Remove indexes that were unused for a long time: most are of trees that no longer exist."""
    with os.scandir(folder) as entries:
        for entry in entries:
            is_index = entry.name.endswith(".sqlite3")
            if is_index and time.time() - entry.stat().st_mtime > _LONG:
                _remove(entry.path)


# -- the index in a repository
# ---------------------------------------------------------------


def write_into(root: str, store: Store) -> str:
    """Write an index into its repository, completely or not at all, and return its path.

    Raises
    ------
    OSError, sqlite3.Error
        If that fails.
    """
    path = os.path.join(root, FILE)
    with atomic.atomic_write(path) as temporary:
        store.connection.execute("VACUUM INTO ?", (temporary,))
    return path


def staleness(root: str) -> str:
    """Return why the index in a repository is out of date; an empty text if it is not.

    Parameters
    ----------
    root : `str`
        The repository, which has an index. Its own directory does not count: writing the index
        changes it.
    """
    path = os.path.join(root, FILE)
    uri = f"file:{escaped(os.path.abspath(path))}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            problem = difference(connection, "main")
            if problem:
                return problem
            rows = connection.execute("SELECT path, mtime FROM dirs WHERE path != ''").fetchall()
    except sqlite3.Error as error:
        return f"is damaged: {error}"
    changed = sum(not _is_as_listed(os.path.join(root, str(path)), mtime) for path, mtime in rows)
    return f"is out of date: {changed} of {len(rows)} directories changed" if changed else ""


def _is_as_listed(path: str, mtime: object) -> bool:
    try:
        return os.stat(path).st_mtime_ns == mtime
    except OSError:
        return False


def _copy_from(root: str, store: Store) -> None:
    """Copy the index in a repository, if it is complete and of this version."""
    path = os.path.join(root, FILE)
    if not os.path.isfile(path) or not os.path.getsize(path):
        return
    # If it is unusable, the index starts empty.
    with contextlib.suppress(sqlite3.Error, OverflowError):
        # It was renamed when complete: nobody changes the file that is opened here.
        uri = f"file:{escaped(os.path.abspath(path))}?mode=ro&immutable=1"
        store.connection.execute("ATTACH ? AS given", (uri,))
        try:
            if not difference(store.connection, "given"):
                with store.transaction():
                    _copy(store)
        finally:
            store.connection.execute("DETACH given")


def _copy(store: Store) -> None:
    """Copy all rows whose values have the required types."""
    execute = store.connection.execute
    execute("INSERT INTO templates SELECT number, text, endings FROM given.templates")
    rows = execute("SELECT name FROM given.sqlite_master WHERE type = 'table'")
    existing = {row[0] for row in rows}
    for table in store.tables():
        if table.name in existing:
            execute(table.ddl)
            columns = [quoted(key) for key in table.keys] or [ALONE]
            columns += [ENDING, SIZE, TIME]
            _copy_rows(store, table.name, columns, table.types(), table.texts)
    for name, kinds in _COLUMNS.items():
        conditions = [f"typeof({column}) IN {kind}" for column, kind in kinds.items()]
        texts = [column for column, kind in kinds.items() if kind == _TEXT]
        _copy_rows(store, name, list(kinds), " AND ".join(conditions), texts)
    directories = execute(
        "SELECT path, id, mtime, ctime, inode, listed, sized, direct FROM given.dirs ORDER BY path"
    )
    known: dict[str, int] = {}
    for row in directories.fetchall():
        path, number, *others = row
        if not all(isinstance(value, int | None) for value in others) or not _is_path(path):
            continue
        above = path.rpartition("/")[0]
        if isinstance(number, int) and (above in known or not path):
            known[path] = number
            parent = known[above] if path else None
            execute(
                "INSERT INTO dirs (path, id, mtime, ctime, inode, listed, sized, direct, parent) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, parent),
            )


def _copy_rows(
    store: Store, name: str, columns: Sequence[str], condition: str, texts: Sequence[str]
) -> None:
    """Copy the rows of a table that satisfy a condition, if their texts are valid UTF-8."""
    rows = f"FROM given.{name} WHERE {condition}"
    if texts:
        for _ in store.connection.execute(f"SELECT {', '.join(texts)} {rows}"):
            pass  # text that is not UTF-8 raises an error
    store.connection.execute(f"INSERT INTO {name} SELECT {', '.join(columns)} {rows}")


_NUMBER, _NUMBER_OR_NULL, _TEXT = "('integer')", "('integer', 'null')", "('text')"
# The permitted types of the columns, for the tables that are the same in each index.
_COLUMNS = {
    "dangling": {"dir": _NUMBER, "name": _TEXT},
    "foreigners": {
        "dir": _NUMBER, "name": _TEXT, "size": _NUMBER_OR_NULL, "time": _NUMBER_OR_NULL
    },
    "journals": {"name": _TEXT, "inode": _NUMBER, "position": _NUMBER},
    "stamps": {"name": _TEXT, "stamp": _TEXT},
    "tally": {
        "template": _NUMBER, "dir": _NUMBER, "n": _NUMBER,
        **dict.fromkeys(("bytes", "newest", "oldest"), _NUMBER_OR_NULL),
    },
}  # fmt: skip


def _is_path(path: object) -> bool:
    """Return whether a text may be the path of a directory in a tree."""
    if not isinstance(path, str):
        return False
    return not path or not (is_suspect(path) or {".", ".."} & set(path.split("/")))
