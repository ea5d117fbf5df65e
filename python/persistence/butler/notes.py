"""Notes on datasets: what somebody wrote about them, when, and who, in ``.persistence/notes``.

Each user of each host has a file in it, which is only appended to, one line in JSON for each note.
The files can be deleted at any time. A note on a partial data ID (``visit=410877``) is one on all
datasets of the type that it matches.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler.provenance.render import moment
from persistence.dataids.dataid import text as id_text
from persistence.errors import RepositoryError
from persistence.files import durable, groups, links, ownership, temporaries

FOLDER = ".persistence/notes"
_LONGEST = 10_000  # characters of a note


class Note(NamedTuple):
    """A note on datasets.

    Attributes
    ----------
    time : `float`
        When it was written, in seconds since 1970 (UTC).
    user : `str`
        Who wrote it.
    datasetType : `str`
        The dataset type.
    dataId : mapping
        The data ID, which may be partial.
    text : `str`
        The text; empty to withdraw all earlier notes on this type and data ID.
    root : `str`
        The repository that keeps it.
    """

    time: float
    user: str
    datasetType: str
    dataId: Mapping[str, Any]
    text: str
    root: str

    def __str__(self) -> str:
        shown = "".join(letter if letter.isprintable() else " " for letter in self.text)
        return f"note of {self.user}, {moment(self.time)}: {shown}"

    @property
    def name(self) -> str:
        """The datasets that the note is on: ``calexp visit=410877``."""
        return f"{self.datasetType} {id_text(self.dataId)}".rstrip()

    def is_on(self, datasetType: str, data_id: Mapping[str, Any]) -> bool:
        """Return whether the note is on a dataset."""
        absent = object()
        return self.datasetType == datasetType and all(
            data_id.get(key, absent) == value for key, value in self.dataId.items()
        )


def add(root: str, datasetType: str, data_id: Mapping[str, Any], text: str) -> None:
    """Write a note into a repository; an empty text withdraws earlier ones.

    Raises
    ------
    RepositoryError
        If the repository is another user's, or cannot be written to, or the text is too long.
    """
    reason = ownership.refusal(root)
    if reason:
        raise RepositoryError(reason)
    if len(text) > _LONGEST:
        raise RepositoryError(f"a note has up to {_LONGEST} characters, not {len(text)}")
    user = ownership.user(os.geteuid()).partition(" (")[0]
    line = {"t": time.time(), "by": user, "type": datasetType, "id": dict(data_id), "text": text}
    path = os.path.join(root, FOLDER, f"{temporaries.HOST}-{os.geteuid()}.jsonl")
    if not links.lies_in(path, root):
        raise RepositoryError(f"{path} leads out of {root}")
    try:
        durable.make_directories(os.path.dirname(path))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o666)
        try:
            groups.give(path, groups.of(path))
            # in one step, at the end: other processes append, too
            os.write(descriptor, f"{json.dumps(line)}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RepositoryError(f"{path}: {error.strerror or error}") from error


def read(roots: Sequence[str]) -> list[Note]:
    """Return the notes in some repositories, by time, without those that were withdrawn."""
    found = sorted((note for root in roots for note in _lines(root)), key=lambda note: note.time)
    left: list[Note] = []
    for note in found:
        if note.text:
            left.append(note)
        else:
            left = [
                each
                for each in left
                if (each.datasetType, each.dataId, each.root)
                != (note.datasetType, note.dataId, note.root)
            ]
    return left


def _lines(root: str) -> Iterator[Note]:
    """Yield the notes of a repository; lines that are none are skipped, as a torn last one."""
    folder = os.path.join(root, FOLDER)
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise RepositoryError(f"{folder}: {error.strerror}") from error
    for name in names:
        if not name.endswith(".jsonl"):
            continue
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as stream:
                lines = stream.read().split("\n")
        except OSError as error:
            raise RepositoryError(f"{error.filename}: {error.strerror}") from error
        yield from filter(None, (_note(line, root) for line in lines))


def _note(line: str, root: str) -> Note | None:
    try:
        said = json.loads(line)
        note = Note(
            float(said["t"]), said["by"], said["type"], dict(said["id"]), said["text"], root
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    texts = (note.user, note.datasetType, note.text)
    is_well = math.isfinite(note.time) and all(isinstance(text, str) for text in texts)
    return note if is_well else None
