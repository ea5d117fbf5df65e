"""Cameras in one YAML file: the policy, and the rest of a camera package (doc/cameras.rst)."""

from __future__ import annotations

import copyreg
import functools
import os
from collections.abc import Collection, Iterator
from typing import Any, cast

from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import Argument, CameraNotFound, Message, PolicyError
from persistence.policy import load
from persistence.policy import refuse_code as foreign
from persistence.policy.dataset_type import words

SUFFIX = ".yaml"


class _Declared(type):
    """The metaclass of mapper classes that files define: they are pickled by the file's path."""


class FileMapper(CameraMapper, metaclass=_Declared):
    """The mapper of a camera in one file; `mapper_class` creates a subclass per file.

    Attributes
    ----------
    gen2_names : `tuple` [`str`]
        Dotted names of the camera in Gen2's repositories.
    """

    gen2_names: tuple[str, ...] = ()
    _packaged = False  # files beside it, perhaps in a repository, do not belong to the camera


def mapper_class(path: str) -> type[FileMapper]:
    """Return the mapper class of a camera's file: the same one on each call.

    Parameters
    ----------
    path : `str`
        The YAML file.

    Returns
    -------
    `type` [`FileMapper`]
        The class.

    Raises
    ------
    CameraNotFound
        If there is no such file.
    PolicyError
        If the file is invalid.
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
            raise PolicyError(f"{path}: mapper {name!r} is not a dotted name of a mapper in Gen2")
    stem = os.path.basename(path).removesuffix(SUFFIX)
    said: dict[str, Any] = {
        "policyFile": path,
        "ingestFile": path if "ingest" in settings else None,
        "ingestCalibsFile": path if "ingestCalibs" in settings else None,
        "packageName": settings.get("package", stem),
        "gen2_names": names,
        "__doc__": f"The camera that {path!r} describes.",  # a path may not be UTF-8
    }
    title = names[0].rsplit(".", 1)[-1] if names else f"{stem[:1].upper()}{stem[1:]}Mapper"
    made: Any = _Declared(title, (FileMapper, *_classes(policy, said)), said)
    if "layouts" in settings:
        _ = made().layouts  # refuse impossible layouts now
    return cast(type[FileMapper], made)


def _classes(policy: load.CameraPolicy, said: dict[str, Any]) -> Iterator[type[CameraMapper]]:
    """Yield the class that a camera's file builds on, if any: its hooks are inherited.

    From a class with its own ``__init__``, as Gen2's, which would create another camera, only the
    translator of headers is used.
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
    """Raise an error for a camera's file that names functions, if only a repository names it.

    Reading a repository runs no code from it; by naming the file themselves, users allow its code.

    Parameters
    ----------
    path : `str`
        The camera's file.
    trust : collection of `str`, optional
        Dotted names of functions that the caller allows.

    Raises
    ------
    CameraNotFound
        If the file names other functions.
    """
    loaded = mapper_class(path)().policy
    # Names in an installed camera came with its package.
    installed = (load.of_base(base) for base in loaded.bases if base.installed)
    allowed = {*trust, *(name for policy in installed for name, _ in _named(policy))}
    for name, source in _named(loaded):
        if name not in allowed:
            raise CameraNotFound(
                Message(
                    f"the camera's file {path} names code ({source}: {name}); a repository may not "
                    "contain code. If you trust it, pass ",
                    Argument("mapper", path),
                )
            )


def _named(policy: load.CameraPolicy) -> Iterator[tuple[str, str]]:
    """Yield the functions that a camera's file names, with their positions."""
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
