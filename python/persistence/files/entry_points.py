"""Entry points of installed packages, read without `importlib.metadata`.

`importlib.metadata` takes longer to import than everything else that opening a repository does, so
the files of PyPA's entry points specification are read here.
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

    If several have the same name, the first on Python's path counts; `rivals` returns the others.
    Packages in a repository or in the current directory are ignored. Nothing is imported.
    """
    return {name: next(iter(targets)) for name, targets in _targets(group).items()}


def rivals(group: str, name: str) -> list[str]:
    """Return the conflicting targets of an entry point.

    Parameters
    ----------
    group, name : `str`
        The entry point.

    Returns
    -------
    rivals : `list` [`str`]
        The targets with the packages that announce them; empty if all of them are the same object.
    """
    targets = _targets(group)[name]
    if len(targets) == 1 or len({id(load(target)) for target in targets}) == 1:
        return []
    return [f"{target} ({package})" for target, package in targets.items()]


@functools.cache
def _targets(group: str) -> Mapping[str, Mapping[str, str]]:
    """Return the entry points of a group: name -> target -> the package's directory."""
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
    """Return whether a directory is the current one, or inside a repository."""
    path = os.path.realpath(directory)
    return path == os.path.realpath(os.curdir) or marks.nearest(path) is not None


def load(target: str) -> Any:
    """Import the target of an entry point: a module, or an object in it."""
    module, _, attributes = target.partition(":")
    return functools.reduce(
        getattr, filter(None, attributes.split(".")), importlib.import_module(module)
    )


def load_reader_and_writer(
    target: str, group: str | None, name: str, words: tuple[str, str], kind: type[PersistenceError]
) -> Any:
    """Import a module or object that has the functions ``read`` and ``write``.

    Parameters
    ----------
    target : `str`
        The target to import.
    group : `str` or `None`
        The group of entry points that announces it; None if it is our own.
    name : `str`
        Its name in the group.
    words : `tuple` [`str`, `str`]
        For messages: the thing it belongs to, ``storage 'X'``, and the same as announced by several
        packages.
    kind : `type` [`PersistenceError`]
        The class of the error to raise.

    Raises
    ------
    PersistenceError
        Of that class, if several packages announce it, or it cannot be imported or lacks a
        function.
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
