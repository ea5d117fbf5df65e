"""What became of each target: a few entries in its metadata, which the next run reads.

They lie in the metadata dataset that Gen2 wrote for each target anyway, done or failed; what Gen2
wrote itself has them not, and tells nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from persistence.butler.provenance.stale import Judge
from persistence.butler.provenance.trees import Trees
from persistence.dataids.location import Location
from persistence.errors import PersistenceError, told
from persistence.files import atomic, whole

DONE, FAILED = "done", "failed"
_STATUS, _RUN, _ERROR = "targetStatus", "targetRun", "targetError"
_OUTPUTS, _DATASET = "targetOutputs", "targetMetadata"


class Record(NamedTuple):
    """What became of a target.

    Attributes
    ----------
    status : `str`
        ``done`` or ``failed``.
    run : `str`
        The run that this was in.
    error : `str`
        Why it failed.
    outputs : `tuple` [`str`] or None
        The paths of the files that it wrote, in the output; None if they are not known.
    """

    status: str
    run: str
    error: str = ""
    outputs: tuple[str, ...] | None = None


def note(metadata: Any, record: Record, name: str | None) -> None:
    """Put a record into the metadata of the task, which are stored as a dataset of a type."""
    if name is not None:
        metadata[_DATASET] = name
    for name, value in zip((_STATUS, _RUN, _ERROR), record, strict=False):
        metadata[name] = value
    if record.outputs is not None:
        metadata[_OUTPUTS] = list(record.outputs) or ""  # no list of properties is empty


def of(full: Mapping[str, Any], name: str) -> Record | None:
    """Find the record in the metadata of a task and of all below it.

    None if they are those of another task: a camera may store several in one file, as DECam does
    those of ``runIsr`` and ``processCcd``.
    """
    for metadata in full.values():
        if isinstance(metadata, Mapping) and _STATUS in metadata:
            if metadata.get(_DATASET, name) != name:
                return None
            status, run, error = (str(metadata.get(name, "")) for name in (_STATUS, _RUN, _ERROR))
            return Record(status, run, error, _paths(metadata.get(_OUTPUTS)))
    return None


def _paths(outputs: Any) -> tuple[str, ...] | None:
    if outputs is None:
        return None
    return tuple(filter(None, [outputs] if isinstance(outputs, str) else map(str, outputs)))


def read(reference: Any, name: str) -> Record | None:
    """Return the record of a target in its output; None if there is none.

    What cannot be read counts as a failure of no run, and the target is done again.
    """
    try:
        if not reference.datasetExists(name, write=True):
            return None
        metadata = reference.get(name)
        return of(metadata, name) if metadata else Record(FAILED, "", "its metadata are empty")
    except (PersistenceError, OSError) as error:
        return Record(FAILED, "", f"its metadata cannot be read: {told(error)}")


def outputs(reference: Any, locations: Iterable[Location]) -> tuple[str, ...]:
    """Return the paths of files that a target wrote, in its output, if they are still there.

    Parameters
    ----------
    reference : `~persistence.butler.subset.ButlerDataRef`
        The target.
    locations : iterable of `Location`
        Where it wrote to. Other repositories do not count: they need not come along where the
        output is copied.
    """
    root = _root(reference)
    paths = dict.fromkeys(location.path for location in locations if location.root == root)
    return tuple(path for path in paths if os.path.exists(os.path.join(root, path)))


def doubt(reference: Any, record: Record) -> str:
    """Return why a target that is recorded as done is to be done again; empty if it is not.

    It is if one of the files that it wrote is missing or not whole.
    """
    if record.outputs is None:
        return "its record does not list the files that it wrote"
    root = _root(reference)
    for path in record.outputs:
        fault = whole.fault(os.path.join(root, atomic.find(root, path) or path))
        if fault:
            return f"{path} {fault}"
    return ""


def stale(reference: Any, record: Record) -> str:
    """Return why a target that is done is to be done again; empty if it is not.

    It is if something that it was made of, or the configuration, has changed since, or nobody knows
    what that was.
    """
    with contextlib.closing(Trees(reference.getButler().chain)) as found:
        return Judge(found).of(_root(reference), record.outputs or ())


def _root(reference: Any) -> str:
    """Return the directory of the first output, where the metadata are looked for."""
    root: str = reference.getButler().chain.outputs[0].root
    return root
