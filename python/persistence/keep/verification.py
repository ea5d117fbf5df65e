"""``persistence.keep.verify``: whether each file of a tree still holds what it held."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from persistence.errors import RepositoryError
from persistence.files import atomic, durable, links, ownership
from persistence.keep import contents, manifest
from persistence.keep.digests import Digest, digest
from persistence.keep.manifest import Line, Manifest
from persistence.keep.moved import Moved
from persistence.keep.patient import Patient
from persistence.keep.states import Task, Verification, is_known_gone, judge, last_operations
from persistence.keep.survey import refuse_archive, survey

_DAY = 86400.0
# Files whose lines are written to the disk at once.
_TOGETHER = 256
Track = Callable[[Sequence[Any]], Any]


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
    refuse_archive(root)
    if not os.path.isdir(root):
        raise RepositoryError(links.fault(root) or f"there is no directory {root}")
    patient = Patient(survey(root), Moved(), arguments)
    if not dry_run:
        _refuse_unwritable(patient.survey.trees)
    manifests = {tree: Manifest(tree) for tree in patient.survey.trees}
    found = Verification()
    tasks = list(_tasks(patient, manifests, manifest.now() - within * _DAY, quick, found))
    operations = {tree: last_operations(tree) for tree in manifests}
    notes: dict[str, list[Line]] = {tree: [] for tree in manifests}
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        for task, outcome in _outcomes(pool, tasks, track):
            line = judge(task, outcome, operations[task.tree], accept, found)
            its, fresh = manifests[task.tree], notes[task.tree]
            if line is not None:
                its.lines[task.path] = line
                fresh.append(line)
            elif accept or is_known_gone(task, outcome, operations[task.tree]):
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
) -> Iterator[Task]:
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
                yield Task(tree, path, names.get(tree, {}).get(path), before)
        for path in sorted(its.lines.keys() - set(paths)):
            yield Task(tree, path, None, its.lines[path])


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
    pool: ThreadPoolExecutor, tasks: Sequence[Task], track: Track
) -> Iterator[tuple[Task, Digest | OSError]]:
    """Yield the digest of each file, or why it cannot be read."""

    def read(task: Task) -> Digest | OSError:
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
