"""What was worked out from files before, kept in the user's cache.

Nothing is kept in a repository. What is kept may be deleted at any time, and counts only as long as
the files that it was worked out from are as they were.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

# Of the form of what is kept; another one is worked out anew.
_VERSION = 1


def recall(name: str) -> Mapping[str, Any] | None:
    """Return what was kept under a name; None if there is nothing, or nothing that still counts."""
    try:
        with open(_path(name), encoding="utf-8") as stream:
            kept = json.load(stream)
        is_good = (
            kept["version"] == _VERSION
            and kept["name"] == name
            and _stamps(kept["files"]) == kept["files"]
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # damaged by whomever
        return None
    return kept["value"] if is_good else None


def keep(name: str, files: Iterable[str], value: Mapping[str, Any]) -> None:
    """Keep plain data under a name.

    Parameters
    ----------
    name : `str`
        What it is about.
    files : iterable of `str`
        The files that it was worked out from; that one is not there counts too.
    value : mapping
        The data.
    """
    from persistence.files import atomic  # lazy: needed to keep something, and not to recall it

    kept = {"version": _VERSION, "name": name, "files": _stamps(files), "value": value}
    path = _path(name)
    # no room, no home: it is worked out again the next time
    with contextlib.suppress(OSError, ValueError):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        atomic.write_text(path, json.dumps(kept), replace=True, durable=False)


def folder(name: str) -> str:
    """Return the path of a directory of ours in the user's cache; it need not be there."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):  # such a one is to be ignored (XDG Base Directory Specification)
        cache = os.path.expanduser("~/.cache")
    return os.path.join(cache, "persistence", name)


def _path(name: str) -> str:
    # Two names may have the same sum: the name in the file decides.
    return os.path.join(folder("kept"), f"{zlib.crc32(os.fsencode(name)):08x}.json")


def _stamps(files: Iterable[str]) -> dict[str, list[int] | None]:
    """Say of each file when it was changed, and how large it is."""
    return {path: _stamp(path) for path in files}


def _stamp(path: str) -> list[int] | None:
    try:
        status = os.lstat(path)
        # Of a link to a directory only where it leads: _parent is the same, whatever is put into
        # the parent.
        if stat.S_ISLNK(status.st_mode) and not os.path.isdir(path):
            status = os.stat(path)
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size]
