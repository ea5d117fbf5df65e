"""Cameras by name: the installed ones, and those that the caller gives.

A repository names its mapper; nothing is imported but what an installed package announces under
that name, as an entry point ``persistence.cameras``: a mapper's class, or the path of a camera's
YAML file. What the caller gives, or trusts, is imported as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from persistence.cameras import yaml_camera
from persistence.cameras.mapper import Mapper
from persistence.errors import NOT_HERE, CameraNotFound, argument, did_you_mean, told
from persistence.files import entry_points

GROUP = "persistence.cameras"


def announced() -> Mapping[str, str]:
    """Return the names of the installed cameras: Gen2's and short ones -> ``module:Class``."""
    return entry_points.announced(GROUP)


# What somebody gave to a Butler in this process, class or file, is known by name from then on.
_given: dict[str, type[Mapper]] = {}


def find(name: str, trust: Collection[str] = ()) -> type[Mapper]:
    """Find the camera that a repository names: by a name, or by the path of its YAML file.

    Parameters
    ----------
    name : `str`
        What the repository says.
    trust : collection of `str`
        Dotted names of mappers that may be imported, though nothing announces them; and files that
        may name code.

    Raises
    ------
    CameraNotFound
        If no installed package announces it, or there is no such file, or the file names code.
    """
    if name.endswith(yaml_camera.SUFFIX):
        found = yaml_camera.mapper_class(name)
        files = (path for path in (*_given, *trust) if path.endswith(yaml_camera.SUFFIX))
        if os.path.realpath(name) not in map(os.path.realpath, files):
            yaml_camera.refuse_code(name, trust)
        return found
    known = _given.get(name) or _announced(name) or _given_by_another_name(name)
    if known is None and name in trust:
        known = _imported(name)
    if known is None:
        hint = f", or trust it: {argument('trust', [name])}" if "." in name else ""
        raise CameraNotFound(f"{_unknown(name)}; install its package{hint}")
    return known


def camera(mapper: Any) -> type[Mapper]:
    """Return the class of a mapper that the caller gives: a class, a name, a file or an instance.

    A dotted name that no package announces is imported.

    Raises
    ------
    CameraNotFound
        If it is none of these, or cannot be imported.
    """
    if not isinstance(mapper, str):
        return _checked(mapper)
    if mapper.endswith(yaml_camera.SUFFIX):
        return yaml_camera.mapper_class(mapper)
    return _given.get(mapper) or _announced(mapper) or _imported(mapper)


def remember(mapper: Any) -> None:
    """Let repositories name, from now on, the camera that the caller gives; see `camera`."""
    cls = camera(mapper)
    _given.setdefault(gen2_name(cls), cls)
    if isinstance(mapper, str) and mapper not in announced():
        _given.setdefault(gen2_name(mapper), cls)


def names_of_given(classes: Iterable[type[Mapper]]) -> list[str]:
    """Return the names of those cameras that are known only because the caller gave them."""
    return [name for name, cls in _given.items() if cls in classes and name not in announced()]


def _announced(name: str) -> type[Mapper] | None:
    """Return the camera that an installed package announces; None if none does."""
    known = announced()
    if name not in known and "." not in name:  # LSSTCam, HSC, as their instruments are called
        name = next((one for one in known if one.lower() == name.lower()), name)
    if name not in known:
        return None
    rivals = entry_points.rivals(GROUP, name)
    if rivals:
        raise CameraNotFound(
            f"several packages announce a camera {name!r}: {'; '.join(rivals)}. Uninstall all but "
            f"one, or give {argument('mapper')} by another name"
        )
    found = entry_points.load(known[name])
    return yaml_camera.mapper_class(found) if isinstance(found, str) else _checked(found)


def _given_by_another_name(name: str) -> type[Mapper] | None:
    """Return a camera that the caller gave, if its package offers it by this name as well."""
    module, _, attribute = name.rpartition(".")
    found = vars(sys.modules.get(module, object)).get(attribute)
    return next((cls for cls in _given.values() if cls is found), None)


def _imported(name: str) -> type[Mapper]:
    """Import a mapper by its dotted name."""
    module, _, attribute = name.rpartition(".")
    if not module:
        raise CameraNotFound(_unknown(name))
    try:
        found = entry_points.load(f"{module}:{attribute}")
        # What stands for a name that is not here says so by its class: gen2types/absent.py.
        if getattr(type(found), "origin", None) == NOT_HERE:
            raise ModuleNotFoundError(f"{name} is {NOT_HERE}")
    except Exception as error:  # whatever a module does as it is imported
        raise CameraNotFound(f"{_unknown(name)}; it cannot be imported: {told(error)}") from error
    return _checked(found)


def _unknown(name: str) -> str:
    known = announced()
    # Each also has the names of Gen2's classes, which would fill a screen.
    short = sorted(one for one in known if "." not in one)
    return (
        f"no installed camera is called {name!r}{did_you_mean(name, known)} (known: "
        f"{', '.join(short) or 'none'}); describe it in a YAML file (doc/cameras.rst) and "
        f"give {argument('mapper', 'my_camera.yaml')}"
    )


def _checked(mapper: Any) -> type[Mapper]:
    cls: type[Any] = mapper if isinstance(mapper, type) else type(mapper)
    if not issubclass(cls, Mapper):
        raise CameraNotFound(
            f"{mapper!r} is no mapper: a camera's mapper is a subclass of CameraMapper or Mapper"
        )
    return cls


def dotted(name: str) -> str:
    """Return the name of a camera as Gen2 knows it, if a repository says a short one: ``decam``.

    A name whose camera is not installed, or is a file that Gen2 has no name for, stays as it is.
    """
    try:
        named = gen2_name(name) if "." not in name and name in announced() else name
    except CameraNotFound:  # who opens the repository is told
        return name
    return name if not named or named.endswith(yaml_camera.SUFFIX) else named


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
        path = cls.policyFile or ""
        # a package need not announce the name that Gen2 would have used
        packaged = [
            name
            for name, target in announced().items()
            if target.partition(":")[0].partition(".")[0] in path.split(os.sep)
        ]
        own = (name for name in (*cls.gen2_names, *packaged) if name in announced())
        return next((name for name in own if find(name) is cls), path)
    targets = (
        f"{cls.__module__}:{cls.__qualname__}",
        f"{cls.__module__.split('.')[0]}:{cls.__qualname__}",
    )
    names = [name for name, target in announced().items() if target in targets and "." in name]
    # Gen3 called cameras by other classes, which Gen2 does not know.
    mappers = [name for name in names if name.endswith(f".{cls.__qualname__}")] or names
    return min(mappers, key=len) if mappers else f"{cls.__module__}.{cls.__qualname__}"
