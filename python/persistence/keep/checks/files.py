"""Files that are empty or cut off, and what dead writers left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

from persistence.butler.index import listing
from persistence.errors import FormatterError, PersistenceError
from persistence.files import fits_headers, intents, temporaries
from persistence.keep.finding import Finding
from persistence.keep.fixes import Finish, MoveAway
from persistence.keep.patient import Patient


def check(patient: Patient) -> Iterator[Finding]:
    """Yield the findings."""
    spoken = set[str]()
    yield from _unfinished(patient, spoken)
    yield from _leftovers(patient, spoken)
    for file in patient.survey.files:
        if not os.path.basename(file.path).startswith(listing.TEMPORARY):
            yield from _content(patient.survey.path(file.path), file.size, is_own=True)
    for relative in patient.survey.links:
        path = patient.survey.path(relative)
        if os.path.isfile(path):
            yield from _content(path, os.path.getsize(path), is_own=False)


def _unfinished(patient: Patient, spoken: set[str]) -> Iterator[Finding]:
    """Yield the work of killed writers, and collect the files that it is about."""
    for tree in patient.survey.trees:
        try:
            unfinished = list(intents.abandoned(tree))
        except PersistenceError as error:
            yield Finding("unfinished-write", os.path.join(tree, intents.FOLDER), str(error))
            continue
        for intent in unfinished:
            names = [name for move in intent.moves for name in move if name is not None]
            spoken.update(names)
            targets = ", ".join(os.path.relpath(move.target, tree) for move in intent.moves)
            yield Finding("unfinished-write", intent.path, f"a killed writer of {targets}",
                          Finish(tree))  # fmt: skip


def _leftovers(patient: Patient, spoken: set[str]) -> Iterator[Finding]:
    """Yield the files of dead writers that are not part of unfinished work."""
    hidden = {
        os.path.dirname(path)
        for path in (*(file.path for file in patient.survey.files), *patient.survey.links)
        if os.path.basename(path).startswith(listing.TEMPORARY)
    }
    for folder in sorted(hidden):
        for mark in ("part", intents.MARK):
            for path in temporaries.abandoned(patient.survey.path(folder), mark):
                if path not in spoken:
                    yield Finding("leftover", path, "is the file of a writer that is dead",
                                  MoveAway(path))  # fmt: skip


def _content(path: str, size: int, is_own: bool) -> Iterator[Finding]:
    """Yield what is wrong with the content of a file; that of links is not moved."""
    name = os.path.basename(path)
    complete = next((whole for ending, whole in _WHOLE.items() if name.endswith(ending)), None)
    if complete is None:
        return
    fix = MoveAway(path) if is_own else None
    advice = "" if is_own else f"the file is {os.path.realpath(path)}, which --fix does not move"
    if size == 0:
        yield Finding("empty-file", path, "is empty", fix, advice)
        return
    try:
        problem = complete(path)
    except PermissionError:  # `checks.permissions` tells
        return
    if problem:
        yield Finding("truncated-file", path, problem, fix, advice)


def _fits(path: str) -> str:
    try:
        for _cards in fits_headers.scan(path):
            pass
    except FormatterError as error:
        return str(error).removeprefix(f"{path} ").removeprefix(f"{path}: ")
    return ""


def _ends_with(mark: bytes) -> Callable[[str], str]:
    def complete(path: str) -> str:
        with open(path, "rb") as stream:
            stream.seek(-min(len(mark), os.path.getsize(path)), os.SEEK_END)
            end = stream.read()
        return "" if end == mark else f"is cut off: it ends with {end!r}, not {mark!r}"

    return complete


def _sqlite(path: str) -> str:
    """Compare the size with the pages in the header (sqlite.org/fileformat2.html, 1.3)."""
    with open(path, "rb") as stream:
        header = stream.read(32)
    if not header.startswith(b"SQLite format 3\0"):
        return "is not a file of SQLite"
    size = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    missing = pages * (65536 if size == 1 else size) - os.path.getsize(path)
    return f"is cut off: {missing} bytes are missing" if missing > 0 else ""


def _any(path: str) -> str:
    return ""


# Ending -> what tells of a file that is not empty why it is incomplete; an empty text if it is not.
_WHOLE: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys((".fits", ".fits.fz", ".fits.gz", ".fit"), _fits),
    ".pickle": _ends_with(b"."),
    ".parq": _ends_with(b"PAR1"),
    ".parquet": _ends_with(b"PAR1"),
    ".sqlite3": _sqlite,
    ".boost": _any,
    ".yaml": _any,
}
