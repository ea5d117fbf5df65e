"""The installed cameras, by the names of their entry points ``persistence.cameras``.

A repository names its mapper; nothing is imported but what an installed package announces under
that name. What is announced is a mapper's class, or the path of a camera's YAML file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from persistence.cameras import yaml_camera
from persistence.cameras.mapper import Mapper
from persistence.errors import CameraNotFound, did_you_mean
from persistence.files import entry_points

GROUP = "persistence.cameras"


def announced() -> Mapping[str, str]:
    """Return the names of the installed cameras: Gen2's and short ones -> ``module:Class``."""
    return entry_points.announced(GROUP)


# Classes that somebody gave to a Butler in this process: they are known by name from then on.
_given: dict[str, type[Mapper]] = {}


def find(name: str) -> type[Mapper]:
    """Find the mapper of a camera by any of its names, or by the path of its YAML file.

    Raises
    ------
    CameraNotFound
        If no installed package announces it, or there is no such file.
    """
    if name in _given:
        return _given[name]
    if name.endswith(yaml_camera.SUFFIX):
        return yaml_camera.mapper_class(name)
    known = announced()
    if name not in known:
        hint = did_you_mean(name, known)
        raise CameraNotFound(
            f"no installed camera is called {name!r}{hint} (known: "
            f"{', '.join(sorted(known)) or 'none'}); "
            "install its package, or describe the camera in a YAML file (doc/cameras.rst) and give "
            "mapper='my_camera.yaml'"
        )
    rivals = entry_points.rivals(GROUP, name)
    if rivals:
        raise CameraNotFound(
            f"several packages announce a camera {name!r}: {'; '.join(rivals)}. Uninstall all but "
            "one, or give mapper= the class that you mean"
        )
    found = entry_points.load(known[name])
    return yaml_camera.mapper_class(found) if isinstance(found, str) else _checked(found)


def camera(mapper: Any) -> type[Mapper]:
    """Return the class of a mapper given as a class, a name, a file or an instance."""
    if isinstance(mapper, str):
        return find(mapper)
    cls = _checked(mapper)
    _given.setdefault(gen2_name(cls), cls)
    return cls


def _checked(mapper: Any) -> type[Mapper]:
    cls: type[Any] = mapper if isinstance(mapper, type) else type(mapper)
    if not issubclass(cls, Mapper):
        raise CameraNotFound(
            f"{mapper!r} is no mapper: a camera's mapper is a subclass of CameraMapper or Mapper"
        )
    return cls


def gen2_name(mapper: Any) -> str:
    """Give the dotted name of a mapper, as Gen2 would have written it.

    The path of one that is only a file.
    """
    if isinstance(mapper, str):
        if mapper.endswith(yaml_camera.SUFFIX):
            return os.path.abspath(mapper)
        if "." in mapper or mapper not in announced():
            return mapper
        mapper = find(mapper)  # by a short name, which Gen2 does not know
    cls = mapper if isinstance(mapper, type) else type(mapper)
    if issubclass(cls, yaml_camera.FileMapper):
        own = (name for name in cls.gen2_names if name in announced() and find(name) is cls)
        return next(own, cls.policyFile or "")
    targets = (
        f"{cls.__module__}:{cls.__qualname__}",
        f"{cls.__module__.split('.')[0]}:{cls.__qualname__}",
    )
    names = [name for name, target in announced().items() if target in targets and "." in name]
    return min(names, key=len) if names else f"{cls.__module__}.{cls.__qualname__}"
