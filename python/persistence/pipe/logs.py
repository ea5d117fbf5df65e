"""The log of tasks: where lines go, what is in them, and which data ID they are about.

Source: gen2-cli 3.9.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from persistence.errors import UsageError, did_you_mean

TRACE, VERBOSE = 5, 15
# As they are typed after -L.
LEVELS: Mapping[str, int] = {
    "trace": TRACE,
    "debug": logging.DEBUG,
    "verbose": VERBOSE,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}
_NAMES = {level: name.upper() for name, level in LEVELS.items()}
_SHORT = "%(name)s %(level)s: %(message)s"
_LONG = (
    "%(level)-5s %(asctime)s.%(msecs)03d %(name)s (%(label)s)(%(filename)s:%(lineno)d)- %(message)s"
)
# Levels of lsst.log are a thousand times Python's.
_TIMES = 1000
_CALLER = 2  # frames up from here: the line that is told is the caller's
_LABEL: ContextVar[str] = ContextVar("label", default="")


class TaskLog(logging.LoggerAdapter[logging.Logger]):
    """A task's logger: Python's, with the further levels and names that tasks use."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.getLogger(name), {})

    def __reduce__(self) -> tuple[Any, ...]:
        return TaskLog, (self.logger.name,)

    # As of lsst.log, for tasks that were written with it.
    TRACE, DEBUG, INFO = TRACE * _TIMES, logging.DEBUG * _TIMES, logging.INFO * _TIMES
    WARN, ERROR = logging.WARNING * _TIMES, logging.ERROR * _TIMES
    FATAL = logging.CRITICAL * _TIMES

    def getName(self) -> str:
        """Return the name of the logger."""
        return self.logger.name

    def getLevel(self) -> int:
        """Return the level that counts, as lsst.log counts: 20000 is INFO."""
        return self.getEffectiveLevel() * _TIMES

    def setLevel(self, level: int | str) -> None:
        """Set the level, as Python or as lsst.log counts."""
        super().setLevel(_pythons(level))

    def isEnabledFor(self, level: int) -> bool:
        """Return whether messages of a level pass, as Python or as lsst.log counts."""
        return super().isEnabledFor(int(_pythons(level)))

    def log(self, level: int, msg: object, *args: object, **more: Any) -> None:
        """Tell at a level, as Python or as lsst.log counts."""
        more["stacklevel"] = more.get("stacklevel", 1) + 1  # this is a frame more
        super().log(int(_pythons(level)), msg, *args, **more)

    def getChild(self, name: str) -> TaskLog:
        """Give the log of a subtask."""
        return TaskLog(self.logger.getChild(name).name)

    def trace(self, message: object, *args: object, **more: Any) -> None:
        """Tell what only the author of a task wants to know."""
        self.log(TRACE, message, *args, **{"stacklevel": _CALLER, **more})

    def verbose(self, message: object, *args: object, **more: Any) -> None:
        """Tell more than most want to know."""
        self.log(VERBOSE, message, *args, **{"stacklevel": _CALLER, **more})

    def warn(self, message: object, *args: object, **more: Any) -> None:  # type: ignore[override]  # as `warning`
        """Warn, by Gen2's name of it."""
        self.warning(message, *args, **{"stacklevel": _CALLER, **more})

    def fatal(self, message: object, *args: object, **more: Any) -> None:
        """Tell of what ended the work, by Gen2's name of it."""
        self.critical(message, *args, **{"stacklevel": _CALLER, **more})

    # -- with the fields of str.format
    def tracef(self, fmt: str, *args: object, **named: object) -> None:
        """Tell what only the author of a task wants to know."""
        self._logf(TRACE, fmt, args, named)

    def debugf(self, fmt: str, *args: object, **named: object) -> None:
        """Tell what helps to find a fault."""
        self._logf(logging.DEBUG, fmt, args, named)

    def infof(self, fmt: str, *args: object, **named: object) -> None:
        """Tell what happens."""
        self._logf(logging.INFO, fmt, args, named)

    def warnf(self, fmt: str, *args: object, **named: object) -> None:
        """Warn."""
        self._logf(logging.WARNING, fmt, args, named)

    def errorf(self, fmt: str, *args: object, **named: object) -> None:
        """Tell of an error."""
        self._logf(logging.ERROR, fmt, args, named)

    def fatalf(self, fmt: str, *args: object, **named: object) -> None:
        """Tell of what ended the work."""
        self._logf(logging.CRITICAL, fmt, args, named)

    def _logf(
        self, level: int, fmt: str, args: tuple[object, ...], named: dict[str, object]
    ) -> None:
        if self.isEnabledFor(level):
            text = fmt.format(*args, **named) if args or named else fmt
            self.log(level, "%s", text, stacklevel=_CALLER + 1)


