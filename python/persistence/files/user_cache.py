"""Results derived from files, kept in the user's cache.

Nothing is cached in a repository. The cache may be deleted at any time, and an entry is valid only
while the files that it was derived from are unchanged.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

# The version of the cached data; entries of other versions are recomputed.
_VERSION = 1


def recall(name: str) -> Mapping[str, Any] | None:
    """Return the data cached under a name; None if there are none, or they are out of date."""
    try:
        with open(_path(name), encoding="utf-8") as stream:
            kept = json.load(stream)
        is_good = (
            kept["version"] == _VERSION
            and kept["name"] == name
            and _stamps(kept["files"]) == kept["files"]
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # damaged
        return None
    return kept["value"] if is_good else None


def keep(name: str, files: Iterable[str], value: Mapping[str, Any]) -> None:
    """Write plain data to the cache.

    Parameters
    ----------
    name : `str`
        The name of the entry.
    files : iterable of `str`
        The files that the data were derived from; a missing file counts, too.
    value : mapping
        The data.
    """
    from persistence.files import atomic  # lazy: only needed for writing

    kept = {"version": _VERSION, "name": name, "files": _stamps(files), "value": value}
    path = _path(name)
    # no space, no home: computed again the next time
    with contextlib.suppress(OSError, ValueError):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        atomic.write_text(path, json.dumps(kept), replace=True, durable=False)


def folder(name: str) -> str:
    """Return the path of a directory of ours in the user's cache; it may be missing."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):  # relative ones are ignored (XDG Base Directory Specification)
        cache = os.path.expanduser("~/.cache")
    return os.path.join(cache, "persistence", name)


def _path(name: str) -> str:
    # Two names may have the same checksum: the name in the file decides.
    return os.path.join(folder("kept"), f"{zlib.crc32(os.fsencode(name)):08x}.json")


def _stamps(files: Iterable[str]) -> dict[str, list[int] | None]:
    """Return time of change and size of each file."""
    return {path: _stamp(path) for path in files}


def _stamp(path: str) -> list[int] | None:
    try:
        status = os.lstat(path)
        # For a link to a directory only its target counts: _parent stays the same, whatever is
        # written to the parent.
        if stat.S_ISLNK(status.st_mode) and not os.path.isdir(path):
            status = os.stat(path)
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size]
