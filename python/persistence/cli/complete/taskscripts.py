"""The arguments of a task's script, stored so that TAB needs no slow import of the task."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from persistence.files import user_cache


def name() -> str:
    """Give the name under which the script that is run is kept."""
    return os.path.realpath(sys.argv[0])


def keep(parser: argparse.ArgumentParser, config: Any) -> Mapping[str, Any]:
    """Keep what a script takes.

    Parameters
    ----------
    parser : `persistence.pipe.cmdline.parser.ArgumentParser`
        Its parser.
    config : `lsst.pex.config.Config`
        A configuration of its task, of which the names are kept.

    Returns
    -------
    told : mapping
        What is kept: see `parser_of`.
    """
    arguments = [_described(parser, action) for action in parser._actions if action.dest != "help"]
    # Of a registry field, -c does not reach the entries that are not chosen.
    told = {"arguments": arguments, "settings": [one for one in config.names() if "[" not in one]}
    user_cache.keep(name(), dict.fromkeys(_files(parser, config)), told)
    return told


def parser_of(
    told: Mapping[str, Any], formatter: type[argparse.HelpFormatter]
) -> argparse.ArgumentParser:
    """Make a parser that takes what the script takes, and does nothing with it."""
    made = argparse.ArgumentParser(formatter_class=formatter)
    for one in told["arguments"]:
        flags = one["flags"]
        more: dict[str, Any] = {"help": one["help"]}
        if flags:
            more["dest"] = one["dest"]
        if one["nargs"] == 0:
            more["action"] = "store_true"
        else:
            more |= {"nargs": one["nargs"], "choices": one["choices"]}
        action: Any = made.add_argument(*(flags or [one["dest"]]), **more)
        action.datasetType = one["datasetType"]
    return made


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
    yield os.path.abspath(__file__)  # another version may tell more
    packages = {type(one).__module__.partition(".")[0] for one in (parser, *_parts(config))}
    for module, loaded in list(sys.modules.items()):
        path = getattr(loaded, "__file__", None)
        if path is not None and module.partition(".")[0] in packages:
            yield path


def _parts(config: Any) -> Iterator[Any]:
    """Give a configuration, or a mapping of several, and those in it."""
    yield config
    for value in config.values():
        below = getattr(value, "value", value)  # of a field that can be retargeted
        if isinstance(below, Mapping) or hasattr(below, "_fields"):
            yield from _parts(below)
