"""Completion by TAB, in a shell prepared by ``register-python-argcomplete`` or similar.

The shell runs the command itself, with ``_ARGCOMPLETE`` in its environment, and reads what it
writes to file descriptor 8. A command therefore calls `complete` as soon as it has its parser, and
imports slow modules afterwards.

The parser of a task needs the task, which is slow to import. The arguments of a script are
therefore stored, and a script that uses them first is as fast::

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
from persistence.files import mirrors, user_cache

_INPUT_ROOT = "PIPE_INPUT_ROOT"


def wanted() -> bool:
    """Return whether a shell requests completions: then nothing is done but `complete`."""
    return "_ARGCOMPLETE" in os.environ


def words() -> list[str]:
    """Return the words typed before the one at the cursor; the first is the command."""
    gc.disable()  # the process ends before it would pay
    from argcomplete.lexers import split_line

    before = split_line(os.environ["COMP_LINE"], int(os.environ["COMP_POINT"]))[3]
    return list(before[int(os.environ["_ARGCOMPLETE"]) - 1 :])


class PlainHelp(argparse.HelpFormatter):
    """A formatter that does not determine the width of the terminal, which takes 4 ms to import."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)


def complete(parser: argparse.ArgumentParser, settings: Sequence[str] = ()) -> None:
    """Print the completions for the shell and exit; return at once if no shell requests them.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        The command's parser.
    settings : sequence of `str`
        The names of ``-c``.
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
    """Print the completions of a task's script and exit; return at once if no shell requests them.

    Parameters
    ----------
    parser : `persistence.pipe.cmdline.parser.ArgumentParser`
        The script's parser.
    make_config : callable
        Returns the task's configuration: its class.
    """
    if wanted():
        try:
            _complete_task(taskscripts.keep(parser, make_config()))
        finally:
            _end()


def complete_again() -> None:
    """Print completions from stored arguments of a task's script; call it first, for speed.

    It returns if no shell requests completions, or if the script or a module that it imports has
    changed.
    """
    kept = user_cache.recall(taskscripts.name()) if wanted() else None
    if kept is not None:
        _complete_task(kept)


def _complete_task(words: Mapping[str, Any]) -> None:
    complete(taskscripts.parser_of(words, PlainHelp), words["settings"])


def _end() -> None:
    """Exit without running the command; tracebacks must not appear on the terminal."""
    if "_ARC_DEBUG" not in os.environ:
        os._exit(1)


def _actions(parser: argparse.ArgumentParser) -> Iterable[Any]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for under in action.choices.values():
                yield from _actions(under)
        yield action


def _bound(completer: Completer, typed: Sequence[str], settings: Sequence[str]) -> Any:
    """Return a completer with argcomplete's signature."""

    def act(prefix: str, action: Any, parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
        given = vars(parsed_args)
        # For a task the repository is the first word. A shell has not yet done to words what it
        # does
        root = os.path.expandvars(os.path.expanduser(given.get("root") or "".join(typed[1:2])))
        if "root" not in given:
            root = os.path.join(os.environ.get(_INPUT_ROOT, ""), root)
        with contextlib.suppress(PolicyError):  # whoever runs the command will be told
            root = mirrors.directory(root)
        kind = given.get("type") or getattr(action, "datasetType", None)
        told = Typed(
            typed, root, given.get("mapper"), kind if isinstance(kind, str) else "raw", settings,
            tuple(given.get("trust") or ()),
        )  # fmt: skip
        return list(completer(told, prefix))

    return act
