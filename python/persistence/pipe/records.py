"""The result of each target, stored in its metadata, for later runs.

The entries are in the metadata dataset that Gen2 writes for each target, successful or failed.
Metadata written by Gen2 lack them.
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
from persistence.files import listings, whole

DONE, FAILED = "done", "failed"
_STATUS, _RUN, _ERROR = "targetStatus", "targetRun", "targetError"
_OUTPUTS, _DATASET = "targetOutputs", "targetMetadata"


class Record(NamedTuple):
    """The result of a target.

    Attributes
    ----------
    status : `str`
        ``done`` or ``failed``.
    run : `str`
        The run.
    error : `str`
        Why it failed.
    outputs : `tuple` [`str`] or None
        The paths of the files that it wrote, in the output; None if unknown.
    """

    status: str
    run: str
    error: str = ""
    outputs: tuple[str, ...] | None = None


def note(metadata: Any, record: Record, name: str | None) -> None:
    """Add a record to the metadata of the task, which are stored as a dataset type."""
    if name is not None:
        metadata[_DATASET] = name
    for name, value in zip((_STATUS, _RUN, _ERROR), record, strict=False):
        metadata[name] = value
    if record.outputs is not None:
        metadata[_OUTPUTS] = list(record.outputs) or ""  # lists of properties cannot be empty


def of(full: Mapping[str, Any], name: str) -> Record | None:
    """Return the record in the metadata of a task and its subtasks.

    None if they belong to another task: a camera may store several in one file, as DECam does for
    ``runIsr`` and ``processCcd``.
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

    Unreadable metadata count as a failure of no run, so that the target is processed again.
    """
    try:
        if not reference.datasetExists(name, write=True):
            return None
        metadata = reference.get(name)
        return of(metadata, name) if metadata else Record(FAILED, "", "its metadata are empty")
    except (PersistenceError, OSError) as error:
        return Record(FAILED, "", f"its metadata cannot be read: {told(error)}")


def outputs(reference: Any, locations: Iterable[Location]) -> tuple[str, ...]:
    """Return the paths of files that a target wrote, in its output, if they still exist.

    Parameters
    ----------
    reference : `~persistence.butler.subset.ButlerDataRef`
        The target.
    locations : iterable of `Location`
        The locations written to. Those in other repositories are ignored: they may not be copied
        along with the output.

    Returns
    -------
    paths : `tuple` of `str`
        The paths.
    """
    root = _root(reference)
    paths = dict.fromkeys(location.path for location in locations if location.root == root)
    return tuple(path for path in paths if os.path.exists(os.path.join(root, path)))


def doubt(reference: Any, record: Record) -> str:
    """Return why a target recorded as done must be processed again; empty if not.

    It must be if one of the files that it wrote is missing or incomplete.
    """
    if record.outputs is None:
        return "its record does not list the files that it wrote"
    root = _root(reference)
    for path in record.outputs:
        fault = whole.fault(os.path.join(root, listings.find(root, path) or path))
        if fault:
            return f"{path} {fault}"
    return ""


def stale(reference: Any, record: Record) -> str:
    """Return why a target that is done is out of date; empty if it is not.

    It is if one of its inputs, or the configuration, has changed, or if they are unknown.
    """
    with contextlib.closing(Trees(reference.getButler().chain)) as trees:
        return Judge(trees).of(_root(reference), record.outputs or ())


def _root(reference: Any) -> str:
    """Return the directory of the first output, where the metadata are."""
    root: str = reference.getButler().chain.outputs[0].root
    return root
