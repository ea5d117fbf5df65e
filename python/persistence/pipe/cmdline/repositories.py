"""Find the repositories of a command, check them before anything is changed, and open them.

Source: doc/gen2/gen2-cli.md, 3.1, 3.3.
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


def found(name: str) -> str:
    """Return the path of the input repository.

    Raises
    ------
    UsageError
        If there is no such directory.
    """
    if not name:
        raise UsageError("the input is empty: is a variable of the shell not set?")
    path = places.resolved(name).input
    if not os.path.isdir(path):
        variable = (
            f" (below {places.INPUT}={os.environ[places.INPUT]})"
            if os.environ.get(places.INPUT)
            else ""
        )
        hint = did_you_mean(
            os.path.basename(path), places.beside(path), f"{os.path.dirname(path)}/"
        )
        hint = hint or did_you_mean(name, user_config.names())
        raise UsageError(f"the input {path} is not a directory{variable}{hint}")
    return path


def mapper_of(path: str, mapper: str | None = None, trust: tuple[str, ...] = ()) -> type[Mapper]:
    """Return the mapper of the input repository: that of the command line, or that in its files.

    Raises
    ------
    UsageError
        If it names none, or one that is not installed.
    """
    try:
        mapper_class = cameras.of_repository(path, mapper, trust)
    except PersistenceError as error:
        raise UsageError(str(error)) from error
    if mapper_class is None:
        raise UsageError(
            f"the input {path} is not a repository: it names no mapper in a "
            f"{repository_cfg.FILE} or "
            "a _mapper; write the camera's into it (echo lsst.obs.decam.DecamMapper > "
            f"{path}/_mapper), or pass --mapper NAME"
        )
    return mapper_class


def tell_camera(namespace: argparse.Namespace, mapper: type[Mapper]) -> None:
    """Store the names of the camera and of its package."""
    namespace.camera = (
        mapper.getCameraName() if issubclass(mapper, CameraMapper) else mapper.__name__
    )
    namespace.obsPkg = mapper.packageName


def looked_into(namespace: argparse.Namespace) -> Butler:
    """Open the inputs, and an existing output that is kept, without changing anything.

    Raises
    ------
    UsageError
        If one of them cannot be opened.
    """
    stays = namespace.output is not None and not namespace.clobberOutput
    try:
        present = (
            [namespace.output]
            if stays and repository_cfg.read(namespace.output) is not None
            else []
        )
        inputs = [_args(namespace, path) for path in (*present, *_read(namespace))]
        return Butler(inputs=inputs, trust=cameras.given(namespace)["trust"])
    except PersistenceError as error:
        raise UsageError(str(error)) from error


def opened(namespace: argparse.Namespace, objects: str = "astropy") -> Butler:
    """Open the inputs and the output; a new output is created.

    Without an output, the input is written to.

    Raises
    ------
    UsageError
        If they cannot be opened: the output may have been created with another calibration root.
    """
    how = {"durable": not namespace.noDurable, "force": namespace.force, "types": objects}
    selected = cameras.given(namespace)
    try:
        if namespace.output is None:
            return Butler(namespace.input, **selected, **how, **_told(namespace))
        outputs = {**_args(namespace, namespace.output), "mode": "rw"}
        inputs = [_args(namespace, path) for path in _read(namespace)]
        return Butler(inputs=inputs, outputs=outputs, trust=selected["trust"], **how)
    except PersistenceError as error:
        raise UsageError(str(error)) from error


def _read(namespace: argparse.Namespace) -> list[str]:
    """Return the repositories to read: the input, and those of further options.

    Raises
    ------
    UsageError
        If one of them is not a directory.
    """
    return [namespace.input, *(_beside(namespace, *extra) for extra in namespace.alsoRead)]


def _beside(namespace: argparse.Namespace, option: str, path: str) -> str:
    # In Gen2's tutorial, templates are in the directory of the input.
    for candidate in (path, os.path.join(namespace.input, path)):
        if os.path.isdir(candidate):
            return os.path.abspath(candidate)
    raise UsageError(f"{option} {path} is not a directory, neither here nor in {namespace.input}")


def _args(namespace: argparse.Namespace, root: str) -> dict[str, Any]:
    return {"root": root, "mapper": namespace.mapper, "mapperArgs": _told(namespace) or None}


def _told(namespace: argparse.Namespace) -> Mapping[str, Any]:
    """Return the arguments of each mapper."""
    return {} if namespace.calib is None else {"calibRoot": namespace.calib}
