"""Where regions are stored: in the user's cache, or, if that is impossible, in memory.

There are two kinds of files. One of each tree has the footprints of its files, by path, size and
time; ``persistence index --regions`` writes it into a repository, too, as a starting point for
others. One of each chain of repositories is the R*Tree.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from persistence.butler import write as writing
from persistence.butler.index import home
from persistence.errors import RegistryError, RepositoryError
from persistence.files import atomic
from persistence.files.sqlite import Connection, escaped
from persistence.sky import polygon
from persistence.sky.store import MEMORY, Store, WrongVersion

if TYPE_CHECKING:
    from persistence.butler.repository import Repository

# In a repository.
FILE = ".persistence/regions.sqlite3"
_VERSION = 1
_ENOUGH = 400
_SCHEMA = f"""
CREATE TABLE footprints (
    path TEXT NOT NULL, part TEXT NOT NULL, size INTEGER, time INTEGER, polygon BLOB,
    problem TEXT NOT NULL, PRIMARY KEY (path, part)
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""
Stamp = tuple[int | None, int | None]
Known = tuple[Stamp, bytes | None, str]


def open_store(roots: Sequence[str], pins: str = "") -> Store:
    """Open the regions of a chain of repositories; those of another version are made anew.

    With other pins, the same repositories have other regions.
    """
    identity = [home.path_of(root) for root in roots if os.path.isdir(root)]
    digest = hashlib.sha256(f"{identity!r}{pins}".encode()).hexdigest()[:32]
    for _ in range(2):
        path = ""
        try:
            folder = os.path.dirname(identity[0])
            os.makedirs(folder, mode=0o700, exist_ok=True)
            path = os.path.join(folder, f"{digest}-sky.sqlite3")
            if os.stat(folder).st_uid != os.geteuid():
                break
            return Store(path)
        except (WrongVersion, sqlite3.DatabaseError):
            if path:
                home.discard(path)
        except (OSError, IndexError):  # no home directory, no space, no tree
            break
    return Store(MEMORY)


def write(repositories: Iterable[Repository]) -> list[str]:
    """Write the footprints into those repositories that are the user's, and return the files.

    Raises
    ------
    RepositoryError
        If there are footprints, and no repository can be written, with the reasons.
    """
    paths, reasons = list[str](), list[str]()
    for repository in repositories:
        footprints = Footprints(repository.root)
        if not footprints.count():
            continue
        try:
            writing.refuse(repository)
        except RepositoryError as error:
            reasons.append(str(error))
            continue
        if not os.access(repository.root, os.W_OK):
            reasons.append(f"{repository.root} cannot be written")
        else:
            paths.append(footprints.write())
    if reasons and not paths:
        raise RepositoryError(f"no regions are written: {'; '.join(reasons)}")
    return paths


class Footprints:
    """The footprints of the files of a tree, as they were read.

    Parameters
    ----------
    root : `str`
        The tree's root directory.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._own = self._opened()
        self._given = _given(root)

    def _opened(self) -> sqlite3.Connection:
        for path in self._paths():
            try:
                os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
                return _prepared(path)
            except (OSError, sqlite3.Error):
                continue
        return _prepared(MEMORY)

    def _paths(self) -> Iterable[str]:
        with contextlib.suppress(OSError):
            yield f"{home.path_of(self.root)}.sky"

    def known(self, paths: Iterable[str]) -> dict[tuple[str, str], Known]:
        """Return what is known of files: by path and part, the file's stamp, region and problem."""
        every = list(dict.fromkeys(paths))
        known: dict[tuple[str, str], Known] = {}
        for connection in (self._given, self._own):
            for start in range(0, len(every) if connection is not None else 0, _ENOUGH):
                some = every[start : start + _ENOUGH]
                marks = ", ".join("?" * len(some))
                query = f"SELECT * FROM footprints WHERE path IN ({marks})"  # noqa: S608
                assert connection is not None
                with contextlib.suppress(sqlite3.Error):
                    for path, part, size, time, content, problem in connection.execute(query, some):
                        if content is None or _is_polygon(content):
                            known[path, part] = (size, time), content, problem
        return known

    def keep(self, rows: Mapping[tuple[str, str], Known]) -> None:
        """Store footprints; failure (no space, a lock) only costs time later."""
        with contextlib.suppress(sqlite3.Error, UnicodeEncodeError, OverflowError), self._own:
            self._own.executemany(
                "INSERT OR REPLACE INTO footprints VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (path, part, *stamp, content, problem)
                    for (path, part), (stamp, content, problem) in rows.items()
                ),
            )

    def count(self) -> int:
        """Return the number of known footprints, and of files without one."""
        known = [connection for connection in (self._own, self._given) if connection is not None]
        query = "SELECT count(*) FROM footprints"
        return max(int(number) for each in known for (number,) in each.execute(query))

    def write(self) -> str:
        """Write the footprints into the tree, completely or not at all, and return the path.

        Raises
        ------
        RepositoryError
            If that fails.
        """
        path = os.path.join(self.root, FILE)
        try:
            if self._given is not None:  # what others had read is kept
                with self._own:
                    self._own.executemany(
                        "INSERT OR IGNORE INTO footprints VALUES (?, ?, ?, ?, ?, ?)",
                        self._given.execute("SELECT * FROM footprints"),
                    )
            with atomic.atomic_write(path) as temporary:
                self._own.execute("VACUUM INTO ?", (temporary,))
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise RepositoryError(f"cannot write {path}: {reason}") from error
        return path


def _prepared(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60.0, check_same_thread=False, factory=Connection)
    try:
        if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
            connection.executescript(f"BEGIN; DROP TABLE IF EXISTS footprints; {_SCHEMA} COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def _given(root: str) -> sqlite3.Connection | None:
    """Open the footprints in a repository for reading, if they are of this version."""
    path = os.path.join(root, FILE)
    if not os.path.isfile(path):
        return None
    # It was renamed when complete: nobody changes the file that is opened here.
    uri = f"file:{escaped(os.path.abspath(path))}?mode=ro&immutable=1"
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False, factory=Connection)
        if connection.execute("PRAGMA user_version").fetchone() == (_VERSION,):
            return connection
        connection.close()
    return None


def _is_polygon(content: object) -> bool:
    """Return whether stored bytes are a polygon: the file may come from somebody else."""
    if not isinstance(content, bytes):
        return False
    try:
        polygon.from_bytes(content)
        polygon.decoded(content)
    except (RegistryError, RuntimeError, ValueError):
        return False
    return True
