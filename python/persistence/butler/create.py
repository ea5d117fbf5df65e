"""A new repository: a directory with a ``_mapper``, which Gen2 knows one by."""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

from persistence.butler import repository_cfg
from persistence.cameras import installed
from persistence.cameras.yaml_camera import SUFFIX
from persistence.errors import CameraNotFound, RepositoryError
from persistence.files import atomic

_FILE = "_mapper"


class Created(NamedTuple):
    """What became of a directory.

    Attributes
    ----------
    root : `str`
        Its path.
    mapper : `str`
        What its ``_mapper`` says: Gen2's name of the camera's mapper, or the relative path of a
        camera's file.
    status : `str`
        ``new``, or ``same`` if it was a repository of that camera already.
    """

    root: str
    mapper: str
    status: Literal["new", "same"]


def create(root: str, camera: Any, dry_run: bool = False) -> Created:
    """Make a directory, which need not be there, a repository of a camera.

    Parameters
    ----------
    root : `str`
        The directory.
    camera : `str`, `type` or `~persistence.Mapper`
        The camera: its name, its YAML file, or its mapper.
    dry_run : `bool`
        Only say what would be done.

    Raises
    ------
    CameraNotFound
        If there is no such camera.
    RepositoryError
        If the directory is a repository of another camera, or a file, or cannot be written to.
    """
    root = os.path.abspath(root)
    name = installed.gen2_name(installed.camera(camera))
    if os.path.lexists(root) and not os.path.isdir(root):
        raise RepositoryError(f"{root} is not a directory: it cannot be a repository")
    there = repository_cfg.read(root)
    if there is not None and there.mapper is not None:
        return _there(root, name, there.mapper)
    text = os.path.relpath(name, os.path.realpath(root)) if name.endswith(SUFFIX) else name
    path = os.path.join(root, _FILE)
    try:
        if dry_run or atomic.write_text(path, f"{text}\n", replace=False):
            return Created(root, text, "new")
    except OSError as error:
        raise RepositoryError(f"cannot write {path}: {error.strerror or error}") from error
    # another process was here just now, or the file says nothing
    return _there(root, name, repository_cfg.mapper_name(root) or "")


def _there(root: str, name: str, there: str) -> Created:
    """Return what a repository is that is there already; refuse one of another camera."""
    try:
        known = installed.gen2_name(installed.find(there))  # it may be called by another name
    except CameraNotFound:
        known = there
    if known != name:
        raise RepositoryError(f"{root} is a repository of another camera: {there}, not {name}")
    return Created(root, there, "same")
