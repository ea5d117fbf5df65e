"""What installed packages announce as entry points, read without `importlib.metadata`.

That takes longer to import than all else that opening a repository does; so the files that it reads
(PyPA's entry points specification) are read here.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from persistence.errors import PersistenceError, told
from persistence.files import marks


@functools.cache
def announced(group: str) -> Mapping[str, str]:
    """Return the entry points of a group: name -> ``module`` or ``module:object``.

    Of two with one name, the first on Python's path is returned; `rivals` finds the others. What
    lies in a repository, or in the current directory, announces nothing. Nothing is imported.
    """
    return {name: next(iter(targets)) for name, targets in _targets(group).items()}


def rivals(group: str, name: str) -> list[str]:
    """Return what announces an entry point, if it is not one object that all of them announce.

    Returns
    -------
    rivals : `list` [`str`]
        The targets with the packages that announce them; empty if there is no doubt.
    """
    targets = _targets(group)[name]
    if len(targets) == 1 or len({id(load(target)) for target in targets}) == 1:
        return []
    return [f"{target} ({package})" for target, package in targets.items()]


@functools.cache
def _targets(group: str) -> Mapping[str, Mapping[str, str]]:
    """Return what each entry point of a group is, as: name -> target -> the package's directory."""
    targets: dict[str, dict[str, str]] = {}
    for directory in sys.path:
        try:
            names = [] if _is_data(directory) else sorted(os.listdir(directory))
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                package = os.path.join(directory, name)
                path = os.path.join(package, "entry_points.txt")
                for entry, target in _of_file(path, group).items():
                    targets.setdefault(entry, {}).setdefault(target, package)
    return targets


def _is_data(directory: str) -> bool:
    """Check whether a directory is the current one, or lies in a repository."""
    path = os.path.realpath(directory)
    return path == os.path.realpath(os.curdir) or marks.nearest(path) is not None


def load(target: str) -> Any:
    """Import what an entry point names: a module, or an object in it."""
    module, _, attributes = target.partition(":")
    return functools.reduce(
        getattr, filter(None, attributes.split(".")), importlib.import_module(module)
    )


def load_reader_and_writer(
    target: str, group: str | None, name: str, words: tuple[str, str], kind: type[PersistenceError]
) -> Any:
    """Import what has two functions, ``read`` and ``write``.

    Parameters
    ----------
    target : `str`
        What is imported.
    group : `str` or None
        Where packages announce it; None if it is our own.
    name : `str`
        What they call it there.
    words : `tuple` [`str`, `str`]
        For messages, what it is of, ``storage 'X'``, and the same as what several packages
        announce.
    kind : `type`
        The error that is raised.

    Raises
    ------
    PersistenceError
        Of that kind, if several announce it, or it cannot be imported, or lacks a function.
    """
    what, several = words
    try:
        others = [] if group is None else rivals(group, name)
        if others:
            raise kind(
                f"several packages announce {several}: {'; '.join(others)}. Uninstall all but one"
            )
        loaded = load(target)
    except PersistenceError:
        raise
    except Exception as error:  # another package's code
        raise kind(f"{what}: {target} cannot be imported: {told(error)}") from error
    missing = [verb for verb in ("read", "write") if not callable(getattr(loaded, verb, None))]
    if missing:
        raise kind(f"{what}: {target} has no function {missing[0]}")
    return loaded


def _of_file(path: str, group: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except OSError:
        return {}
    section, targets = "", {}
    if group in text:
        for line in text.splitlines():
            if line.startswith("["):
                section = line.strip(" []")
            elif section == group and "=" in line:
                name, target = line.split("=", 1)
                targets[name.strip()] = target.split("[", 1)[0].strip()
    return targets
