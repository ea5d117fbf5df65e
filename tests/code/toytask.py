"""A task that does what its configuration says, and keeps a journal: for tests of what runs tasks."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from lsst.pex.config import Config, DictField, Field

from persistence.pipe.cmdlinetask import CmdLineTask
from persistence.pipe.struct import Struct
from persistence.pipe.task import TaskError


class ToyConfig(Config):
    acts = DictField(keytype=int, itemtype=str, default={}, doc="what happens to a detector: one of ACTS")
    journal = Field(dtype=str, default="", doc="the file that tells what was begun and ended")
    gain = Field(dtype=float, default=1.0, doc="a number")


class ToyTask(CmdLineTask):
    ConfigClass = ToyConfig
    _DefaultName = "processCcd"

    def runDataRef(self, dataRef: Any) -> Struct:
        number = dataRef.dataId["ccdnum"]
        note(self.config.journal, f"begin {number}")
        value = ACTS[self.config.acts.get(number, "well")](self)
        self.metadata.set("detector", number)
        note(self.config.journal, f"end {number}")
        return Struct(value=value)


def note(journal: str, line: str) -> None:
    """Append a line, whoever else does so at the same time."""
    if journal:
        descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{line}\n".encode())
        os.close(descriptor)


def _raise(task: ToyTask) -> None:
    raise ValueError("no stars")


def _refuse(task: ToyTask) -> None:
    raise TaskError("too few stars: 3 of 10")


def _die(task: ToyTask) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_once(task: ToyTask) -> None:
    """Die, unless somebody has died of this before."""
    try:
        os.close(os.open(f"{task.config.journal}.died", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    _die(task)


def _hang(task: ToyTask) -> None:
    threading.Event().wait()


def _interrupt(task: ToyTask) -> None:
    raise KeyboardInterrupt


def _full(task: ToyTask) -> None:
    raise OSError(28, "No space left on device")


ACTS = {
    "well": lambda task: task.config.gain,
    "raise": _raise,
    "refuse": _refuse,
    "die": _die,
    "die once": _die_once,
    "hang": _hang,
    "interrupt": _interrupt,
    "full": _full,
    "unpicklable": lambda task: threading.Lock(),
}
