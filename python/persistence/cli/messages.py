"""What a command says besides its result: on standard error, and in a file of its log.

``-v``, ``-q``, ``--log-file`` and ``--no-progress`` of all commands.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from persistence.cli import progress
from persistence.errors import UsageError

if TYPE_CHECKING:
    import logging

DEFAULTS: Mapping[str, Any] = {
    "verbose": 0,
    "quiet": False,
    "log_file": None,
    "no_progress": False,
}
_NAME = "persistence.cli"
_OF_OTHERS = "%(name)s %(levelname)s: %(message)s"
_LONG = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"


def add_options(group: argparse._ActionsContainer, defaults: Mapping[str, Any]) -> None:
    """Add the four options; one whose default is not given is suppressed."""
    suppressed = argparse.SUPPRESS
    group.add_argument(
        "-v", "--verbose", action="count", default=defaults.get("verbose", suppressed),
        help="report each step, file by file; -vv adds details for debugging",
    )  # fmt: skip
    group.add_argument(
        "-q", "--quiet", action="store_true", default=defaults.get("quiet", suppressed),
        help="print results and errors only, without progress",
    )  # fmt: skip
    group.add_argument(
        "--log-file", metavar="FILE", default=defaults.get("log_file", suppressed),
        help="append messages, and each step, to a file",
    )  # fmt: skip
    group.add_argument(
        "--no-progress", action="store_true", default=defaults.get("no_progress", suppressed),
        help="show no progress bars, even on a terminal",
    )  # fmt: skip


@contextlib.contextmanager
def shown(
    arguments: argparse.Namespace,
    prog: str = "persistence",
    form: str | None = None,
    level: int | None = None,
) -> Iterator[logging.Logger]:
    """Show messages as the options say, while the block lasts; yield the commands' logger.

    Parameters
    ----------
    arguments : `argparse.Namespace`
        What was typed.
    prog : `str`
        The command; its own messages begin with it.
    form : `str`, optional
        The format of messages of others, as `logging` has it; by default that of its own.
    level : `int`, optional
        A level that was asked for besides ``-v``; the lower of the two counts.

    Raises
    ------
    OSError
        If the log file cannot be written.
    """
    import logging  # lazy: completion does without
    import time

    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    chosen = levels[min(arguments.verbose, len(levels) - 1)]
    if level is not None:
        chosen = level if not arguments.verbose else min(level, chosen)
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(prog, form))
    handler.setLevel(logging.ERROR if arguments.quiet else chosen)
    handlers = [handler]
    if arguments.log_file is not None:
        handlers.append(handler := logging.FileHandler(arguments.log_file, encoding="utf-8"))
        formatter = logging.Formatter(_LONG, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
        handler.setLevel(min(chosen, logging.INFO))
    root, before = logging.getLogger(), logging.getLogger().level
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(min(handler.level for handler in handlers))
    try:
        with progress.hidden(arguments.quiet or arguments.no_progress):
            yield logging.getLogger(_NAME)
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


@contextlib.contextmanager
def of_script(
    arguments: argparse.Namespace, prog: str, level: int | None = None
) -> Iterator[logging.Logger]:
    """Show the messages of a script while the block lasts; see `shown`.

    Raises
    ------
    UsageError
        If the log file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            log = stack.enter_context(shown(arguments, prog, _OF_OTHERS, level))
        except OSError as error:
            raise UsageError(f"--log-file {error.filename}: {error.strerror or error}") from error
        yield log


def _formatter(prog: str, form: str | None) -> logging.Formatter:
    import logging  # lazy: completion does without

    own = logging.Formatter(f"{prog}: %(message)s")
    others = own if form is None else logging.Formatter(form)

    class Lines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return (own if record.name == _NAME else others).format(record)

    return Lines()


def problem(text: str) -> None:
    """Print a problem; the command goes on."""
    import logging  # lazy: completion does without

    logging.getLogger(_NAME).error("%s", text)


def note(text: str) -> None:
    """Print a remark about a result, which is not an error."""
    import logging  # lazy: completion does without

    logging.getLogger(_NAME).warning("%s", text)
