"""`Log` and its functions, by the names of ``lsst.log``, over Python's logging.

Levels are a thousand times Python's. A `Log` has a level of its own, that of the nearest name above
it unless it is set; setting it sets that of Python's logger of the same name, too, so that the log
of our tasks obeys. Messages go to Python's handlers; where a program has none, to standard output,
as they did.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

from persistence.gen2types import logcontext
from persistence.gen2types.logcontext import MDC, MDCDict, MDCRegisterInit, MDCRemove

TRACE, DEBUG, INFO, WARN, ERROR, FATAL = 5000, 10000, 20000, 30000, 40000, 50000
_TIMES = 1000
_NAMES = {
    TRACE: "TRACE",
    DEBUG: "DEBUG",
    INFO: "INFO",
    WARN: "WARN",
    ERROR: "ERROR",
    FATAL: "FATAL",
}
_UNSET = -1
_levels: dict[str, int] = {"": INFO}
_HERE = __name__


class Log:
    """A logger.

    Parameters
    ----------
    name : `str`, optional
        Its name; without it, it is the root of all.
    """

    TRACE, DEBUG, INFO, WARN, ERROR, FATAL = TRACE, DEBUG, INFO, WARN, ERROR, FATAL
    UsePythonLogging: ClassVar[bool] = False  # messages go nowhere but to Python's handlers

    def __init__(self, name: str = "") -> None:
        self.name = name

    @staticmethod
    def getLogger(logger: str | Log = "") -> Log:
        return Log(logger) if isinstance(logger, str) else logger

    @staticmethod
    def getDefaultLogger() -> Log:
        return Log()

    @staticmethod
    def getDefaultLoggerName() -> str:
        return ""

    @classmethod
    def usePythonLogging(cls) -> None:
        cls.UsePythonLogging = True

    @classmethod
    def doNotUsePythonLogging(cls) -> None:
        cls.UsePythonLogging = False

    @staticmethod
    def configure(filename: str | None = None) -> None:
        """Set the levels in a file in the format of log4j; without a file, the defaults."""
        if filename is None:
            _levels.clear()
            _levels[""] = INFO
            return
        with open(filename) as stream:
            Log.configure_prop(stream.read())

    @staticmethod
    def configure_prop(properties: str) -> None:
        """Set the levels in a text in the format of log4j.

        Appenders and layouts are ignored: Python's handlers have their own.
        """
        for name, word in _LEVEL_OF.findall(properties):
            setLevel(name, _BY_NAME[word.upper()])

    def getName(self) -> str:
        return self.name

    def getChild(self, suffix: str) -> Log:
        return Log(f"{self.name}.{suffix}" if self.name else suffix)

    def setLevel(self, level: int) -> None:
        _levels[self.name] = level
        logging.getLogger(self.name).setLevel(level // _TIMES)

    def getLevel(self) -> int:
        """Return the level that was set for this logger; -1 if none was."""
        return _levels.get(self.name, _UNSET)

    level = property(getLevel)

    def getEffectiveLevel(self) -> int:
        """Return the level of this logger, or of the nearest one above that has one."""
        name = self.name
        while name and name not in _levels:
            name = name.rpartition(".")[0]
        return _levels.get(name, INFO)

    def isEnabledFor(self, level: int) -> bool:
        return level >= self.getEffectiveLevel()

    def isTraceEnabled(self) -> bool:
        return self.isEnabledFor(TRACE)

    def isDebugEnabled(self) -> bool:
        return self.isEnabledFor(DEBUG)

    def isInfoEnabled(self) -> bool:
        return self.isEnabledFor(INFO)

    def isWarnEnabled(self) -> bool:
        return self.isEnabledFor(WARN)

    def isErrorEnabled(self) -> bool:
        return self.isEnabledFor(ERROR)

    def isFatalEnabled(self) -> bool:
        return self.isEnabledFor(FATAL)

    def log(self, level: int, fmt: str, *args: Any) -> None:
        self._log(level, False, fmt, args, {})

    def trace(self, fmt: str, *args: Any) -> None:
        self._log(TRACE, False, fmt, args, {})

    def debug(self, fmt: str, *args: Any) -> None:
        self._log(DEBUG, False, fmt, args, {})

    def info(self, fmt: str, *args: Any) -> None:
        self._log(INFO, False, fmt, args, {})

    verbose = debug

    def warn(self, fmt: str, *args: Any) -> None:
        self._log(WARN, False, fmt, args, {})

    warning = warn

    def error(self, fmt: str, *args: Any) -> None:
        self._log(ERROR, False, fmt, args, {})

    def exception(self, fmt: str, *args: Any) -> None:
        """Log an error, with the exception that is being handled."""
        self._log(ERROR, False, fmt, args, {}, exception=True)

    def fatal(self, fmt: str, *args: Any) -> None:
        self._log(FATAL, False, fmt, args, {})

    critical = fatal

    # with the fields of str.format
    def tracef(self, fmt: str, *args: Any, **named: Any) -> None:
        self._log(TRACE, True, fmt, args, named)

    def debugf(self, fmt: str, *args: Any, **named: Any) -> None:
        self._log(DEBUG, True, fmt, args, named)

    def infof(self, fmt: str, *args: Any, **named: Any) -> None:
        self._log(INFO, True, fmt, args, named)

    def warnf(self, fmt: str, *args: Any, **named: Any) -> None:
        self._log(WARN, True, fmt, args, named)

    def errorf(self, fmt: str, *args: Any, **named: Any) -> None:
        self._log(ERROR, True, fmt, args, named)

    def fatalf(self, fmt: str, *args: Any, **named: Any) -> None:
        self._log(FATAL, True, fmt, args, named)

    def logMsg(self, level: int, filename: str, funcname: str, lineno: int, msg: str) -> None:
        """Log a message with a given code location."""
        record = logging.LogRecord(
            self.name or "root", level // _TIMES, filename, lineno, msg, None, None, funcname
        )
        if self.isEnabledFor(level):
            _handle(record, level)

    def _log(
        self,
        level: int,
        fields: bool,
        fmt: str,
        args: tuple[Any, ...],
        named: dict[str, Any],
        exception: bool = False,
    ) -> None:
        if not self.isEnabledFor(level):
            return
        if fields:
            text = fmt.format(*args, **named) if args or named else fmt
        else:
            text = str(fmt) % args if args else str(fmt)
        frame = sys._getframe(1)
        while frame.f_globals.get("__name__") == _HERE and frame.f_back:
            frame = frame.f_back
        code = frame.f_code
        record = logging.getLogRecordFactory()(
            self.name or "root",
            level // _TIMES,
            code.co_filename,
            frame.f_lineno,
            text,
            (),
            sys.exc_info() if exception else None,
            code.co_name,
        )
        _handle(record, level)

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, Log) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        return Log, (self.name,)

    def __repr__(self) -> str:
        return f"Log({self.name!r})"


_BY_NAME = {**{name: level for level, name in _NAMES.items()}, "WARNING": WARN, "ALL": 0}
_LEVEL_OF = re.compile(
    rf"^\s*log4j\.(?:rootLogger|logger\.([^\s=]+))\s*=\s*({'|'.join(_BY_NAME)})\b",
    re.MULTILINE | re.IGNORECASE,
)


def _handle(record: logging.LogRecord, level: int) -> None:
    logger = logging.getLogger("" if record.name == "root" else record.name)
    if Log.UsePythonLogging or logger.hasHandlers():
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)
        return
    nearest = max((known for known in _NAMES if known <= level), default=TRACE)
    formatter = logging.Formatter(f"%(name)s {_NAMES[nearest]}: %(message)s")
    print(formatter.format(record))


getLogger = Log.getLogger  # noqa: N816
getDefaultLogger = Log.getDefaultLogger  # noqa: N816
getDefaultLoggerName = Log.getDefaultLoggerName  # noqa: N816
usePythonLogging = Log.usePythonLogging  # noqa: N816
doNotUsePythonLogging = Log.doNotUsePythonLogging  # noqa: N816
configure = Log.configure
configure_prop = Log.configure_prop


def setLevel(loggername: str, level: int) -> None:
    """Set the level of a logger, and of Python's logger of that name."""
    Log(loggername).setLevel(level)


