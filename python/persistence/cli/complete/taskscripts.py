"""The arguments of a task's script, stored so that TAB needs no slow import of the task."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from persistence.files import user_cache


def name() -> str:
    """Return the name under which the running script's arguments are stored."""
    return os.path.realpath(sys.argv[0])


def keep(parser: argparse.ArgumentParser, config: Any) -> Mapping[str, Any]:
    """Store the arguments of a script.

    Parameters
    ----------
    parser : `persistence.pipe.cmdline.parser.ArgumentParser`
        Its parser.
    config : `lsst.pex.config.Config`
        A configuration of its task, whose names are stored.

    Returns
    -------
    told : mapping
        The stored data: see `parser_of`.
    """
    arguments = [_described(parser, action) for action in parser._actions if action.dest != "help"]
    # Of a registry field, -c does not reach the entries that are not chosen.
    stored = {
        "arguments": arguments,
        "settings": [name_ for name_ in config.names() if "[" not in name_],
    }
    user_cache.keep(name(), dict.fromkeys(_files(parser, config)), stored)
    return stored


def parser_of(
    stored: Mapping[str, Any], formatter: type[argparse.HelpFormatter]
) -> argparse.ArgumentParser:
    """Return a parser with the script's arguments that does nothing with them."""
    parser = argparse.ArgumentParser(formatter_class=formatter)
    for argument in stored["arguments"]:
        flags = argument["flags"]
        more: dict[str, Any] = {"help": argument["help"]}
        if flags:
            more["dest"] = argument["dest"]
        if argument["nargs"] == 0:
            more["action"] = "store_true"
        else:
            more |= {"nargs": argument["nargs"], "choices": argument["choices"]}
        action: Any = parser.add_argument(*(flags or [argument["dest"]]), **more)
        action.datasetType = argument["datasetType"]
    return parser


def _described(parser: Any, action: argparse.Action) -> dict[str, Any]:
    chooses_data = parser._dataIdArgDict.get(action.dest)
    datasetType = None if chooses_data is None else chooses_data.datasetType
    return {
        "flags": list(action.option_strings),
        "dest": action.dest,
        "nargs": action.nargs,
        "choices": None if action.choices is None else list(map(str, action.choices)),
        "help": action.help,
        "datasetType": datasetType if isinstance(datasetType, str) else None,
    }


def _files(parser: argparse.ArgumentParser, config: Any) -> Iterator[str]:
    """Return the script, and the modules that its parser and configuration come from."""
    yield name()
    yield os.path.abspath(__file__)  # another version may store more
    packages = {type(part).__module__.partition(".")[0] for part in (parser, *_parts(config))}
    for module, loaded in list(sys.modules.items()):
        path = getattr(loaded, "__file__", None)
        if path is not None and module.partition(".")[0] in packages:
            yield path


def _parts(config: Any) -> Iterator[Any]:
    """Yield a configuration, or a mapping of several, and the nested ones."""
    yield config
    for value in config.values():
        below = getattr(value, "value", value)  # of a field that can be retargeted
        if isinstance(below, Mapping) or hasattr(below, "_fields"):
            yield from _parts(below)
