"""What can be typed next: one function for each kind of argument."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.cli.complete import outline
from persistence.errors import PolicyError
from persistence.files import user_config

# As they are typed; `persistence.pipe.logs` would cost more to import than there is time.
_LEVELS = ("trace", "debug", "verbose", "info", "warn", "error", "fatal")
_SHOWN = ("config", "config=", "data", "history=", "run", "tasks")


class Typed(NamedTuple):
    """The command line typed so far.

    Attributes
    ----------
    words : sequence of `str`
        The words before the one at the cursor; the first is the command.
    root : `str`
        The repository.
    mapper : `str` or None
        The camera, if it was typed.
    datasetType : `str`
        The dataset type of the data IDs.
    settings : sequence of `str`
        The names of ``-c``.
    trust : `tuple` [`str`]
        The trusted names.
    """

    words: Sequence[str]
    root: str
    mapper: str | None = None
    datasetType: str = "raw"
    settings: Sequence[str] = ()
    trust: tuple[str, ...] = ()

    def since_option(self) -> list[str]:
        """Return the words since the last option: the values that it already has."""
        last = max(
            (position for position, word in enumerate(self.words) if word.startswith("-")),
            default=len(self.words),
        )
        return list(self.words[last + 1 :])

    def outline(self) -> outline.Outline:
        """Return the outline of the repository."""
        return outline.of(self.root, self.mapper, self.trust)


def roots(typed: Typed, begin: str) -> Iterable[str]:
    """Return the names that the user has given to repositories, and directories."""
    above = os.path.dirname(begin)
    names = []
    with contextlib.suppress(PolicyError):  # whoever runs the command will be told
        names = [name for name in user_config.names() if name.startswith(begin)]
    with contextlib.suppress(OSError), os.scandir(os.path.expanduser(above) or ".") as entries:
        directories = sorted(entry.name for entry in entries if entry.is_dir())
        shown = [os.path.join(above, f"{name}/") for name in directories]
        names += [name for name in shown if name.startswith(begin) and not _is_hidden(name, begin)]
    return names


def _is_hidden(path: str, begin: str) -> bool:
    """Return whether a directory is shown only to those who begin its name with a dot."""
    name = os.path.basename(path.rstrip("/"))
    return name.startswith(".") and not os.path.basename(begin).startswith(".")


def dataset_types(typed: Typed, begin: str) -> Iterable[str]:
    """Return dataset types; their views, which are many, only if no type begins with the text."""
    known = typed.outline()
    longer = [name for name in known.types if name.startswith(begin) and name != begin]
    if longer:
        return [name for name in known.types if name.startswith(begin)]
    return [name for name in (*known.types, *known.views) if name.startswith(begin)]


def keys(typed: Typed, begin: str) -> Iterable[str]:
    """Return keys of the dataset type."""
    return [key for key in typed.outline().keys_of(typed.datasetType) if key not in typed.words]


def columns(typed: Typed, begin: str) -> Iterable[str]:
    """Return keys of the dataset type, for the last name in a comma-separated list."""
    before, comma, last = begin.rpartition(",")
    names = before.split(",")
    known = typed.outline().keys_of(typed.datasetType)
    return [f"{before}{comma}{key}" for key in known if key not in names and key.startswith(last)]


def data_ids(typed: Typed, begin: str) -> Iterable[str]:
    """Return keys, followed by ``=``.

    After a key, return its values that match the other keys in the same option.
    """
    known = typed.outline()
    key, equals, text = begin.partition("=")
    chosen = dict(_pair(word, known.aliases) for word in typed.since_option() if "=" in word)
    if equals:
        column = known.aliases.get(key, key)
        chosen.pop(column, None)
        values = _values(known, column, text, chosen, typed.datasetType)
        return (f"{key}={value}" for value in values)
    own = [key for key in known.keys_of(typed.datasetType) if key not in chosen]
    # Aliases, and keys of other types, only if nothing else matches.
    others = [*known.aliases, *(key for key in known.keys if key not in chosen)]
    fitting = [key for key in own if key.startswith(begin)] or [
        key for key in others if key.startswith(begin)
    ]
    return [f"{key}=" for key in fitting]


def _pair(word: str, aliases: Mapping[str, str]) -> tuple[str, str]:
    key, _, text = word.partition("=")
    return aliases.get(key, key), text


def _values(
    known: outline.Outline, key: str, text: str, chosen: Mapping[str, str], name: str
) -> Iterator[str]:
    """Return the alternatives of a value: those typed stay, and the last one is completed."""
    before, _, begin = text.rpartition("^")
    if ".." in begin:
        return
    path, template = known.registry(), known.template_of(name, key)
    if key in known.values:
        matches: Iterable[str] = known.values[key]
    elif template is not None:
        from persistence.cli.complete import names  # lazy: only values need directories

        matches = names.values(known.roots, template, key, chosen, begin)
    elif path is not None:
        from persistence.registry import tab  # lazy: only values need SQLite

        matches = tab.values(path, key, chosen, begin)
    else:
        matches = ()
    alternatives = before.split("^")
    stem = f"{before}^" if before else ""
    yield from (f"{stem}{value}" for value in matches if value not in alternatives)


def reruns(typed: Typed, begin: str) -> Iterable[str]:
    """Return the reruns of the repository, and directories that may contain more.

    ``IN:OUT`` are two reruns.
    """
    before, colon, name = begin.rpartition(":")
    above = os.path.dirname(name)
    with os.scandir(os.path.join(typed.root, "rerun", above)) as entries:
        folders = [
            (os.path.join(above, entry.name), entry.path) for entry in entries if entry.is_dir()
        ]
    shown = [folder if _is_repository(path) else f"{folder}/" for folder, path in folders]
    return [f"{before}{colon}{folder}" for folder in sorted(shown)]


def _is_repository(path: str) -> bool:
    return any(os.path.lexists(os.path.join(path, mark)) for mark in outline.MARKS)


def settings(typed: Typed, begin: str) -> Iterable[str]:
    """Return the names of ``-c`` down to the next dot, like directories.

    If there is only one, it is expanded further.
    """
    fitting = [name.split(".") for name in typed.settings if name.startswith(begin)]
    depth = begin.count(".") + 1
    while True:
        prefixes = {
            f"{'.'.join(name[:depth])}{'=' if len(name) <= depth else '.'}" for name in fitting
        }
        # A shell treats a single answer as complete, unless it ends with an equals sign.
        if len(prefixes) != 1 or min(prefixes).endswith("="):
            return sorted(prefixes)
        depth += 1


def levels(typed: Typed, begin: str) -> Iterable[str]:
    """Return the levels of a log; that of a component follows its name."""
    before, equals, _ = begin.rpartition("=")
    return [f"{before}{equals}{level}" for level in _LEVELS]


def shown(typed: Typed, begin: str) -> Iterable[str]:
    """Return the words of ``--show``."""
    return _SHOWN


Completer = Callable[[Typed, str], Iterable[str]]


def values_of(key: str) -> Completer:
    """Return the completer of the values of a fixed key."""
    return lambda typed, begin: _values(typed.outline(), key, begin, {}, typed.datasetType)


# By the name under which argparse keeps the value.
COMPLETERS: Mapping[str, Completer] = {
    "root": roots,
    "type": dataset_types,
    "keys": keys,
    "by": columns,
    "columns": columns,
    "order": columns,
    "given": dataset_types,
    "id": data_ids,
    "visit": values_of("visit"),
    "filter": values_of("filter"),
    "calib_type": dataset_types,
    "rerun": reruns,
    "config": settings,
    "loglevel": levels,
    "show": shown,
}


def of(action: Any) -> Completer | None:
    """Return the completer of an action of argparse; None for file names.

    The options for data IDs are recognised by Gen2's names: ``--id``, ``--selectId``,
    ``--templateId``.
    """
    name = str(action.dest)
    return data_ids if name.endswith("Id") and action.nargs == "*" else COMPLETERS.get(name)
