"""A task that does what its configuration says, and keeps a journal: for tests of what runs tasks."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from lsst.pex.config import Config, DictField, Field

from persistence import PropertySet
from persistence.pipe.cmdlinetask import CmdLineTask
from persistence.pipe.struct import Struct
from persistence.pipe.task import TaskError


class ToyConfig(Config):
    acts = DictField(
        keytype=int, itemtype=str, default={}, doc="what happens to a detector: one of ACTS"
    )
    journal = Field(dtype=str, default="", doc="the file that tells what was begun and ended")
    gain = Field(dtype=float, default=1.0, doc="a number")


class ToyTask(CmdLineTask):
    ConfigClass = ToyConfig
    _DefaultName = "characterizeImage"

    def runDataRef(self, dataRef: Any) -> Struct:
        number = dataRef.dataId["ccdnum"]
        note(self.config.journal, f"begin {number}")
        value = ACTS[self.config.acts.get(number, "well")](self)
        self.metadata.set("detector", number)
        note(self.config.journal, f"end {number}")
        return Struct(value=value)


class WritingTask(ToyTask):
    """A task that writes two files for each target, and removes one of them."""

    def runDataRef(self, dataRef: Any) -> Struct:
        for name in ("apPipe_metadata", "dcrDiff_metadata"):
            dataRef.put(PropertySet({"a": 1}), name)
        os.unlink(dataRef.getUri("dcrDiff_metadata", write=True))
        return super().runDataRef(dataRef)


class NightTask(ToyTask):
    """A task whose dataset types no policy has."""

    _DefaultName = "night"


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


def _exit(task: ToyTask) -> None:
    raise SystemExit(0)


def _leave(task: ToyTask) -> None:
    os._exit(0)


class Fatal:
    """A result that kills who pickles it."""

    def __reduce__(self) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Mute(Exception):
    """An error that cannot tell its text."""

    def __str__(self) -> str:
        raise ValueError("no text")


class Two(Exception):
    """An error that can be pickled, but not be made again."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} {other}")


class Holding(Exception):
    """An error that cannot be pickled."""

    lock: Any = None


def _mute(task: ToyTask) -> None:
    raise Mute


def _two(task: ToyTask) -> None:
    raise Two("no", "stars")


def _holding(task: ToyTask) -> None:
    error = Holding("held")
    error.lock = threading.Lock()
    raise error


def _base(task: ToyTask) -> None:
    raise BaseException("no more")


def _odd(task: ToyTask) -> None:
    raise ValueError("no file \udcff")


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
    "exit": _exit,
    "leave": _leave,
    "mute": _mute,
    "two": _two,
    "holding": _holding,
    "base": _base,
    "odd": _odd,
    "fatal result": lambda task: Fatal(),
    "unpicklable": lambda task: threading.Lock(),
}


class Runner:
    """Does what a target says, without a task; and notes that it did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, target: tuple[int, str]) -> Struct:
        number, what = target
        mark(self.folder / f"begun-{number}")
        if what == "raise":
            raise ValueError(f"target {number}")
        if what == "threads":
            return Struct(exitStatus=0, result=os.environ.get("OMP_NUM_THREADS"))
        if what == "lock":
            return Struct(exitStatus=0, result=threading.Lock())
        mark(self.folder / f"ended-{number}")
        return Struct(exitStatus=0, result=(number, os.getpid()))


def mark(path: Path) -> None:
    """Add a byte to a file: its size is how often."""
    with open(path, "ab", buffering=0) as stream:
        stream.write(b".")