def getLevel(loggername: str) -> int:
    """Return the level that was set for a logger; -1 if none was."""
    return Log(loggername).getLevel()


def getEffectiveLevel(loggername: str) -> int:
    """Return the level of a logger, or of the nearest one above that has one."""
    return Log(loggername).getEffectiveLevel()


def isEnabledFor(loggername: str, level: int) -> bool:
    """Return whether a logger lets messages of a level pass."""
    return Log(loggername).isEnabledFor(level)


def log(loggername: str, level: int, fmt: str, *args: Any) -> None:
    """Log a message under a name."""
    Log(loggername).log(level, fmt, *args)


def logf(loggername: str, level: int, fmt: str, *args: Any, **named: Any) -> None:
    """Log a message with the fields of `str.format` under a name."""
    Log(loggername)._log(level, True, fmt, args, named)


# The methods of the root logger, as functions.
_root = Log()
trace, debug, info, warn, warning = _root.trace, _root.debug, _root.info, _root.warn, _root.warning
error, fatal, critical = _root.error, _root.fatal, _root.critical
tracef, debugf, infof, warnf = _root.tracef, _root.debugf, _root.infof, _root.warnf
errorf, fatalf = _root.errorf, _root.fatalf


class UsePythonLogging(contextlib.ContextDecorator):
    """A block in which messages go nowhere but to Python's handlers."""

    def __enter__(self) -> None:
        self._before = Log.UsePythonLogging
        Log.usePythonLogging()

    def __exit__(self, *what: object) -> None:
        Log.UsePythonLogging = self._before


