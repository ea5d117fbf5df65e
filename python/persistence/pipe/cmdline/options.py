"""The options of every task, in the groups of ``--help``.

Source: doc/gen2/gen2-cli.md, 3.2, 3.8, 3.9, 3.14.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from persistence.cli import cameras, wordfiles
from persistence.dataids import grammar
from persistence.errors import PersistenceError, UsageError
from persistence.pipe.cmdline import overridefiles, overrides, show

ALL = "all"
# Options that Gen2's tasks did not have, by what keeps them: a task may have others of the name.
_OURS = ("logLouder", "logQuiet", "logFile", "noProgress")


class _EachWord(argparse.Action):
    """An option with many values that are processed immediately, one by one, and not stored."""

    def __init__(
        self,
        option_strings: Any,
        dest: str,
        take: Callable[[argparse.Namespace, str], None],
        **rest: Any,
    ) -> None:
        super().__init__(option_strings, dest, nargs="*", default=argparse.SUPPRESS, **rest)
        self._take = take

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        for word in values:
            self._take(namespace, word)


class IdAction(argparse.Action):
    """An ID argument: its values are data IDs, collected by the container of its name."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        try:
            getattr(namespace, self.dest).idList += grammar.parse(values)
        except PersistenceError as error:
            raise UsageError(f"{self.option_strings[0]}: {error}") from error


class _LongLog(argparse.Action):
    def __init__(self, option_strings: Any, dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **rest)

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        namespace.logSettings.long = True


class _Louder(argparse.Action):
    def __init__(self, option_strings: Any, dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **rest)

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        namespace.logSettings.louder()


class ReuseAction(argparse.Action):
    """``--reuse-outputs-from``: the steps up to one of them, or all."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        steps = [step for step in self.choices or () if step != ALL]
        setattr(namespace, self.dest, steps if values == ALL else steps[: steps.index(values) + 1])


def _assign(namespace: argparse.Namespace, word: str) -> None:
    warning = overrides.assign(namespace.config, word)
    if warning is not None:
        namespace.notes.warning(warning)


def _load(namespace: argparse.Namespace, path: str) -> None:
    overridefiles.load(namespace.config, path)


def _level(namespace: argparse.Namespace, word: str) -> None:
    namespace.logSettings.take(word)


def _number(
    kind: Callable[[str], Any], least: str, is_fit: Callable[[Any], bool]
) -> Callable[[str], Any]:
    """Return a parser of numbers for argparse, with a description for its error."""

    def take(text: str) -> Any:
        with contextlib.suppress(ValueError):
            number = kind(text)
            if is_fit(number):
                return number
        raise argparse.ArgumentTypeError(f"{text!r} is not a {least}")

    return take


_processes = _number(int, "number of processes: give 1 or more", lambda number: number >= 1)
# The longest time that a thread can wait is `threading.TIMEOUT_MAX`.
_seconds = _number(
    float,
    "number of seconds to wait: give one above 0, up to 1e9",
    lambda number: 0 < number <= 1e9,
)


def _place(text: str) -> str:
    """Return a directory name; an empty one would mean the working directory, or the default."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty: is a variable of the shell not set?")
    return text


