"""Completion by TAB, in a shell prepared by ``register-python-argcomplete`` or its like.

The shell runs the command itself, with ``_ARGCOMPLETE`` in its environment, and takes what it
writes to file descriptor 8. So a command calls `complete` as soon as it has its parser, and imports
what is slow thereafter.

The parser of a task comes with the task, and that is slow to import. What its script takes is kept,
and a script that asks for it first is answered as fast::

    from persistence.cli.complete import completion

    if __name__ == "__main__":
        completion.complete_again()
        from mypackage.mytask import MyTask

        MyTask.parseAndRun()
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from persistence.cli.complete import completers, taskscripts
from persistence.cli.complete.completers import Completer, Typed
from persistence.errors import PolicyError
from persistence.files import user_cache, user_config

_INPUT_ROOT = "PIPE_INPUT_ROOT"


def wanted() -> bool:
    """Say whether a shell asks for completions: then nothing is to be done but `complete`."""
    return "_ARGCOMPLETE" in os.environ


def words() -> list[str]:
    """Give the words that are typed before the one at the cursor; the first is the command."""
    gc.disable()  # the process ends before it would pay
    from argcomplete.lexers import split_line

    before = split_line(os.environ["COMP_LINE"], int(os.environ["COMP_POINT"]))[3]
    return list(before[int(os.environ["_ARGCOMPLETE"]) - 1 :])


class PlainHelp(argparse.HelpFormatter):
    """A formatter that does not ask how wide the terminal is.

    What Python imports for that takes 4 ms.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)


def complete(parser: argparse.ArgumentParser, settings: Sequence[str] = ()) -> None:
    """Answer the shell, and end the process; return at once if no shell asks.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        What the command takes.
    settings : sequence of `str`
        The names that ``-c`` knows.
    """
    if not wanted():
        return
    try:
        import argcomplete

        typed = words()
        for action in _actions(parser):
            completer = completers.of(action)
            if completer is not None:
                action.completer = _bound(completer, typed, settings)
        argcomplete.autocomplete(parser, always_complete_options=False)
    finally:
        _end()


def complete_task(parser: argparse.ArgumentParser, make_config: Callable[[], Any]) -> None:
    """Answer the shell for a task's script, and end the process; return at once if no shell asks.

    Parameters
    ----------
    parser : `persistence.pipe.cmdline.parser.ArgumentParser`
        What the script takes.
    make_config : callable
        Makes the task's configuration: its class.
    """
    if wanted():
        try:
            _complete_task(taskscripts.keep(parser, make_config()))
        finally:
            _end()


def complete_again() -> None:
    """Answer the shell as a task's script did the last time.

    The first thing that a script does, for speed.

    It returns if no shell asks, or if the script or a module behind it has changed, and nothing is
    known of it.
    """
    kept = user_cache.recall(taskscripts.name()) if wanted() else None
    if kept is not None:
        _complete_task(kept)


def _complete_task(told: Mapping[str, Any]) -> None:
    complete(taskscripts.parser_of(told, PlainHelp), told["settings"])


def _end() -> None:
    """End the process without running the command: a terminal is no place for a traceback."""
    if "_ARC_DEBUG" not in os.environ:
        os._exit(1)


def _actions(parser: argparse.ArgumentParser) -> Iterable[Any]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for under in action.choices.values():
                yield from _actions(under)
        yield action


def _bound(completer: Completer, typed: Sequence[str], settings: Sequence[str]) -> Any:
    """Make a completer as argcomplete calls it."""

    def act(prefix: str, action: Any, parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
        given = vars(parsed_args)
        # Of a task the repository is the first word. A shell has not yet done to words what it does
        # to arguments.
        root = os.path.expandvars(os.path.expanduser(given.get("root") or "".join(typed[1:2])))
        if "root" not in given:
            root = os.path.join(os.environ.get(_INPUT_ROOT, ""), root)
        with contextlib.suppress(PolicyError):  # whoever runs the command will be told
            root = user_config.repository(root)
        kind = given.get("type") or getattr(action, "datasetType", None)
        told = Typed(
            typed, root, given.get("mapper"), kind if isinstance(kind, str) else "raw", settings,
            tuple(given.get("trust") or ()),
        )  # fmt: skip
        return list(completer(told, prefix))

    return act
