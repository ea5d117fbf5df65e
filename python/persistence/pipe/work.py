"""The work on one target, in any process."""

from __future__ import annotations

import logging
import pickle
from dataclasses import dataclass
from typing import Any, Literal

from persistence.butler.provenance import recorder
from persistence.errors import for_commands, told
from persistence.pipe import logs, memory, records
from persistence.pipe.records import DONE, FAILED
from persistence.pipe.struct import Struct

Choice = Literal["all", "undone", "stale", "failed"]
log = logging.getLogger("persistence.pipe")


@dataclass(frozen=True)
class Work:
    """Run one target, if it is to be run; can be pickled.

    Attributes
    ----------
    runner
        The task runner: it is called with the target.
    name : `str` or None
        The dataset type of the metadata with the records of targets.
    run : `str`
        The id of this run. Targets that it has finished are not repeated: a cluster may ask twice.
    choice : `str`
        ``undone`` excludes finished targets; ``stale`` excludes finished targets whose inputs and
        configuration are unchanged; ``failed`` selects those that failed. A target recorded as
        done counts as finished if the files that it wrote exist and are complete.
    far : `bool`
        Whether results go to another process, and have to be pickled.
    """

    runner: Any
    name: str | None
    run: str
    choice: Choice = "all"
    settings: logs.Settings | None = None

    def __call__(self, target: Any) -> Struct:
        record = self.record(target)
        # it has finished here, but the message was lost
        if record is not None and record.run == self.run:
            return Struct(exitStatus=int(record.status == FAILED), error=record.error)
        if not self._is_wanted(target, record):
            return Struct(exitStatus=0, skipped=True)
        # Everything that is read for a target before an output is written is its input.
        with recorder.target(self.run, getattr(self.runner, "recordDigests", False)):
            result = self.runner(target)
        # For Gen2, a runner that returned nothing was successful, with a warning for each target.
        return result if hasattr(result, "exitStatus") else Struct(exitStatus=0, result=result)

    def afar(self, target: Any) -> bytes:
        """Run a target in another process, with the log set up there; return the pickled result."""
        if self.settings is not None:
            self.settings.apply()
        memory.keep_freed()
        try:
            with for_commands():
                result = self(target)
        except Exception as error:  # of --doraise
            if _is_portable(error):
                raise
            problem = told(error)
        else:
            return _pickled(result)
        # Raised here it has neither cause nor context, which distributed would send along.
        raise RuntimeError(problem)

    def record(self, target: Any) -> records.Record | None:
        """Return the earlier record of a target, if it can make a difference."""
        reference = reference_of(target)
        return (
            None if reference is None or self.name is None else records.read(reference, self.name)
        )

    def wants(self, target: Any) -> bool:
        """Return whether a target is to be run."""
        return self._is_wanted(target, self.record(target))

    def _is_wanted(self, target: Any, record: records.Record | None) -> bool:
        if self.choice == "all":
            return True
        if record is None:
            return self.choice != "failed"
        if record.status != DONE:
            return True
        reference = reference_of(target)
        doubt = records.doubt(reference, record)
        if not doubt and self.choice == "stale":
            doubt = records.stale(reference, record)
        if doubt:
            log.warning("%s is processed again: %s", shown(target), doubt)
        return bool(doubt)


def _pickled(result: Any) -> bytes:
    """Return a pickled result; if it cannot be pickled, that of a failure."""
    try:
        return pickle.dumps(result)
    except Exception as error:  # classes may raise any error when pickled
        text = f"it is done, but what it gives back cannot be pickled: {error}"
        return pickle.dumps(Struct(exitStatus=1, error=text))


def _is_portable(error: Exception) -> bool:
    """Return whether an error can be pickled and unpickled in another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # written here
    except Exception:  # classes may raise any error when pickled
        return False
    return True


def reference_of(target: Any) -> Any:
    """Return the data reference of a target; None if it has none, or many."""
    first = _data_of(target)
    return first if hasattr(first, "telling") else None


def shown(target: Any) -> str:
    """Return a description of a target: its data ID, or several."""
    first = _data_of(target)
    many = first if isinstance(first, list | tuple) else [first]
    return "; ".join(
        _words(item.telling()) if hasattr(item, "telling") else str(item) for item in many
    )


def _data_of(target: Any) -> Any:
    """Return the reference of a target, or several, without the keywords."""
    return target[0] if isinstance(target, tuple | list) and target else target


def _words(data_id: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in data_id.items())
