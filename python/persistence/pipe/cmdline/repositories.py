"""The repositories of a command.

Found, looked into before anything is changed, and opened (gen2-cli 3.1, 3.3).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any

from persistence.butler import repository_cfg
from persistence.butler.butler import Butler
from persistence.cameras.camera_mapper import CameraMapper
from persistence.cameras.mapper import Mapper
from persistence.cli import cameras, places
from persistence.errors import PersistenceError, UsageError, did_you_mean
from persistence.files import user_config


def found(given: str) -> str:
    """Find the input repository.

    Raises
    ------
    UsageError
        If there is no such directory.
    """
    if not given:
        raise UsageError("the input is empty: is a variable of the shell not set?")
    path = places.resolved(given).input
    if not os.path.isdir(path):
        variable = (
            f" (below {places.INPUT}={os.environ[places.INPUT]})"
            if os.environ.get(places.INPUT)
            else ""
        )
        hint = did_you_mean(
            os.path.basename(path), places.beside(path), f"{os.path.dirname(path)}/"
        )
        hint = hint or did_you_mean(given, user_config.names())
        raise UsageError(f"the input {path} is no directory{variable}{hint}")
    return path


def mapper_of(path: str, mapper: str | None = None, trust: tuple[str, ...] = ()) -> type[Mapper]:
    """Find the mapper of the input repository: the one that is typed, or that which it names.

    Raises
    ------
    UsageError
        If it names none, or one that is not installed.
    """
    try:
        found = cameras.of_repository(path, mapper, trust)
    except PersistenceError as error:
        raise UsageError(str(error)) from error
    if found is None:
        raise UsageError(
            f"the input {path} is no repository: it names no mapper in a {repository_cfg.FILE} or "
            "a _mapper; write the camera's into it (echo lsst.obs.decam.DecamMapper > "
            f"{path}/_mapper), or give --mapper NAME"
        )
    return found


def tell_camera(namespace: argparse.Namespace, mapper: type[Mapper]) -> None:
    """Note the names of the camera and of its package."""
    namespace.camera = (
        mapper.getCameraName() if issubclass(mapper, CameraMapper) else mapper.__name__
    )
    namespace.obsPkg = mapper.packageName


def looked_into(namespace: argparse.Namespace) -> Butler:
    """Open what is read, and an output that is there and stays, without changing anything.

    Raises
    ------
    UsageError
        If one of them cannot be opened.
    """
    stays = namespace.output is not None and not namespace.clobberOutput
    try:
        there = (
            [namespace.output]
            if stays and repository_cfg.read(namespace.output) is not None
            else []
        )
        inputs = [_args(namespace, path) for path in (*there, *_read(namespace))]
        return Butler(inputs=inputs, trust=cameras.given(namespace)["trust"])
    except PersistenceError as error:
        raise UsageError(str(error)) from error


def opened(namespace: argparse.Namespace, objects: str = "astropy") -> Butler:
    """Open what is read and written; an output that is new is set up.

    Without one, the input is written to.

    Raises
    ------
    UsageError
        If they cannot be opened so: the output may have been set up with another calibration root.
    """
    how = {"durable": not namespace.noDurable, "force": namespace.force, "types": objects}
    given = cameras.given(namespace)
    try:
        if namespace.output is None:
            return Butler(namespace.input, **given, **how, **_told(namespace))
        outputs = {**_args(namespace, namespace.output), "mode": "rw"}
        inputs = [_args(namespace, path) for path in _read(namespace)]
        return Butler(inputs=inputs, outputs=outputs, trust=given["trust"], **how)
    except PersistenceError as error:
        raise UsageError(str(error)) from error


def _read(namespace: argparse.Namespace) -> list[str]:
    """Return the repositories that are read: the input, and what a task adds.

    Raises
    ------
    UsageError
        If the one that is added is no directory.
    """
    return [namespace.input, *(_beside(namespace, *given) for given in namespace.alsoRead)]


def _beside(namespace: argparse.Namespace, option: str, path: str) -> str:
    # Gen2's tutorial has templates in the directory of the input.
    for place in (path, os.path.join(namespace.input, path)):
        if os.path.isdir(place):
            return os.path.abspath(place)
    raise UsageError(f"{option} {path} is no directory, neither here nor in {namespace.input}")


def _args(namespace: argparse.Namespace, root: str) -> dict[str, Any]:
    return {"root": root, "mapper": namespace.mapper, "mapperArgs": _told(namespace) or None}


def _told(namespace: argparse.Namespace) -> Mapping[str, Any]:
    """Give what each mapper is told."""
    return {} if namespace.calib is None else {"calibRoot": namespace.calib}
