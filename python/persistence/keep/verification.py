"""``persistence.keep.verify``: whether each file of a tree still holds what it held."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from persistence.errors import RepositoryError
from persistence.files import atomic, durable, journal, links, ownership
from persistence.keep import contents, manifest
from persistence.keep.contents import Dataset
from persistence.keep.digests import Digest, digest
from persistence.keep.manifest import Line, Manifest
from persistence.keep.moved import Moved
from persistence.keep.patient import Patient
from persistence.keep.survey import survey

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
_DAY = 86400.0
# Files whose lines are written to the disk at once.
_TOGETHER = 256
# Seconds by which the clocks of a writer and of a file server may differ.
_CLOCKS = 2.0
Track = Callable[[Sequence[Any]], Any]


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


class _Task(NamedTuple):
    """A file to read."""

    tree: str
    path: str
    dataset: Dataset | None
    before: Line | None


def verify(
    root: str | os.PathLike[str],
    quick: bool = False,
    within: float = 0.0,
    accept: bool = False,
    jobs: int = 0,
    dry_run: bool = False,
    track: Track = iter,
    **arguments: Any,
) -> Verification:
    """Compare the files of a tree with its manifest, and record new ones in it.

    Parameters
    ----------
    root : path
        The repository, with the reruns and calibration roots in it; each has a manifest of its own.
    quick : `bool`, optional
        Whether files with the recorded size and time are taken to be the same without reading
        them. New files are recorded, but a bit that flipped is not found.
    within : `float`, optional
        Files that were read in so many days, and have the recorded size and time, are not read.
    accept : `bool`, optional
        Whether files that differ are recorded as they are, and missing ones are forgotten.
    jobs : `int`, optional
        How many files are read at the same time; 0 for the number of processors.
    dry_run : `bool`, optional
        Whether to write no manifest.
    track : callable, optional
        Takes the list of files, and yields them: shows how far it is.
    **arguments
        Further arguments of `Butler`, such as ``mapper``, for repositories that name no camera.

    Returns
    -------
    verification : `Verification`
        What differs.

    Raises
    ------
    RepositoryError
        If there is no such directory, a manifest is damaged, or it cannot be written.

    Notes
    -----
    After a kill, the next call goes on where this one was: files that it has read are not read
    again.
    """
    root = os.path.abspath(root)
    if not os.path.isdir(root):
        raise RepositoryError(links.fault(root) or f"there is no directory {root}")
    patient = Patient(survey(root), Moved(), arguments)
    if not dry_run:
        _refuse_unwritable(patient.survey.trees)
    manifests = {tree: Manifest(tree) for tree in patient.survey.trees}
    found = Verification()
    tasks = list(_tasks(patient, manifests, manifest.now() - within * _DAY, quick, found))
    written = {tree: _written(tree) for tree in manifests}
    notes: dict[str, list[Line]] = {tree: [] for tree in manifests}
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        for task, outcome in _outcomes(pool, tasks, track):
            line = _judge(task, outcome, written[task.tree], accept, found)
            its, fresh = manifests[task.tree], notes[task.tree]
            if line is not None:
                its.lines[task.path] = line
                fresh.append(line)
            elif accept or _is_known_gone(task, outcome, written[task.tree]):
                its.lines.pop(task.path, None)
            if len(fresh) >= _TOGETHER and not dry_run:
                its.note(fresh)
                fresh.clear()
    if not dry_run:
        for its in manifests.values():
            _write(its)
    found.results.sort(key=lambda result: result.path)
    return found


def _tasks(
    patient: Patient,
    manifests: Mapping[str, Manifest],
    horizon: float,
    quick: bool,
    found: Verification,
) -> Iterator[_Task]:
    """Yield the files to read, and those that are gone; count those that need not be read."""
    names = contents.named(patient)
    patient.close()
    for tree, paths in contents.files(patient.survey).items():
        its = manifests[tree]
        for path in paths:
            before = its.lines.get(path)
            is_read = path in its.read or (before is not None and before.checked >= horizon)
            if before is not None and (quick or is_read) and _is_untouched(tree, before):
                found.counts["skipped"] = found.counts.get("skipped", 0) + 1
            else:
                yield _Task(tree, path, names.get(tree, {}).get(path), before)
        for path in sorted(its.lines.keys() - set(paths)):
            yield _Task(tree, path, None, its.lines[path])


def _refuse_unwritable(trees: Sequence[str]) -> None:
    for tree in trees:
        reason = ownership.refusal(tree)
        if reason or not os.access(tree, os.W_OK):
            raise RepositoryError(
                f"the manifest of {tree} cannot be written: "
                f"{reason or 'the directory is read-only'}. --dry-run compares with what is there"
            )


def _write(its: Manifest) -> None:
    try:
        durable.make_directories(os.path.join(its.root, manifest.FOLDER))
        with atomic.locked(os.path.join(its.root, manifest.FOLDER)):
            its.write(its.lines.values())
    except OSError as error:
        raise RepositoryError(
            f"cannot write the manifest of {its.root}: {error.strerror or error}"
        ) from error


def _outcomes(
    pool: ThreadPoolExecutor, tasks: Sequence[_Task], track: Track
) -> Iterator[tuple[_Task, Digest | OSError]]:
    """Yield the digest of each file, or why it cannot be read."""

    def read(task: _Task) -> Digest | OSError:
        try:
            return digest(os.path.join(task.tree, task.path))
        except OSError as error:
            return error

    return zip(track(tasks), pool.map(read, tasks), strict=True)


def _is_untouched(tree: str, line: Line) -> bool:
    try:
        status = os.stat(os.path.join(tree, line.path))
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (line.digest.size, line.digest.mtime)


def _written(tree: str) -> dict[str, tuple[str, float]]:
    """Return the last operation on each file that the journals tell of, and its time."""
    known: dict[str, tuple[str, float]] = {}
    for path in journal.files(tree):
        for entry in journal.read(path):
            if entry.path and entry.time >= known.get(entry.path, ("", 0.0))[1]:
                known[entry.path] = entry.operation, entry.time
    return known


def _judge(
    task: _Task,
    outcome: Digest | OSError,
    written: Mapping[str, tuple[str, float]],
    accept: bool,
    found: Verification,
) -> Line | None:
    """Record the state of a file; return its new line, or None if its line stays as it is."""
    before, dataset = task.before, task.dataset
    if dataset is None and before is not None and before.datasetType:
        dataset = Dataset(before.datasetType, before.dataId)
    path = os.path.join(task.tree, task.path)
    operation, when = written.get(task.path, ("", 0.0))
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


def _is_known_gone(
    task: _Task, outcome: Digest | OSError, written: Mapping[str, tuple[str, float]]
) -> bool:
    gone = isinstance(outcome, FileNotFoundError)
    return gone and written.get(task.path, ("", 0.0))[0] == "remove"
