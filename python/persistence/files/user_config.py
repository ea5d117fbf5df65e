"""A user's own configuration file: names of repositories, and defaults of options.

It is ``persistence/config.yaml`` in ``XDG_CONFIG_HOME``, by default ``~/.config``, or the file that
``PERSISTENCE_CONFIG`` names (none, if that is empty)::

    repositories:
      hsc-pdr2: /data/hsc/pdr2
      night: ~/decam/repo/rerun/night
    options:
      format: csv            # of all commands
      find: {limit: 100}     # of one

A Butler reads it only for a relative path that is not there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from persistence.errors import PolicyError, did_you_mean
from persistence.files import user_cache

VARIABLE = "PERSISTENCE_CONFIG"
_SECTIONS = ("repositories", "options")


class Entry(NamedTuple):
    """A value of the file.

    Attributes
    ----------
    value : `str`, `int`, `float`, `bool` or `list`
        The value.
    where : `str`
        The file and the line.
    """

    value: object
    where: str


class UserConfig(NamedTuple):
    """The contents of a user's configuration file.

    Attributes
    ----------
    path : `str` or None
        The file, which need not be there; None if ``PERSISTENCE_CONFIG`` is empty.
    repositories : mapping
        The absolute path of each name.
    options : mapping
        The defaults of options of all commands.
    commands : mapping
        The defaults of options of a single command, by its name.
    """

    path: str | None
    repositories: Mapping[str, Entry] = {}
    options: Mapping[str, Entry] = {}
    commands: Mapping[str, Mapping[str, Entry]] = {}


def path() -> str | None:
    """Return the path of the file, which need not be there; None if there is to be none."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return os.path.abspath(os.path.expanduser(named)) if named else None
    home = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(home):  # such a one is to be ignored (XDG Base Directory Specification)
        home = os.path.expanduser("~/.config")
    return os.path.join(home, "persistence", "config.yaml")


def read() -> UserConfig:
    """Read the file.

    Raises
    ------
    PolicyError
        If it says something that cannot be meant, with file and line; or if ``PERSISTENCE_CONFIG``
        names a file that is not there.
    """
    place = path()
    if place is None or not os.path.exists(place):
        if os.environ.get(VARIABLE):
            raise PolicyError(f"{place}: there is no such file; {VARIABLE} names it")
        return UserConfig(place)
    from persistence.files import yaml_nodes  # lazy: most users have no such file

    top = yaml_nodes.items(yaml_nodes.compose(place))
    for name, node in top.items():
        if name not in _SECTIONS:
            raise PolicyError(
                f"{yaml_nodes.where(node)}: there is no section {name!r}"
                f"{did_you_mean(name, _SECTIONS)} (known: {', '.join(_SECTIONS)})"
            )
    options: dict[str, Entry] = {}
    commands: dict[str, Mapping[str, Entry]] = {}
    for name, node in yaml_nodes.items(top.get("options")).items():
        if yaml_nodes.is_mapping(node):
            inner = yaml_nodes.items(node).items()
            commands[name] = {
                option: Entry(yaml_nodes.plain(value), yaml_nodes.where(value))
                for option, value in inner
            }
        else:
            options[name] = Entry(yaml_nodes.plain(node), yaml_nodes.where(node))
    repositories = {
        name: Entry(yaml_nodes.plain(node), yaml_nodes.where(node))
        for name, node in yaml_nodes.items(top.get("repositories")).items()
    }
    return UserConfig(place, dict(_checked(repositories)), options, commands)


def _checked(repositories: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
    """Yield names and paths of repositories: names that are no paths, paths that are absolute."""
    for name, (value, where) in repositories.items():
        if not name or os.sep in name or name.startswith((".", "-", "~")) or name.endswith(".yaml"):
            raise PolicyError(
                f"{where}: {name!r} cannot name a repository: a name has no '/', begins with none "
                "of '.', '-' and '~', and does not end in '.yaml'"
            )
        if not isinstance(value, str):
            raise PolicyError(f"{where}: {name}: write the path of a repository, not {value!r}")
        place = os.path.expanduser(value)
        if not os.path.isabs(place):
            raise PolicyError(
                f"{where}: {name}: {value!r} is relative: write a whole path, or begin it with '~/'"
            )
        yield name, Entry(place, where)


def repository(given: str) -> str:
    """Return the path that is meant by what a user gives as a repository.

    What is there, as seen from the current directory, is meant itself. Otherwise the first part of
    a relative path may be a name: ``hsc-pdr2``, ``hsc-pdr2/rerun/me``.

    Parameters
    ----------
    given : `str`
        A path, or a name.

    Returns
    -------
    path : `str`
        What was given, if it is no name of the file.

    Raises
    ------
    PolicyError
        If it is not there, and the file says something that cannot be meant.
    """
    name, separator, rest = given.partition(os.sep)
    if not name or name in (os.curdir, os.pardir) or os.path.lexists(name):
        return given
    place = names().get(name)
    return given if place is None else f"{place}{separator}{rest}"


def names() -> Mapping[str, str]:
    """Return the names of repositories, with their paths; fast, for the file is parsed once.

    Raises
    ------
    PolicyError
        As `read` does.
    """
    place = path()
    if place is None or not os.path.exists(place):
        return {name: str(entry.value) for name, entry in read().repositories.items()}
    kept_as = f"repositories {place} {os.path.expanduser('~')}"
    kept = user_cache.recall(kept_as)
    if kept is None:
        kept = {name: str(entry.value) for name, entry in read().repositories.items()}
        user_cache.keep(kept_as, [place], kept)
    return kept
