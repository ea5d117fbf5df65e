"""Changes of a tree since the last query that its directories do not show themselves.

Writers append to journals, and ingest registers files outside the tree. Either only marks a
directory to be listed again; the directory itself is the truth.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from persistence.butler.index.store import Store
from persistence.files import journal
from persistence.registry.direct import FILE, DirectFiles

_DIRECT = "direct"


def take(store: Store, root: str, direct: DirectFiles) -> None:
    """Mark the directories that have changed to be listed again."""
    _take_journals(store, root)
    _take_direct(store, root, direct)


def _take_journals(store: Store, root: str) -> None:
    """Read new lines of the journals: this helps where the times of directories are coarse."""
    paths = journal.files(root)
    if not paths:
        return
    query = "SELECT name, inode, position FROM journals"
    known = {name: (inode, position) for name, inode, position in store.connection.execute(query)}
    # It was written before anything was listed.
    is_new = not store.connection.execute("SELECT 1 FROM dirs LIMIT 1").fetchall()
    for path in paths:
        name = os.path.basename(path)
        try:
            status = os.stat(path)
        except OSError:
            continue
        inode, position = known.get(name, (None, 0))
        if inode != status.st_ino or position > status.st_size:  # another file
            position = 0
        if position == status.st_size:
            continue
        folders, end = (set[str](), status.st_size) if is_new else _folders(path, position)
        with store.transaction():
            store.spoil(folders)
            store.connection.execute(
                "INSERT OR REPLACE INTO journals VALUES (?, ?, ?)", (name, status.st_ino, end)
            )


def _folders(path: str, position: int) -> tuple[set[str], int]:
    """Return the directories that a journal names after a position, and its end position."""
    folders = set[str]()
    for entry in journal.read(path, position):
        position = entry.end
        if entry.path:
            folders.add(entry.path.rpartition("/")[0])
    return folders, position


def _take_direct(store: Store, root: str, direct: DirectFiles) -> None:
    """Check whether files were registered outside the tree, or removed from the registry."""
    direct.has_appeared()
    stamp = _stamp(os.path.join(root, FILE)) if direct.is_there else ""
    query = "SELECT stamp FROM stamps WHERE name = ?"
    rows = store.connection.execute(query, (_DIRECT,)).fetchall()
    if stamp == (rows[0][0] if rows else ""):
        return
    with store.transaction():
        store.connection.execute("UPDATE dirs SET listed = NULL WHERE direct")
        store.spoil(_with_direct(direct, ""))
        store.connection.execute("INSERT OR REPLACE INTO stamps VALUES (?, ?)", (_DIRECT, stamp))


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_size} {status.st_ino}"


def _with_direct(direct: DirectFiles, folder: str) -> Iterator[str]:
    """Yield the directories of a tree that contain registered files, and their parents."""
    yield folder
    for name in direct.folders(folder):
        yield from _with_direct(direct, f"{folder}/{name}" if folder else name)
