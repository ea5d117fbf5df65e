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
