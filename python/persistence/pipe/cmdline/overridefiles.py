"""Files of settings of a task's configuration: the camera's, and ``-C FILE``.

Source: doc/gen2/gen2-cli.md, 3.1, 3.8.
"""

from __future__ import annotations

import os
import traceback
from typing import Any

from persistence.cameras.camera_mapper import CameraMapper
from persistence.cameras.mapper import Mapper
from persistence.cli import textfiles
from persistence.errors import PolicyError, UsageError, told
from persistence.pipe.cmdline import overrides


def load(config: Any, path: str, option: str = "-C ") -> None:
    """Execute a file of settings: Python code, with the name ``config``.

    Parameters
    ----------
    config : `lsst.pex.config.Config`
        The configuration.
    path : `str`
        The file. It belongs to the user, or to the camera package: files of repositories are not
        executed.
    option : `str`
        The name of the file in messages.

    Raises
    ------
    UsageError
        If it cannot be read, or fails; the message names the line.
    """
    if os.path.isdir(path):
        inside = sorted(name for name in os.listdir(path) if name.endswith(".py"))
        known = f"; it has {', '.join(inside)}" if inside else ""
        raise UsageError(f"{option}{path} is a directory, not a file of settings{known}")
    text = textfiles.read(path, f"{option}{path}")
    try:
        config.loadFromString(compile(text, path, "exec"), filename=path)
    # the file's code may raise any error
    except (Exception, SystemExit) as error:
        raise UsageError(f"{option}{path}{_line(error, path)}: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    field = getattr(error, "fullname", None)  # errors of pex_config
    return told(error) if field is None else f"{field}: {overrides.reason(error)}"


def _line(error: BaseException, path: str) -> str:
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == path
    ]
    number = (
        error.lineno
        if isinstance(error, SyntaxError) and error.filename == path
        else lines[-1]
        if lines
        else None
    )
    return "" if number is None else f", line {number}"


def of_camera(mapper: type[Mapper], task: str) -> list[str]:
    """Return the files of settings that a camera may have for a task, in order.

    Parameters
    ----------
    mapper : `type`
        The camera's mapper.
    task : `str`
        The task's name.

    Returns
    -------
    paths : `list` of `str`
        The files, which need not exist.
    """
    if not issubclass(mapper, CameraMapper) or mapper.packageName is None:
        return []
    try:
        folder = os.path.join(mapper.getPackageDir(), "config")
    except PolicyError:  # a camera that is a YAML file has no package
        return []
    return [
        os.path.join(folder, f"{task}.py"),
        os.path.join(folder, mapper.getCameraName(), f"{task}.py"),
    ]


def load_camera(config: Any, path: str) -> bool:
    """Execute a camera's file of settings, if it exists; return whether it does."""
    if not os.path.isfile(path):
        return False
    load(config, path, "the camera's settings ")
    return True


def finish(config: Any) -> None:
    """Validate a configuration as a whole, and freeze it.

    Raises
    ------
    UsageError
        If a field has an invalid value.
    """
    try:
        config.validate()
    except (ValueError, RuntimeError) as error:  # errors of fields, and of the tasks' own checks
        field = getattr(error, "fullname", None)
        cause = str(error).strip() if field is None else f"{field}: {overrides.reason(error)}"
        raise UsageError(f"the configuration is not valid: {cause}") from error
    config.freeze()
