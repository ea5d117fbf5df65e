"""Create repositories: a directory with a ``_mapper`` file, by which Gen2 recognises one."""

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
    """The result of creating a repository.

    Attributes
    ----------
    root : `str`
        The path of the directory.
    mapper : `str`
        The content of its ``_mapper``: Gen2's name of the camera's mapper, or the relative path
        of a camera's YAML file.
    status : `str`
        ``new``; or ``same`` if it already was a repository of that camera.
    """

    root: str
    mapper: str
    status: Literal["new", "same"]


def create(root: str, camera: Any, dry_run: bool = False) -> Created:
    """Create a repository of a camera in a directory, which need not exist.

    Parameters
    ----------
    root : `str`
        The directory.
    camera : `str`, `type` or `~persistence.Mapper`
        The camera: its name, its YAML file, or its mapper.
    dry_run : `bool`
        Only return what would be done.

    Returns
    -------
    created : `Created`
        The result.

    Raises
    ------
    CameraNotFound
        If the camera is unknown.
    RepositoryError
        If the path is a file, or a repository of another camera, or cannot be written to.
    """
    root = os.path.abspath(root)
    name = installed.gen2_name(installed.camera(camera))
    if os.path.lexists(root) and not os.path.isdir(root):
        raise RepositoryError(f"{root} is not a directory: it cannot be a repository")
    existing = repository_cfg.read(root)
    if existing is not None and existing.mapper is not None:
        return _there(root, name, existing.mapper)
    text = os.path.relpath(name, os.path.realpath(root)) if name.endswith(SUFFIX) else name
    path = os.path.join(root, _FILE)
    try:
        if dry_run or atomic.write_text(path, f"{text}\n", replace=False):
            return Created(root, text, "new")
    except OSError as error:
        raise RepositoryError(f"cannot write {path}: {error.strerror or error}") from error
    # another process just created it, or the file is empty
    return _there(root, name, repository_cfg.mapper_name(root) or "")


def _there(root: str, name: str, existing: str) -> Created:
    """Return the result for an existing repository; raise an error if it is of another camera."""
    try:
        known = installed.gen2_name(installed.find(existing))  # the camera may have several names
    except CameraNotFound:
        known = existing
    if known != name:
        raise RepositoryError(f"{root} is a repository of another camera: {existing}, not {name}")
    return Created(root, existing, "same")
