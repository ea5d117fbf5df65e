"""The logs of tasks: handlers, formats, and the data ID that a line is about.

Source: doc/gen2/gen2-cli.md, 3.9.
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
# The values of -L.
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
_CALLER = 2  # frames from here to the caller, whose line is logged
_LABEL: ContextVar[str] = ContextVar("label", default="")


class TaskLog(logging.LoggerAdapter[logging.Logger]):
    """A task's logger: Python's, with further levels and method names."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.getLogger(name), {})

    def __reduce__(self) -> tuple[Any, ...]:
        return TaskLog, (self.logger.name,)

    # Methods of lsst.log, for tasks that were written with it.
    TRACE, DEBUG, INFO = TRACE * _TIMES, logging.DEBUG * _TIMES, logging.INFO * _TIMES
    WARN, ERROR = logging.WARNING * _TIMES, logging.ERROR * _TIMES
    FATAL = logging.CRITICAL * _TIMES

    def getName(self) -> str:
        """Return the name of the logger."""
        return self.logger.name

    def getLevel(self) -> int:
        """Return the effective level on the scale of lsst.log: 20000 is INFO."""
        return self.getEffectiveLevel() * _TIMES

    def setLevel(self, level: int | str) -> None:
        """Set the level, on Python's scale or that of lsst.log."""
        super().setLevel(_pythons(level))

    def isEnabledFor(self, level: int) -> bool:
        """Return whether messages of a level, on either scale, are logged."""
        return super().isEnabledFor(int(_pythons(level)))

    def log(self, level: int, msg: object, *args: object, **more: Any) -> None:
        """Log at a level, on Python's scale or that of lsst.log."""
        more["stacklevel"] = more.get("stacklevel", 1) + 1  # this is an additional frame
        super().log(int(_pythons(level)), msg, *args, **more)

    def getChild(self, name: str) -> TaskLog:
        """Return the log of a subtask."""
        return TaskLog(self.logger.getChild(name).name)

    def trace(self, message: object, *args: object, **more: Any) -> None:
        """Log details for the author of a task."""
        self.log(TRACE, message, *args, **{"stacklevel": _CALLER, **more})

    def verbose(self, message: object, *args: object, **more: Any) -> None:
        """Log more than is usually of interest."""
        self.log(VERBOSE, message, *args, **{"stacklevel": _CALLER, **more})

    def warn(self, message: object, *args: object, **more: Any) -> None:  # type: ignore[override]  # as `warning`
        """Log a warning, by Gen2's name."""
        self.warning(message, *args, **{"stacklevel": _CALLER, **more})

    def fatal(self, message: object, *args: object, **more: Any) -> None:
        """Log a fatal error, by Gen2's name."""
        self.critical(message, *args, **{"stacklevel": _CALLER, **more})

    # -- with the fields of str.format
    def tracef(self, fmt: str, *args: object, **named: object) -> None:
        """Log details for the author of a task, formatted by `str.format`."""
        self._logf(TRACE, fmt, args, named)

    def debugf(self, fmt: str, *args: object, **named: object) -> None:
        """Log at level DEBUG, formatted by `str.format`."""
        self._logf(logging.DEBUG, fmt, args, named)

    def infof(self, fmt: str, *args: object, **named: object) -> None:
        """Log at level INFO, formatted by `str.format`."""
        self._logf(logging.INFO, fmt, args, named)

    def warnf(self, fmt: str, *args: object, **named: object) -> None:
        """Log at level WARNING, formatted by `str.format`."""
        self._logf(logging.WARNING, fmt, args, named)

    def errorf(self, fmt: str, *args: object, **named: object) -> None:
        """Log at level ERROR, formatted by `str.format`."""
        self._logf(logging.ERROR, fmt, args, named)

    def fatalf(self, fmt: str, *args: object, **named: object) -> None:
        """Log at level CRITICAL, formatted by `str.format`."""
        self._logf(logging.CRITICAL, fmt, args, named)

    def _logf(
        self, level: int, fmt: str, args: tuple[object, ...], named: dict[str, object]
    ) -> None:
        if self.isEnabledFor(level):
            text = fmt.format(*args, **named) if args or named else fmt
            self.log(level, "%s", text, stacklevel=_CALLER + 1)


def _pythons(level: int | str) -> int | str:
    """Return a level on Python's scale."""
    is_lsst = isinstance(level, int) and level > logging.CRITICAL
    return level // _TIMES if is_lsst else level  # type: ignore[operator]


@dataclass
class Settings:
    """The log options of a command line, which are sent to worker processes.

    Attributes
    ----------
    levels : `dict`
        The level of each named logger; ``""`` is the root.
    long : `bool`
        Whether lines contain time, data ID, file and line.
    aside : `bool`
        Whether lines go to standard error, because standard output has the result of the command.
    """

    levels: dict[str, int] = field(default_factory=lambda: {"": logging.INFO})
    long: bool = False
    aside: bool = False
    quiet: bool = False
    file: str | None = None

    def louder(self) -> None:
        """Lower the level of all loggers by one step: info, verbose, debug, trace."""
        lower = [level for level in LEVELS.values() if level < self.levels[""]]
        self.levels[""] = max(lower, default=TRACE)

    def take(self, word: str) -> None:
        """Parse ``LEVEL`` or ``COMPONENT=LEVEL``, in upper or lower case; the last one counts.

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
    """Writes to the current standard output, or error, with the current label."""

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
        except BrokenPipeError:  # the reader closed the pipe; the work goes on
            setattr(sys, self._stream, open(os.devnull, "w"))  # noqa: SIM115  # to the end
        except Exception:  # as in Python's own handlers, errors of logging are not fatal
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
    """Add the data ID, and our names of levels, to a record."""
    record.label = _LABEL.get()
    record.level = _NAMES.get(record.levelno, record.levelname)


@contextlib.contextmanager
def label(data_id: object) -> Iterator[None]:
    """Label the log lines of a ``with`` block with a data ID."""
    token = _LABEL.set(str(data_id))
    try:
        yield
    finally:
        _LABEL.reset(token)