def _pythons(level: int | str) -> int | str:
    """Return a level as Python counts."""
    is_lsst = isinstance(level, int) and level > logging.CRITICAL
    return level // _TIMES if is_lsst else level  # type: ignore[operator]


@dataclass
class Settings:
    """What the options say of the log. They go to each process that works.

    Attributes
    ----------
    levels : `dict`
        The level of each logger that was named; ``""`` is all of them.
    long : `bool`
        Whether lines have time, data ID, file and line.
    aside : `bool`
        Whether lines go to standard error, for the other is for what somebody wants to see.
    quiet : `bool`
        Whether only errors are shown; they go into the file as they did.
    file : `str` or None
        A file to which lines are appended, too, always long ones.
    """

    levels: dict[str, int] = field(default_factory=lambda: {"": logging.INFO})
    long: bool = False
    aside: bool = False
    quiet: bool = False
    file: str | None = None

    def louder(self) -> None:
        """Take the next lower level for all loggers: info, verbose, debug, trace."""
        lower = [level for level in LEVELS.values() if level < self.levels[""]]
        self.levels[""] = max(lower, default=TRACE)

    def take(self, word: str) -> None:
        """Take ``LEVEL`` or ``COMPONENT=LEVEL``, in any case; the last one counts.

        Raises
        ------
        UsageError
            If there is no such level.
        """
        component, _, text = word.rpartition("=")
        level = LEVELS.get(text.lower())
        if level is None:
            known = ", ".join(LEVELS)
            raise UsageError(
                f"there is no log level {text!r}{did_you_mean(text.lower(), LEVELS)} (known: "
                f"{known})"
            )
        self.levels[component] = level

    def apply(self) -> None:
        """Set levels, and add handlers unless the program has configured logging itself."""
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
        root = logging.getLogger()
        ours = [handler for handler in root.handlers if isinstance(handler, _Handler | _File)]
        others = [handler for handler in root.handlers if handler not in ours]
        made: list[logging.Handler] = []
        if not others or ours:
            made.append(_Handler(_LONG if self.long else _SHORT, self.aside))
            made[0].setLevel(logging.ERROR if self.quiet else logging.NOTSET)
        if self.file is not None:
            made.append(_File(self.file))
        for handler in ours:
            handler.close()
        root.handlers[:] = [*others, *made]


class _Handler(logging.Handler):
    """Writes to standard output, or error, as it is when a line comes, with the current label."""

    def __init__(self, form: str, aside: bool) -> None:
        super().__init__()
        self._stream = "stderr" if aside else "stdout"
        self.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        _complete(record)
        try:
            stream = getattr(sys, self._stream)
            stream.write(self.format(record) + "\n")
            stream.flush()
        except BrokenPipeError:  # the reader has seen enough; the work goes on
            setattr(sys, self._stream, open(os.devnull, "w"))  # noqa: SIM115  # to the end
        except Exception:  # as Python's own handlers do: a line of the log is no reason to fail
            self.handleError(record)


class _File(logging.FileHandler):
    """Appends to a file; the lines of several processes stay whole, for each is one write."""

    def __init__(self, path: str) -> None:
        super().__init__(path, encoding="utf-8")
        self.setFormatter(logging.Formatter(_LONG, "%Y-%m-%dT%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        _complete(record)
        super().emit(record)


def _complete(record: logging.LogRecord) -> None:
    """Add what our formats show: the data ID, and our names of levels."""
    record.label = _LABEL.get()
    record.level = _NAMES.get(record.levelno, record.levelname)


@contextlib.contextmanager
def label(data_id: object) -> Iterator[None]:
    """Let the lines of a block be about a data ID."""
    token = _LABEL.set(str(data_id))
    try:
        yield
    finally:
        _LABEL.reset(token)