class LevelTranslator:
    """Between the levels of Python's logging and those of this module."""

    @staticmethod
    def lsstLog2logging(level: int) -> int:
        return level // _TIMES

    @staticmethod
    def logging2lsstLog(level: int) -> int:
        return level * _TIMES


class LogHandler(logging.Handler):
    """Sends the messages of Python's loggers here, for programs that have no other handler."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.setFormatter(logging.Formatter("%(message)s"))

    def handle(self, record: logging.LogRecord) -> bool:
        level = LevelTranslator.logging2lsstLog(record.levelno)
        return Log(record.name).isEnabledFor(level) and bool(super().handle(record))

    def emit(self, record: logging.LogRecord) -> None:
        if not Log.UsePythonLogging:
            print(f"{record.name} {record.levelname}: {self.format(record)}")


def configure_pylog_MDC(level: str, MDC_class: type[dict[str, str]] | None = MDCDict) -> None:
    """Send messages to Python's handlers, each with its context as ``record.MDC``.

    Parameters
    ----------
    level : `str`
        The level of the root logger here; that of Python's is unchanged.
    MDC_class : `type` or None
        The class of ``record.MDC``; None for no context.
    """
    _levels[""] = _BY_NAME[level.upper()]
    if MDC_class is None:
        return
    factory = logging.getLogRecordFactory()

    def with_context(*args: Any, **named: Any) -> logging.LogRecord:
        record = factory(*args, **named)
        record.MDC = MDC_class(logcontext.current())
        return record

    logging.setLogRecordFactory(with_context)


def lwpID() -> int:
    """Return the number of this thread, as the system counts."""
    return threading.get_native_id()


# -- lsst.log.utils
def traceSetAt(name: str, number: int) -> None:
    """Enable the messages of ``TRACE0.name`` to ``TRACE<number>.name``."""
    for count in range(6):
        setLevel(f"TRACE{count}.{name}", INFO if count > number else DEBUG)


@contextlib.contextmanager
def temporaryLogLevel(name: str, level: int) -> Iterator[None]:
    """Set the level of a logger in a block."""
    before, python = getLevel(name), logging.getLogger(name).level
    setLevel(name, level)
    try:
        yield
    finally:
        if before == _UNSET:
            del _levels[name]
        else:
            _levels[name] = before
        logging.getLogger(name).setLevel(python)


__all__ = [
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "MDC",
    "TRACE",
    "WARN",
    "LevelTranslator",
    "Log",
    "LogHandler",
    "MDCDict",
    "MDCRegisterInit",
    "MDCRemove",
    "UsePythonLogging",
    "configure",
    "configure_prop",
    "configure_pylog_MDC",
    "critical",
    "debug",
    "debugf",
    "doNotUsePythonLogging",
    "error",
    "errorf",
    "fatal",
    "fatalf",
    "getDefaultLogger",
    "getDefaultLoggerName",
    "getEffectiveLevel",
    "getLevel",
    "getLogger",
    "info",
    "infof",
    "isEnabledFor",
    "log",
    "logf",
    "lwpID",
    "setLevel",
    "trace",
    "tracef",
    "usePythonLogging",
    "warn",
    "warnf",
    "warning",
]
