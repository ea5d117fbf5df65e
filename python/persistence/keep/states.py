"""The state of a file, compared with its manifest and the journal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from persistence.files import journal, links
from persistence.keep import manifest
from persistence.keep.contents import Dataset
from persistence.keep.digests import Digest
from persistence.keep.manifest import Line

# State -> whether it is a fault.
STATES: Mapping[str, bool] = {
    "rotted": True,  # other bytes, and nobody wrote them: size and time are as they were
    "missing": True,
    "unreadable": True,
    "newer": True,  # other bytes, written after the manifest, and by nobody that left a line
    "rewritten": False,  # other bytes, and the journal tells who wrote them
    "removed": False,  # the journal tells
    "new": False,
    "same": False,
}
# Seconds by which the clocks of a writer and of a file server may differ.
_CLOCKS = 2.0
# The last operation on each file of a tree, and its time.
Operations = Mapping[str, tuple[str, float]]


class Result(NamedTuple):
    """The state of a file, compared with its manifest.

    Attributes
    ----------
    path : `str`
        The file, absolute.
    state : `str`
        One of `STATES`.
    dataset : `Dataset` or None
        The dataset that it is.
    what : `str`
        What differs.
    """

    path: str
    state: str
    dataset: Dataset | None = None
    what: str = ""

    def __str__(self) -> str:
        name = f"{self.dataset}  {self.path}" if self.dataset else self.path
        return f"{name}: {self.what}" if self.what else name


@dataclass
class Verification:
    """The result of `verify`.

    Attributes
    ----------
    results : `list` [`Result`]
        The files, but for those that are as they were.
    counts : `dict` [`str`, `int`]
        The number of files of each state; ``skipped`` ones were not read.
    bytes : `int`
        How much was read.
    """

    results: list[Result] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    @property
    def is_well(self) -> bool:
        """Whether no file is lost or different without a reason."""
        return not any(STATES[result.state] for result in self.results)


class Task(NamedTuple):
    """A file to read."""

    tree: str
    path: str
    dataset: Dataset | None
    before: Line | None


def last_operations(tree: str) -> Operations:
    """Return the last operation on each file that the journals tell of, and its time."""
    known: dict[str, tuple[str, float]] = {}
    for path in journal.files(tree):
        for entry in journal.read(path):
            if entry.path and entry.time >= known.get(entry.path, ("", 0.0))[1]:
                known[entry.path] = entry.operation, entry.time
    return known


def judge(
    task: Task,
    outcome: Digest | OSError,
    operations: Operations,
    accept: bool,
    found: Verification,
) -> Line | None:
    """Record the state of a file, and return its new line.

    Parameters
    ----------
    task : `Task`
        The file, with its line in the manifest.
    outcome : `Digest` or `OSError`
        What it holds now, or why it cannot be read.
    operations : mapping
        What the journals tell of its tree.
    accept : `bool`
        Whether a file that differs gets a new line.
    found : `Verification`
        Where the state is recorded.

    Returns
    -------
    line : `Line` or None
        None if its line stays as it is.
    """
    before, dataset = task.before, task.dataset
    if dataset is None and before is not None and before.datasetType:
        dataset = Dataset(before.datasetType, before.dataId)
    path = os.path.join(task.tree, task.path)
    operation, when = operations.get(task.path, ("", 0.0))
    is_later = before is not None and when > before.checked - _CLOCKS
    if isinstance(outcome, OSError):
        if isinstance(outcome, FileNotFoundError):
            state = "removed" if operation == "remove" and is_later else "missing"
            result = Result(path, state, dataset, links.fault(path))
        else:
            result = Result(path, "unreadable", dataset, outcome.strerror or str(outcome))
    else:
        found.bytes += outcome.size
        state, what = _compared(before, outcome, is_later)
        result = Result(path, state, dataset, what)
    found.counts[result.state] = found.counts.get(result.state, 0) + 1
    if result.state != "same":
        found.results.append(result)
    if isinstance(outcome, OSError) or (STATES[result.state] and not accept):
        return None
    named = (dataset.datasetType, dataset.dataId) if dataset else ("", {})
    return Line(task.path, outcome, manifest.now(), *named)


def _compared(before: Line | None, after: Digest, is_later: bool) -> tuple[str, str]:
    """Return the state of a file that was read, and what differs."""
    if before is None:
        return "new", ""
    if before.digest.sha256 == after.sha256:
        return "same", ""
    what = _parts(before.digest, after)
    if before.digest.mtime == after.mtime:
        return "rotted", f"{what}; its time is that of the manifest"
    return ("rewritten", what) if is_later else ("newer", f"{what}; it was written later")


def _parts(before: Digest, after: Digest) -> str:
    """Describe where two contents of a file differ."""
    if before.size != after.size:
        return f"it has {after.size} bytes, not {before.size}"
    one, other = before.datasums, after.datasums
    if not one or len(one) != len(other):
        return "its content changed"
    changed = [str(number) for number, pair in enumerate(zip(one, other, strict=True))
               if pair[0] != pair[1]]  # fmt: skip
    return f"the data of HDU {', '.join(changed)} changed" if changed else "a header changed"


def is_known_gone(task: Task, outcome: Digest | OSError, operations: Operations) -> bool:
    """Return whether a file is gone, and the journal tells so."""
    gone = isinstance(outcome, FileNotFoundError)
    return gone and operations.get(task.path, ("", 0.0))[0] == "remove"