def add(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options that every task has; return the group of options that select data."""
    _places(parser)
    which = parser.add_argument_group("data selection")
    for group in (_settings, _shown, _running, _replacing):
        group(parser)
    return which


def _places(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "repositories", "relative to PIPE_INPUT_ROOT, PIPE_CALIB_ROOT, PIPE_OUTPUT_ROOT if set"
    )
    group.add_argument(
        "input", metavar="INPUT", help="the input repository; it is the first argument"
    )
    group.add_argument(
        "--calib",
        type=_place,
        metavar="DIR",
        help="the calibration root; by default that of PIPE_CALIB_ROOT",
    )
    cameras.add_options(group, type=_place)
    group.add_argument(
        "--output", type=_place, metavar="DIR", help="the output repository; created if missing"
    )
    group.add_argument(
        "--rerun",
        metavar="[IN:]OUT",
        help="write to INPUT/rerun/OUT, and read INPUT, or INPUT/rerun/IN",
    )


def _settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "configuration", "applied from left to right; the last one counts"
    )
    group.add_argument(
        "-c",
        "--config",
        action=_EachWord,
        take=_assign,
        metavar="NAME=VALUE",
        help="single settings: isr.doBias=False",
    )
    group.add_argument(
        "-C", "--configfile", "--config-file", action=_EachWord, take=_load, metavar="FILE",
        help="files of settings, which are executed as Python: config.isr.doBias = False",
    )  # fmt: skip


def _shown(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output and logging")
    show.add_options(group)
    group.add_argument(
        "-L", "--loglevel", action=_EachWord, take=_level, metavar="[COMPONENT=]LEVEL",
        help="the log level: trace, debug, verbose, info (the default), warn, error, fatal",
    )  # fmt: skip
    group.add_argument(
        "--longlog", action=_LongLog, help="add time, data ID, file and line to log lines"
    )
    group.add_argument(
        "-v",
        "--verbose",
        action=_Louder,
        dest="logLouder",
        help="log a level more; -vv, -vvv: even more",
    )
    group.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        dest="logQuiet",
        help="show errors only, and no progress",
    )
    group.add_argument(
        "--log-file", dest="logFile", metavar="FILE",
        help="append the log to a file, too, with time, data ID, file and line",
    )  # fmt: skip
    group.add_argument(
        "--no-progress", action="store_true", dest="noProgress",
        help="show no progress bars, even on a terminal",
    )  # fmt: skip
    group.add_argument(
        "--debug",
        action="store_true",
        help="import the module debug, if there is one, before the task runs",
    )
    group.add_argument("--profile", metavar="FILE", help="write a profile of run times by function")


def _running(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("execution")
    group.add_argument(
        "-j", "--processes", type=_processes, default=1, metavar="N", help="the number of processes"
    )
    group.add_argument(
        "-t", "--timeout", type=_seconds, metavar="SECONDS", help="the time limit of the whole run"
    )
    group.add_argument(
        "--engine",
        choices=("local", "dask"),
        help="processes of this machine (local), or a Dask cluster",
    )
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="of the Dask cluster: tcp://host:8786"
    )
    again = group.add_mutually_exclusive_group()
    again.add_argument(
        "--skip-existing", "--reuse-outputs", action="store_true", dest="skipExisting",
        help="skip data that are done",
    )  # fmt: skip
    again.add_argument(
        "--redo-stale", action="store_true", dest="redoStale",
        help="skip data that are done, unless their inputs, or the configuration, have changed "
             "since",
    )  # fmt: skip
    again.add_argument(
        "--redo-failed", action="store_true", dest="redoFailed", help="only data that failed"
    )
    group.add_argument(
        "--digests", action="store_true", dest="recordDigests",
        help="record inputs by digests of their content, too",
    )  # fmt: skip
    group.add_argument(
        "--doraise", action="store_true", help="stop at the first failure, with its traceback"
    )
    group.add_argument(
        "--noExit", action="store_true", help="failures do not affect the exit status"
    )


def _replacing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is replaced")
    flags = {
        "--clobber-output": ("clobberOutput", "remove the output repository first"),
        "--clobber-config": (
            "clobberConfig",
            "replace the stored configuration and schemas; the former are kept as ~1",
        ),
        "--no-backup-config": ("noBackupConfig", "do not keep them"),
        "--clobber-versions": ("clobberVersions", "replace the stored versions of packages"),
        "--no-versions": ("noVersions", "neither compare nor store versions of packages"),
        "--force": ("force", "write into an output that belongs to another user"),
        "--no-durable": ("noDurable", "do not wait for the disk: a power cut may lose outputs"),
    }
    for option, (dest, text) in flags.items():
        group.add_argument(option, action="store_true", dest=dest, help=text)


def of_cameras(parser: argparse.ArgumentParser, args: Sequence[str]) -> dict[str, Any]:
    """Return the options about cameras, which are parsed first: other options depend on them."""
    alone = argparse.ArgumentParser(
        prog=parser.prog, usage=parser.usage, add_help=False, allow_abbrev=False
    )
    cameras.add_options(alone, type=_place)
    return cameras.given(alone.parse_known_args(wordfiles.expanded(args))[0])


def finish(namespace: argparse.Namespace) -> None:
    """Set options that follow from others.

    Raises
    ------
    UsageError
        If two options contradict each other, or the profile cannot be written, which would
        otherwise be discovered only after the work.
    """
    log_file = getattr(namespace, "logFile", None)  # a task may have an option of that name
    for option, path in (("--profile", namespace.profile), ("--log-file", log_file)):
        if path is not None:
            _refuse_unwritable(option, path)
    namespace.logSettings.quiet = getattr(namespace, "logQuiet", False)
    namespace.logSettings.file = log_file and os.path.abspath(log_file)
    if namespace.engine == "local" and namespace.scheduler is not None:
        raise UsageError(
            f"--scheduler {namespace.scheduler} needs --engine dask, not --engine local"
        )
    if namespace.engine == "dask" and namespace.scheduler is None:
        raise UsageError("--engine dask needs --scheduler tcp://host:8786")
    namespace.engine = namespace.engine or ("local" if namespace.scheduler is None else "dask")


def _refuse_unwritable(option: str, path: str) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        cause = (
            "it is a directory"
            if os.path.isdir(path)
            else f"{folder} is no directory that you may write to"
        )
        raise UsageError(f"{option} {path} cannot be written: {cause}")


def give_way(parser: argparse.ArgumentParser, flags: Sequence[str]) -> None:
    """Allow a task's own options to have names of ours that Gen2 did not have."""
    for flag in flags:
        action = parser._option_string_actions.get(flag)
        if action is not None and action.dest in _OURS:
            parser._handle_conflict_resolve(action, [(flag, action)])


def named(parser: argparse.ArgumentParser) -> Sequence[str]:
    """Return the options of a parser, in their long form."""
    return [
        name
        for action in parser._actions
        for name in action.option_strings
        if name.startswith("--")
    ]
