"""Defaults of options: what ``PERSISTENCE_*`` variables and the user's configuration file say.

What is typed comes first, then a variable (``PERSISTENCE_FORMAT`` for all commands,
``PERSISTENCE_FIND_LIMIT`` for one), then the file (`persistence.files.user_config`).
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.cli.usage import WrongUse
from persistence.errors import PolicyError, did_you_mean
from persistence.files import user_config
from persistence.files.user_config import Entry, UserConfig

PREFIX = "PERSISTENCE_"
# What has to be typed each time: it lets files be lost.
_TYPED = ("force",)
_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class Default(NamedTuple):
    """A default that a user has set.

    Attributes
    ----------
    action : `argparse.Action`
        The option.
    value : object
        Its value, as parsing the option would give it.
    source : `str`
        The variable, or the file with the line.
    """

    action: argparse.Action
    value: Any
    source: str


def read() -> UserConfig:
    """Read the user's configuration file; see `user_config.read`.

    Raises
    ------
    WrongUse
        If it cannot be meant, with file and line.
    """
    try:
        return user_config.read()
    except PolicyError as error:
        raise WrongUse(str(error)) from error


def lay(parser: argparse.ArgumentParser, command: str | None, config: UserConfig) -> None:
    """Set the defaults of a parser's options to those that the user has set; see `of`."""
    for action, value, _ in of(parser, command, config):
        action.default = value


def refuse_unknown(config: UserConfig, commands: Collection[str]) -> None:
    """Refuse a file that has defaults of a command that there is not.

    Raises
    ------
    WrongUse
        With the line, and the command that may be meant.
    """
    for name, entries in config.commands.items():
        if name not in commands:
            where = next((where for _, where in entries.values()), config.path)
            raise WrongUse(f"{where}: there is no command {name!r}{did_you_mean(name, commands)}")


def of(
    parser: argparse.ArgumentParser, command: str | None, config: UserConfig
) -> Iterator[Default]:
    """Yield the defaults that the user has set for the options of a parser.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        The parser.
    command : `str` or None
        The subcommand that it is of; None for the options of all.
    config : `UserConfig`
        The user's configuration file.

    Raises
    ------
    WrongUse
        If the file names an option that there is not, or a value cannot be one of an option.
    """
    entries = config.options if command is None else config.commands.get(command, {})
    options = {name: action for action in _options(parser) for name in names(action)}
    for name, (_, where) in entries.items():
        if name not in options or name in _TYPED:
            of_what = "of all commands" if command is None else f"of {command}"
            reason = (
                "has no default: type it each time"
                if name in _TYPED
                else f"is not an option {of_what}{did_you_mean(name, options)}"
            )
            raise WrongUse(f"{where}: --{name} {reason}")
    for action in dict.fromkeys(options.values()):
        if names(action)[0] not in _TYPED:
            yield from _of_action(action, command, entries)


def _of_action(
    action: argparse.Action, command: str | None, entries: Mapping[str, Entry]
) -> Iterator[Default]:
    for name in names(action):
        source = variable(name, command)
        if text := os.environ.get(source):
            yield Default(action, _value(action, text, source), source)
            return
    for name in names(action):
        if name in entries:
            value, source = entries[name]
            yield Default(action, _value(action, value, source), source)
            return


def known(parser: argparse.ArgumentParser) -> list[str]:
    """Return the names of the options that may have a default."""
    return [name for action in _options(parser) for name in names(action) if name not in _TYPED]


def variable(name: str, command: str | None) -> str:
    """Return the environment variable that sets the default of an option."""
    words = name if command is None else f"{command}_{name}"
    return PREFIX + words.upper().replace("-", "_")


def names(action: argparse.Action) -> list[str]:
    """Return the long names of an option, without dashes."""
    return [word.removeprefix("--") for word in action.option_strings if word.startswith("--")]


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the options of a parser, but for those that only repeat what stands before it."""
    return [
        action
        for action in parser._actions
        if names(action) and action.default is not argparse.SUPPRESS
    ]


def _value(action: argparse.Action, value: Any, source: str) -> Any:
    """Return a value as parsing the option would give it."""
    if isinstance(action, argparse._StoreTrueAction):
        known = _WORDS.get(str(value).lower())
        if known is None:
            raise WrongUse(f"{source}: {value!r} is neither true nor false")
        return known
    if isinstance(action, argparse._CountAction):
        return _converted(int, value, source)
    is_list = isinstance(action, argparse._AppendAction) or action.nargs is not None
    if not is_list:
        return _one(action, value, source)
    words = value if isinstance(value, list) else shlex.split(str(value))
    values = [_one(action, word, source) for word in words]
    return [values] if _is_append_of_lists(action) else values


def _is_append_of_lists(action: argparse.Action) -> bool:
    return isinstance(action, argparse._AppendAction) and action.nargs is not None


def _one(action: argparse.Action, value: Any, source: str) -> Any:
    text = str(value)
    if text.startswith("~/"):
        text = os.path.expanduser(text)
    converted = _converted(action.type or str, text, source)
    if action.choices is not None and converted not in action.choices:
        known: Sequence[str] = list(map(str, action.choices))
        raise WrongUse(
            f"{source}: {text!r} is no value of --{names(action)[0]}{did_you_mean(text, known)} "
            f"(known: {', '.join(known)})"
        )
    return converted


def _converted(kind: Any, value: Any, source: str) -> Any:
    try:
        return kind(value)
    except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
        raise WrongUse(
            f"{source}: {value!r} is no {getattr(kind, '__name__', 'such value')}"
        ) from error
