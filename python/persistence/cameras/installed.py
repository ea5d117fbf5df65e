"""Cameras by name: installed ones, and those passed by the caller.

A repository names its mapper; only a mapper that an installed package announces under that name is
imported, as an entry point ``persistence.cameras``: a mapper's class, or the path of a camera's
YAML file. Mappers that the caller passes, or trusts, are imported as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from persistence.cameras import yaml_camera
from persistence.cameras.mapper import Mapper
from persistence.errors import NOT_HERE, Argument, CameraNotFound, Message, did_you_mean, told
from persistence.files import entry_points

GROUP = "persistence.cameras"


def announced() -> Mapping[str, str]:
    """Return the names of the installed cameras: Gen2's and short ones -> ``module:Class``."""
    return entry_points.announced(GROUP)


# Classes and files passed to a Butler in this process, which are known by name from then on.
_given: dict[str, type[Mapper]] = {}


def find(name: str, trust: Collection[str] = ()) -> type[Mapper]:
    """Return the camera that a repository names: by a name, or by the path of its YAML file.

    Parameters
    ----------
    name : `str`
        The name in the repository.
    trust : collection of `str`, optional
        Dotted names of mappers that may be imported although no package announces them; and files
        that may name code.

    Returns
    -------
    `type` [`Mapper`]
        The class of the mapper.

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
        message = Message(_unknown(name), "; install its package")
        if "." in name:
            message = Message(message, ", or trust it: ", Argument("trust", (name,)))
        raise CameraNotFound(message)
    return known


def camera(mapper: Any) -> type[Mapper]:
    """Return the class of a mapper: the caller passes a class, a name, a file or an instance.

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
    """Register a camera that the caller passes, so that repositories can name it; see `camera`."""
    cls = camera(mapper)
    _given.setdefault(gen2_name(cls), cls)
    if isinstance(mapper, str) and mapper not in announced():
        _given.setdefault(gen2_name(mapper), cls)


def names_of_given(classes: Iterable[type[Mapper]]) -> list[str]:
    """Return the names of cameras that are only known because the caller passed them."""
    return [name for name, cls in _given.items() if cls in classes and name not in announced()]


def _announced(name: str) -> type[Mapper] | None:
    """Return the camera that an installed package announces; None without one."""
    known = announced()
    if name not in known and "." not in name:  # LSSTCam, HSC: the names of instruments
        name = next((one for one in known if one.lower() == name.lower()), name)
    if name not in known:
        return None
    rivals = entry_points.rivals(GROUP, name)
    if rivals:
        raise CameraNotFound(
            Message(
                f"several packages announce a camera {name!r}: {'; '.join(rivals)}. Uninstall all "
                "but one, or use another name for ",
                Argument("mapper"),
            )
        )
    found = entry_points.load(known[name])
    return yaml_camera.mapper_class(found) if isinstance(found, str) else _checked(found)


def _given_by_another_name(name: str) -> type[Mapper] | None:
    """Return a camera that the caller passed, if its package also has it under this name."""
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
        # The class of a placeholder for a missing name is known: gen2types/absent.py.
        if getattr(type(found), "origin", None) == NOT_HERE:
            raise ModuleNotFoundError(f"{name} is {NOT_HERE}")
    except Exception as error:  # any error of a module during its import
        raise CameraNotFound(
            Message(_unknown(name), f"; it cannot be imported: {told(error)}")
        ) from error
    return _checked(found)


def _unknown(name: str) -> Message:
    known = announced()
    # without the names of Gen2's classes, which each camera has, too
    short = sorted(camera for camera in known if "." not in camera)
    return Message(
        f"no installed camera has the name {name!r}{did_you_mean(name, known)} (known: "
        f"{', '.join(short) or 'none'}); describe it in a YAML file (doc/cameras.rst) and "
        "pass ",
        Argument("mapper", "my_camera.yaml"),
    )


def _checked(mapper: Any) -> type[Mapper]:
    cls: type[Any] = mapper if isinstance(mapper, type) else type(mapper)
    if not issubclass(cls, Mapper):
        raise CameraNotFound(
            f"{mapper!r} is not a mapper: a camera's mapper is a subclass of CameraMapper or Mapper"
        )
    return cls


def dotted(name: str) -> str:
    """Return Gen2's dotted name of a camera for a short one: ``decam``.

    Names of cameras that are not installed, or that are files without a Gen2 name, are kept.
    """
    try:
        named = gen2_name(name) if "." not in name and name in announced() else name
    except CameraNotFound:  # opening the repository raises the error
        return name
    return name if not named or named.endswith(yaml_camera.SUFFIX) else named


def gen2_name(mapper: Any) -> str:
    """Return the dotted name of a mapper as Gen2 would have written it.

    Its path if it is a file.
    """
    if isinstance(mapper, str):
        if mapper.endswith(yaml_camera.SUFFIX):
            return os.path.abspath(mapper)
        if "." in mapper or mapper not in announced():
            return mapper
        mapper = find(mapper)  # a short name, which Gen2 does not have
    cls = mapper if isinstance(mapper, type) else type(mapper)
    if issubclass(cls, yaml_camera.FileMapper):
        path = cls.policyFile or ""
        # packages may announce other names than Gen2's
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
    # Gen3 named cameras after other classes, which Gen2 does not have.
    mappers = [name for name in names if name.endswith(f".{cls.__qualname__}")] or names
    return min(mappers, key=len) if mappers else f"{cls.__module__}.{cls.__qualname__}"
