"""Cameras that are one YAML file.

The policy, with what a camera package says besides (doc/cameras.rst).
"""

from __future__ import annotations

import copyreg
import functools
import os
from collections.abc import Collection, Iterator
from typing import Any, cast

from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import CameraNotFound, PolicyError, argument
from persistence.policy import load
from persistence.policy import refuse_code as foreign
from persistence.policy.dataset_type import words

SUFFIX = ".yaml"


class _Declared(type):
    """The class of mapper classes that a file defines: they are pickled by the file's path."""


class FileMapper(CameraMapper, metaclass=_Declared):
    """The mapper of a camera that is one file.

    Its subclasses, one for each file, are made by `mapper_class`.

    Attributes
    ----------
    gen2_names : `tuple` [`str`]
        Dotted names by which Gen2's repositories call the camera.
    """

    gen2_names: tuple[str, ...] = ()
    _packaged = False  # what lies beside the file, perhaps in a repository, is none of the camera's


def mapper_class(path: str) -> type[FileMapper]:
    """Make the mapper class of a camera's file: the same one each time.

    Parameters
    ----------
    path : `str`
        The YAML file.

    Raises
    ------
    CameraNotFound
        If there is no such file.
    PolicyError
        If the file says something that cannot be meant.
    """
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        raise CameraNotFound(f"there is no camera's file {path}")
    return _made(path)


@functools.cache
def _made(path: str) -> type[FileMapper]:
    policy = load.load(path)
    settings = policy.settings
    names = words(settings.get("mapper"))
    for name in names:
        if "." not in name:
            raise PolicyError(
                f"{path}: mapper {name!r} is no dotted name, as Gen2 called the camera's mapper"
            )
    stem = os.path.basename(path).removesuffix(SUFFIX)
    said: dict[str, Any] = {
        "policyFile": path,
        "ingestFile": path if "ingest" in settings else None,
        "ingestCalibsFile": path if "ingestCalibs" in settings else None,
        "packageName": settings.get("package", stem),
        "gen2_names": names,
        "__doc__": f"The camera that {path!r} describes.",  # a path need not be UTF-8
    }
    title = names[0].rsplit(".", 1)[-1] if names else f"{stem[:1].upper()}{stem[1:]}Mapper"
    made: Any = _Declared(title, (FileMapper, *_classes(policy, said)), said)
    if "layouts" in settings:
        _ = made().layouts  # what no raw file can be is refused now
    return cast(type[FileMapper], made)


def _classes(policy: load.CameraPolicy, said: dict[str, Any]) -> Iterator[type[CameraMapper]]:
    """Yield the class that a camera's file builds on, if one does: its hooks are the camera's, too.

    One that makes itself in a way of its own, as Gen2's did, would make another camera: of it only
    that is taken which knows the headers.
    """
    base = next((base.camera for base in policy.bases if base.camera is not None), None)
    if base is None:
        return
    if base.__init__ is CameraMapper.__init__:
        yield base
    else:
        said["translatorClass"] = getattr(base, "translatorClass", None)


def _reduce(cls: type[FileMapper]) -> Any:
    return (mapper_class, (cls.policyFile,)) if cls.policyFile else cls.__qualname__


copyreg.pickle(_Declared, _reduce)  # type: ignore[arg-type]  # a metaclass's instances are classes


def refuse_code(path: str, trust: Collection[str] = ()) -> None:
    """Refuse a camera's file that names functions, if only the repository itself names the file.

    Reading a repository runs nothing that comes with it; who knows the file says so by naming it.

    Parameters
    ----------
    path : `str`
        The camera's file.
    trust : collection of `str`
        Dotted names of functions that the caller allows.

    Raises
    ------
    CameraNotFound
        If the file names any.
    """
    loaded = mapper_class(path)().policy
    # What a camera names that is installed came with its package.
    installed = (load.of_base(base) for base in loaded.bases if base.installed)
    allowed = {*trust, *(name for policy in installed for name, _ in _named(policy))}
    for name, source in _named(loaded):
        if name not in allowed:
            raise CameraNotFound(
                f"the camera's file {path} names code ({source}: {name}); a repository may not "
                f"bring code with it. If you trust it, give {argument('mapper', path)}"
            )


def _named(policy: load.CameraPolicy) -> Iterator[tuple[str, str]]:
    """Yield the functions that a camera's file names, and where."""
    yield from foreign.code(policy)
    for key, way in policy.settings.get("shown", {}).items():
        if "format" in way:
            yield way["format"], policy.where("shown", key)
    for section in (("ingest",), ("ingestCalibs",), ("ingestCalibs", "curated")):
        said: Any = policy.settings
        for key in (*section, "parse", "translators"):
            said = said.get(key, {})
        for name, function in said.items():
            if isinstance(function, str) and "." in function:
                yield function, policy.where(*section, "parse", "translators", name)
