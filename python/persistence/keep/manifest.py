"""The manifest of a tree: what each file held when it was last read.

``.persistence/manifest/manifest.jsonl`` has a line for each file, sorted; while files are read,
their lines are appended to ``progress.jsonl``, from which a killed run goes on.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from persistence.errors import RepositoryError
from persistence.files import atomic, durable, groups
from persistence.keep.digests import Digest

FOLDER = ".persistence/manifest"
_MANIFEST, _PROGRESS = "manifest.jsonl", "progress.jsonl"
FILE = f"{FOLDER}/{_MANIFEST}"


class Line(NamedTuple):
    """A file in a manifest.

    Attributes
    ----------
    path : `str`
        The file, relative to the tree.
    digest : `Digest`
        What it held.
    checked : `float`
        When it was last read and was as it should be, in seconds since 1970 (UTC).
    datasetType : `str`
        Its dataset type; empty for other files.
    dataId : mapping
        Its data ID.
    """

    path: str
    digest: Digest
    checked: float
    datasetType: str = ""
    dataId: Mapping[str, Any] = {}

    def text(self) -> str:
        """Return the line as it is written."""
        fields: dict[str, Any] = {"f": self.path}
        if self.datasetType:
            fields |= {"d": self.datasetType, "i": dict(self.dataId)}
        size, mtime, sha256, sums = self.digest
        fields |= {"s": size, "m": mtime, "sha256": sha256, "u": list(sums)}
        return json.dumps({**fields, "t": self.checked}, separators=(",", ":"))


class Manifest:
    """The manifest of a tree.

    Parameters
    ----------
    root : `str`
        The tree.

    Attributes
    ----------
    lines : `dict` [`str`, `Line`]
        The files by their paths.
    read : `set` [`str`]
        The files that a killed run has read.

    Raises
    ------
    RepositoryError
        If the manifest is damaged.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._path = os.path.join(root, FOLDER, _MANIFEST)
        self._progress = os.path.join(root, FOLDER, _PROGRESS)
        self.is_there = os.path.exists(self._path)
        self.lines = {line.path: line for line in _lines(self._path, whole=True)}
        begun = {line.path: line for line in _lines(self._progress, whole=False)}
        self.lines |= begun
        self.read = set(begun)

    def note(self, lines: Iterable[Line]) -> None:
        """Append lines of files that were read, and are as they should be."""
        texts = [f"{line.text()}\n" for line in lines]
        if not texts:
            return
        changed = durable.make_directories(os.path.dirname(self._progress))
        is_new = not os.path.exists(self._progress)
        with open(self._progress, "a", encoding="utf-8") as stream:
            # A line of a killed run may be torn: it is ended.
            stream.write("".join(("" if is_new else "\n", *texts)))
        if is_new:
            groups.give(self._progress, groups.of(self._progress))
        durable.flush((), changed)

    def write(self, lines: Iterable[Line]) -> None:
        """Write the manifest anew, and forget the progress."""
        atomic.write_text(self._path, text_of(lines), replace=True)
        if os.path.exists(self._progress):
            os.unlink(self._progress)


def text_of(lines: Iterable[Line]) -> str:
    """Return the text of a manifest."""
    return "".join(f"{line.text()}\n" for line in sorted(lines, key=lambda line: line.path))


def _lines(path: str, whole: bool) -> Iterator[Line]:
    """Yield the lines of a file; the last one of a killed run's may be torn."""
    try:
        stream = open(path, "rb")  # noqa: SIM115  # closed below
    except FileNotFoundError:
        return
    with stream:
        yield from parse(stream, path, whole)


def parse(stream: Iterable[bytes], path: str, whole: bool = True) -> Iterator[Line]:
    """Yield the lines of a manifest.

    Parameters
    ----------
    stream : iterable of `bytes`
        The lines as they are written.
    path : `str`
        Where they are, for messages.
    whole : `bool`, optional
        Whether damaged lines are errors; otherwise they are left out.

    Raises
    ------
    RepositoryError
        If a line is damaged.
    """
    for number, text in enumerate(stream, 1):
        if text == b"\n":
            continue
        try:
            fields = json.loads(text)
            digest = Digest(fields["s"], fields["m"], fields["sha256"], tuple(fields["u"]))
            named = fields.get("d", ""), fields.get("i", {})
            line = Line(fields["f"], digest, float(fields["t"]), *named)
        except (ValueError, KeyError, TypeError) as error:
            if not whole:
                continue
            raise RepositoryError(
                f"{path}, line {number}: is damaged: {error}. Bring the manifest back from a "
                "copy, or remove it to begin a new one"
            ) from error
        yield line


def now() -> float:
    """Return the time of a check."""
    return round(time.time(), 3)
