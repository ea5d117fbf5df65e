"""``persistence config``: show your defaults and repository nicknames, and where each was set."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from typing import Any

from persistence.cli import messages, output
from persistence.cli.usage import NONE
from persistence.errors import did_you_mean

REPOSITORY = NONE
# Variables that count besides the PERSISTENCE_* ones, and what for.
_VARIABLES = (
    "PIPE_INPUT_ROOT",
    "PIPE_CALIB_ROOT",
    "PIPE_OUTPUT_ROOT",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "NO_COLOR",
)
EXAMPLES = {
    "--format json": "all settings as JSON",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: there is nothing to choose."""


def run(_: None, arguments: argparse.Namespace) -> int:
    """Print what is set, a row each: the file, names of repositories, options, variables.

    Returns
    -------
    status : `int`
        1 if a name of a repository leads to nothing, else 0.
    """
    from persistence.cli import defaults
    from persistence.files import user_config

    config = defaults.read()
    place = config.path
    note = "" if place is None else place if os.path.exists(place) else f"{place} (not there)"
    named = user_config.VARIABLE in os.environ
    rows = [_row("configuration file", note, user_config.VARIABLE if named else "")]
    rows += [
        _row(f"repository {name}", path, where)
        for name, (path, where) in config.repositories.items()
    ]
    used = {user_config.VARIABLE}
    for command, parser in _parsers():
        for action, value, source in defaults.of(parser, command, config):
            words = [*([command] if command else []), f"--{defaults.names(action)[0]}"]
            rows.append(_row(f"option {' '.join(words)}", value, source))
            used.add(source)
    rows += [_row(name, os.environ[name], "") for name in _VARIABLES if os.environ.get(name)]
    output.write(rows, arguments.format)
    _tell_unused(used)
    return _tell_absent(config.repositories)


def _row(setting: str, value: Any, source: str) -> dict[str, Any]:
    return {"setting": setting, "value": value, "from": source}


def _parsers() -> Iterator[tuple[str | None, argparse.ArgumentParser]]:
    """Yield the parser of the options of all commands, then that of each command."""
    from persistence.cli import main
    from persistence.files import entry_points

    yield None, main.parser_of_all()
    for name in dict.fromkeys((*main.COMMANDS, *entry_points.announced(main.GROUP))):
        parser = argparse.ArgumentParser()
        main.fill(parser, name)
        yield name, parser


def _tell_absent(repositories: Mapping[str, Any]) -> int:
    absent = [
        f"{where}: {name}: there is no {path}"
        for name, (path, where) in repositories.items()
        if not os.path.exists(path)
    ]
    for fault in absent:
        messages.problem(fault)
    return 1 if absent else 0


def _tell_unused(used: set[str]) -> None:
    """Report variables that look like ours, and set nothing: they may be misspelt."""
    from persistence.cli import defaults

    known = [
        defaults.variable(option, command)
        for command, parser in _parsers()
        for option in defaults.known(parser)
    ]
    for name, value in sorted(os.environ.items()):
        if name.startswith(defaults.PREFIX) and value and name not in used:
            messages.note(f"{name} sets no option{did_you_mean(name, known)}")
