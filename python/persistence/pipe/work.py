"""What is done with one target, wherever it is done."""

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
    """Runs one target, if it is to be run; can be pickled.

    Attributes
    ----------
    runner
        The task runner: it is called with the target.
    name : `str` or None
        The dataset type of the metadata, where targets have their records.
    run : `str`
        Names this run. What it has done already is not done again: a cluster may ask twice.
    choice : `str`
        ``undone`` leaves out what is done; ``stale`` what is done and of which nothing that it was
        made of has changed; ``failed`` all but what has failed. What is recorded as done is
        believed if the files that it wrote are there and whole.
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
        # it has ended here, but the word of that was lost
        if record is not None and record.run == self.run:
            return Struct(exitStatus=int(record.status == FAILED), error=record.error)
        if not self._is_wanted(target, record):
            return Struct(exitStatus=0, skipped=True)
        # All that is read for a target before something is put is an input of that.
        with recorder.target(self.run, getattr(self.runner, "recordDigests", False)):
            result = self.runner(target)
        # Gen2 took a runner that gives nothing for one that succeeds, with a warning for each
        # target.
        return result if hasattr(result, "exitStatus") else Struct(exitStatus=0, result=result)

    def afar(self, target: Any) -> bytes:
        """Run a target in another process: set the log there, and give the pickled result."""
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
        # Out here it has neither cause nor context: distributed sends these along, too.
        raise RuntimeError(problem)

    def record(self, target: Any) -> records.Record | None:
        """Read what became of a target earlier, if that can make a difference."""
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
            log.warning("%s is done again: %s", shown(target), doubt)
        return bool(doubt)


def _pickled(result: Any) -> bytes:
    """Pickle a result; one that cannot be is a failure, which says so."""
    try:
        return pickle.dumps(result)
    except Exception as error:  # whatever a class does when it is pickled
        text = f"it is done, but what it gives back cannot be pickled: {error}"
        return pickle.dumps(Struct(exitStatus=1, error=text))


def _is_portable(error: Exception) -> bool:
    """Say whether an error arrives in another process: it can be pickled, and be made again."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # written here
    except Exception:  # whatever a class does when it is pickled
        return False
    return True


def reference_of(target: Any) -> Any:
    """Give the data reference of a target; None if it has none, or many."""
    first = _data_of(target)
    return first if hasattr(first, "telling") else None


def shown(target: Any) -> str:
    """Say what a target is: its data ID, or several."""
    first = _data_of(target)
    many = first if isinstance(first, list | tuple) else [first]
    return "; ".join(_words(one.telling()) if hasattr(one, "telling") else str(one) for one in many)


def _data_of(target: Any) -> Any:
    """Give what a target is about.

    Its reference, or several, without the keywords that come with them.
    """
    return target[0] if isinstance(target, tuple | list) and target else target


def _words(data_id: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in data_id.items())
