"""The time and resources that methods use: entries in the metadata of a task.

Names and units (seconds, kibibytes, counts) are those of Gen2; source: doc/gen2/afw-files.md, 5.
"""

from __future__ import annotations

import contextlib
import functools
import resource
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

_USED = {
    "UserTime": "ru_utime",
    "SystemTime": "ru_stime",
    "MaxResidentSetSize": "ru_maxrss",
    "MinorPageFaults": "ru_minflt",
    "MajorPageFaults": "ru_majflt",
    "BlockInputs": "ru_inblock",
    "BlockOutputs": "ru_oublock",
    "VoluntaryContextSwitches": "ru_nvcsw",
    "InvoluntaryContextSwitches": "ru_nivcsw",
}


def note(metadata: Any, prefix: str) -> None:
    """Add the resources used by this process so far to metadata: ``<prefix>CpuTime`` and so on."""
    metadata.add(f"{prefix}Utc", datetime.now(UTC).replace(tzinfo=None).isoformat())
    metadata.add(f"{prefix}CpuTime", time.process_time())
    used = resource.getrusage(resource.RUSAGE_SELF)
    for name, field in _USED.items():
        metadata.add(prefix + name, getattr(used, field))


@contextlib.contextmanager
def timed(metadata: Any, name: str) -> Iterator[None]:
    """Record the resources before and after a block: ``<name>Start...`` and ``<name>End...``."""
    note(metadata, f"{name}Start")
    try:
        yield
    finally:
        note(metadata, f"{name}End")


def timeMethod(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Record the resources of each call of a method in its task's metadata.

    Parameters
    ----------
    method : callable
        The method of a task.

    Returns
    -------
    wrapper : callable
        The decorated method.
    """

    @functools.wraps(method)
    def wrapper(*args: _P.args, **keywords: _P.kwargs) -> _R:
        with timed(args[0].metadata, method.__name__):  # type: ignore[attr-defined]  # a task
            return method(*args, **keywords)

    return wrapper
