"""What became of each target: three entries in its metadata, which the next run reads.

They lie in the metadata dataset that Gen2 wrote for each target anyway, done or failed; what Gen2
wrote itself has them not, and tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from persistence.errors import PersistenceError

DONE, FAILED = "done", "failed"
_STATUS, _RUN, _ERROR = "targetStatus", "targetRun", "targetError"


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
    """

    status: str
    run: str
    error: str = ""


def note(metadata: Any, record: Record) -> None:
    """Put a record into the metadata of the task."""
    for name, value in zip((_STATUS, _RUN, _ERROR), record, strict=True):
        metadata[name] = value


def of(full: Mapping[str, Any]) -> Record | None:
    """Find the record in the metadata of a task and of all below it."""
    for metadata in full.values():
        if isinstance(metadata, Mapping) and _STATUS in metadata:
            return Record(*(str(metadata.get(name, "")) for name in (_STATUS, _RUN, _ERROR)))
    return None


def read(reference: Any, name: str) -> Record | None:
    """Read the record of a target from what is written to.

    None if there is none, or none that can be read.
    """
    try:
        return of(reference.get(name)) if reference.datasetExists(name, write=True) else None
    except (PersistenceError, OSError):  # damaged: as good as none, and the target is done again
        return None
