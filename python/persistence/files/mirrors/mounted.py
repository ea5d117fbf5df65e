"""The mirrors of this process, each opened once, and the directories that they have."""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import re
import shutil
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from persistence.errors import RepositoryError
from persistence.files import atomic, user_cache
from persistence.files.mirrors import MARK, room
from persistence.files.mirrors.archive import Archive, identity_of
from persistence.files.mirrors.mirror import Mirror
from persistence.files.mirrors.tars import Tar
from persistence.files.mirrors.zips import Zip

# In the directory of a mirror: its tree, and the name of its origin.
TREE, _ORIGIN = "tree", "origin"
_KINDS: Mapping[Callable[[Any], bool], type[Archive[Any]]] = {
    zipfile.is_zipfile: Zip,
    tarfile.is_tarfile: Tar,
}
_GZIP, _SHORT, _DIGITS = b"\x1f\x8b", 40, 24
_mirrors: dict[str, Mirror] = {}
_lock = threading.RLock()


def directory(path: str) -> str:
    """Return the directory of the mirror of an archive, or of a directory in it; else the path.

    Raises
    ------
    RepositoryError
        If the archive is damaged, or compressed as a whole.
    """
    archive = _archive_of(os.path.abspath(path))
    if archive is None:
        return path
    inside = os.path.abspath(path)[len(archive) :]
    with _lock:
        home = os.path.join(_folder(), _key(archive))
        mirror = _mirrors.get(home) or _mounted(home, archive)
    mirror.prepare(inside.lstrip("/"))
    folder = mirror.root + inside
    entry = mirror.entry(folder)
    if entry is not None and entry.is_directory:
        os.makedirs(folder, exist_ok=True)
    return folder


def of(path: str) -> Mirror | None:
    """Return the mirror that a path lies in; None for other paths.

    Another process may have opened it, from which this one has the path.

    Raises
    ------
    RepositoryError
        If its archive was replaced since.
    """
    start = path.index(MARK) + len(MARK)
    home = path[:start] + path[start:].partition("/")[0]
    mirror = _mirrors.get(home)
    if mirror is not None:
        return mirror
    try:
        with open(
            os.path.join(home, _ORIGIN), encoding="utf-8", errors="surrogateescape"
        ) as stream:
            archive = stream.read()
    except OSError:
        return None
    with _lock:
        if not os.path.isfile(archive) or _key(archive) != os.path.basename(home):
            raise RepositoryError(f"{archive} was replaced or removed since it was opened")
        return _mirrors.get(home) or _mounted(home, archive)


def _mounted(home: str, archive: str) -> Mirror:
    root = os.path.join(home, TREE)
    os.makedirs(root, mode=0o700, exist_ok=True)
    if os.stat(home).st_uid != os.geteuid():
        raise RepositoryError(f"{home} belongs to another user: {archive} is not opened through it")
    mirror = Mirror(root, _kind(archive)(archive))
    atomic.write_text(os.path.join(home, _ORIGIN), archive, replace=True, durable=False)
    room.sweep(os.path.dirname(home))
    _mirrors[home] = mirror
    return mirror


def _archive_of(path: str) -> str | None:
    """Return the file that a path leads to or through; None if it leads through directories."""
    while not os.path.isfile(path):
        above = os.path.dirname(path)
        if above == path or os.path.isdir(path):
            return None
        path = above
    with open(path, "rb") as stream:
        if stream.read(2) == _GZIP:
            raise RepositoryError(
                f"{path} is compressed as a whole: unpack it, or (gunzip) make it a plain tar file"
            )
    return path if any(is_one(path) for is_one in _KINDS) else None


def _kind(archive: str) -> type[Archive[Any]]:
    return next(kind for is_one, kind in _KINDS.items() if is_one(archive))


def _key(archive: str) -> str:
    """Return the name of a mirror's directory: another one for another content."""
    name = re.sub(r"[^\w.,+-]", "_", os.path.basename(archive))[-_SHORT:]
    digest = hashlib.sha256(identity_of(archive).encode(errors="surrogateescape"))
    return f"{name}-{digest.hexdigest()[:_DIGITS]}"


def _folder() -> str:
    """Return the directory of all mirrors: in the user's cache, or else one of this process."""
    folder = user_cache.folder("mirrors")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK) and os.stat(folder).st_uid == os.geteuid():
            return folder
    except OSError:
        pass
    return _of_process()


@functools.cache
def _of_process() -> str:
    top = tempfile.mkdtemp(prefix="persistence-")
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    folder = top + MARK.rstrip("/")
    os.makedirs(folder, mode=0o700)
    return folder
