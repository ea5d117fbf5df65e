"""Datasets that are written as references to other files.

A reference is a symbolic link, which Gen2 follows, and a note with the state of its target: a
hidden file, which Gen2 ignores. The content decides whether the target is unchanged; if its size
and time of modification are equal, it is not read.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Any

from persistence.errors import SourceChanged
from persistence.files import temporaries, user_cache
from persistence.files.batch import Batch

_LATEST = 2**62  # ns: the year 2116


def note_of(target: str) -> str:
    """Return the path of the note beside a link."""
    directory, name = os.path.split(target)
    note = f".{name}.source"
    if len(os.fsencode(note)) > temporaries.NAME_MAX:
        import hashlib  # lazy: few names are so long

        digest = hashlib.sha256(os.fsencode(name)).hexdigest()
        note = temporaries.ending(f".{digest}-", f"{name}.source")
    return os.path.join(directory, note)


def refer(temporary: str, target: str, source: str, batch: Batch) -> None:
    """Create a link to a source, and a note of the source's state.

    Parameters
    ----------
    temporary, target : `str`
        The link's temporary and final path.
    source : `str`
        The target of the link, which is relative, so that the tree can be moved.
    batch : `Batch`
        The batch that moves link and note to their final paths.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    os.symlink(
        os.path.relpath(os.path.realpath(source), os.path.realpath(os.path.dirname(target))),
        temporary,
    )
    with batch.place(note_of(target)) as note, open(note, "w", encoding="utf-8") as stream:
        import json  # lazy: slow to import

        json.dump({**_stamp(source), "sha256": _digest(source)}, stream)


def forget(target: str) -> None:
    """Delete the note of a link that was replaced by a file."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(note_of(target))


def check(path: str) -> None:
    """Check that the target of a reference is unchanged since it was written; other files pass.

    Raises
    ------
    SourceChanged
        If it is another file, or has changed.
    """
    try:  # called before each read: `os.path.islink` takes twice as long
        if not stat.S_ISLNK(os.lstat(path).st_mode):
            return
    except OSError:
        return
    noted = _noted(path)
    if noted is None:
        return
    now = _stamp(path)
    digest = noted.pop("sha256", None)
    if noted != now and not (noted["size"] == now["size"] and digest == _digest(path)):
        raise SourceChanged(
            f"{path} refers to {os.path.realpath(path)}, which has changed since: it had "
            f"{_shown(noted)}, and has {_shown(now)}. Put it again, or remove {note_of(path)} to "
            "accept the file as it is"
        )


def refuse_gone(path: str) -> None:
    """Raise an error for a reference whose target is missing.

    Another dataset of this name, in a parent, is not the one that was written.

    Raises
    ------
    SourceChanged
        If it is such a reference; other missing files are ignored.
    """
    # Called for each repository of a chain that lacks a dataset: `os.path.islink` takes twice as
    # long. A path that only exists if links are not followed is a broken link.
    if os.access(path, os.F_OK, follow_symlinks=False) and os.path.lexists(note_of(path)):
        raise SourceChanged(
            f"{path} refers to {os.path.realpath(path)}, which is gone. Put it again, or remove "
            "both"
        )


def _noted(path: str) -> dict[str, Any] | None:
    """Return the content of the note beside a link; None if there is none."""
    note = note_of(path)
    try:
        with open(note, encoding="utf-8") as stream:
            import json

            noted = json.load(stream)
        size, modified = noted["size"], noted["modified"]
        if type(size) is int and type(modified) is int and abs(modified) < _LATEST:
            return {"size": size, "modified": modified, "sha256": noted.get("sha256")}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(note, path) from error
    raise _damaged(note, path)


def _damaged(note: str, path: str) -> SourceChanged:
    return SourceChanged(
        f"the note {note} is damaged: it does not show whether the target of {path} has changed. "
        "Put it again, or remove the note to accept the file as it is"
    )


def _stamp(source: str) -> dict[str, Any]:
    status = os.stat(source)
    return {"size": status.st_size, "modified": status.st_mtime_ns}


def _digest(path: str) -> str:
    """Return the digest of a file's content, cached for an unchanged file."""
    place = os.path.realpath(path)
    kept = user_cache.recall(f"sha256 of {place}")
    if kept is not None:
        return str(kept["sha256"])
    import hashlib

    with open(place, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    user_cache.keep(f"sha256 of {place}", [place], {"sha256": digest})
    return digest


def _shown(stamp: dict[str, Any]) -> str:
    import datetime

    moment = datetime.datetime.fromtimestamp(stamp["modified"] / 1e9, datetime.UTC)
    return f"{stamp['size']} bytes of {moment:%Y-%m-%d %H:%M:%S.%f} UTC"
