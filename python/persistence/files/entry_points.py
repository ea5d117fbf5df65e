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


@functools.cache
def announced(group: str) -> Mapping[str, str]:
    """Return the entry points of a group: name -> ``module`` or ``module:object``.

    Of two with one name, the first on Python's path counts. Nothing is imported.
    """
    targets: dict[str, str] = {}
    for directory in sys.path:
        try:
            names = os.listdir(directory or ".")
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                path = os.path.join(directory, name, "entry_points.txt")
                targets = _of_file(path, group) | targets
    return targets


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
