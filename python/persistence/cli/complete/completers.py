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
    """What is typed already.

    Attributes
    ----------
    words : sequence of `str`
        The words before the one at the cursor; the first is the command.
    root : `str`
        The repository.
    mapper : `str` or None
        The camera, if it is given.
    datasetType : `str`
        What data IDs are of.
    settings : sequence of `str`
        The names that ``-c`` knows.
    trust : `tuple` [`str`]
        What is trusted.
    """

    words: Sequence[str]
    root: str
    mapper: str | None = None
    datasetType: str = "raw"
    settings: Sequence[str] = ()
    trust: tuple[str, ...] = ()

    def since_option(self) -> list[str]:
        """Give the words since the last option: the values that it has already."""
        last = max(
            (place for place, word in enumerate(self.words) if word.startswith("-")),
            default=len(self.words),
        )
        return list(self.words[last + 1 :])

    def outline(self) -> outline.Outline:
        """Give what is known of the repository."""
        return outline.of(self.root, self.mapper, self.trust)


def roots(typed: Typed, begin: str) -> Iterable[str]:
    """Return the names that the user has given to repositories, and directories."""
    above = os.path.dirname(begin)
    found = []
    with contextlib.suppress(PolicyError):  # whoever runs the command will be told
        found = [name for name in user_config.names() if name.startswith(begin)]
    with contextlib.suppress(OSError), os.scandir(os.path.expanduser(above) or ".") as entries:
        directories = sorted(entry.name for entry in entries if entry.is_dir())
        shown = [os.path.join(above, f"{name}/") for name in directories]
        found += [name for name in shown if name.startswith(begin) and not _is_hidden(name, begin)]
    return found


def _is_hidden(path: str, begin: str) -> bool:
    """Return whether a directory is shown only to those who begin its name with a dot."""
    name = os.path.basename(path.rstrip("/"))
    return name.startswith(".") and not os.path.basename(begin).startswith(".")


def dataset_types(typed: Typed, begin: str) -> Iterable[str]:
    """Give dataset types.

    Their views, which are many, only if what is typed is no beginning of a type.
    """
    known = typed.outline()
    longer = [name for name in known.types if name.startswith(begin) and name != begin]
    if longer:
        return [name for name in known.types if name.startswith(begin)]
    return [name for name in (*known.types, *known.views) if name.startswith(begin)]


def keys(typed: Typed, begin: str) -> Iterable[str]:
    """Give keys of the dataset type."""
    return [key for key in typed.outline().keys_of(typed.datasetType) if key not in typed.words]


def columns(typed: Typed, begin: str) -> Iterable[str]:
    """Give keys of the dataset type, for the last of several that commas part."""
    before, comma, last = begin.rpartition(",")
    there = before.split(",")
    known = typed.outline().keys_of(typed.datasetType)
    return [f"{before}{comma}{key}" for key in known if key not in there and key.startswith(last)]


def data_ids(typed: Typed, begin: str) -> Iterable[str]:
    """Give keys, with an ``=``.

    Behind one, its values that go with those typed before it in the same option.
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
    # Other names, and the keys of other types, for who asks for them.
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
    """Give the alternatives of a value.

    What is typed of them stays as it is, and the last is completed.
    """
    before, _, begin = text.rpartition("^")
    if ".." in begin:
        return
    path, template = known.registry(), known.template_of(name, key)
    if key in known.values:
        found: Iterable[str] = known.values[key]
    elif template is not None:
        from persistence.cli.complete import names  # only who asks for values reads directories

        found = names.values(known.roots, template, key, chosen, begin)
    elif path is not None:
        from persistence.registry import tab  # only who asks for values needs SQLite

        found = tab.values(path, key, chosen, begin)
    else:
        found = ()
    there = before.split("^")
    stem = f"{before}^" if before else ""
    yield from (f"{stem}{value}" for value in found if value not in there)


def reruns(typed: Typed, begin: str) -> Iterable[str]:
    """Give the reruns of the repository, and the directories that may hold more.

    ``IN:OUT`` is two of them.
    """
    before, colon, name = begin.rpartition(":")
    above = os.path.dirname(name)
    with os.scandir(os.path.join(typed.root, "rerun", above)) as entries:
        found = [
            (os.path.join(above, entry.name), entry.path) for entry in entries if entry.is_dir()
        ]
    shown = [one if _is_repository(path) else f"{one}/" for one, path in found]
    return [f"{before}{colon}{one}" for one in sorted(shown)]


def _is_repository(path: str) -> bool:
    return any(os.path.lexists(os.path.join(path, mark)) for mark in outline.MARKS)


def settings(typed: Typed, begin: str) -> Iterable[str]:
    """Give the names that ``-c`` knows: down to the next dot, as one goes down directories.

    Further, if it is one.
    """
    fitting = [name.split(".") for name in typed.settings if name.startswith(begin)]
    depth = begin.count(".") + 1
    while True:
        found = {
            f"{'.'.join(name[:depth])}{'=' if len(name) <= depth else '.'}" for name in fitting
        }
        # A shell takes a single answer for a whole one, but for what follows an equals sign.
        if len(found) != 1 or min(found).endswith("="):
            return sorted(found)
        depth += 1


def levels(typed: Typed, begin: str) -> Iterable[str]:
    """Give the levels of a log; that of a component stands behind its name."""
    before, equals, _ = begin.rpartition("=")
    return [f"{before}{equals}{level}" for level in _LEVELS]


def shown(typed: Typed, begin: str) -> Iterable[str]:
    """Give the words of ``--show``."""
    return _SHOWN


Completer = Callable[[Typed, str], Iterable[str]]


def values_of(key: str) -> Completer:
    """Give what completes the values of a key that is not typed."""
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
    """Give the completer of an action of argparse; None if files are as good as anything.

    The options for data IDs are those called so, by Gen2's habit: ``--id``, ``--selectId``,
    ``--templateId``.
    """
    name = str(action.dest)
    return data_ids if name.endswith("Id") and action.nargs == "*" else COMPLETERS.get(name)
