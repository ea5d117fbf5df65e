"""`ConfigOverrides`: settings of a task's configuration, to be applied later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from persistence.errors import UsageError
from persistence.pipe.cmdline import overridefiles, overrides


class ConfigOverrides:
    """Settings of a configuration, applied in the order in which they were added."""

    def __init__(self) -> None:
        self._overrides: list[Callable[[Any], None]] = []

    def addFileOverride(self, filename: str) -> None:
        """Add a file of settings: Python code, with the name ``config``.

        Parameters
        ----------
        filename : `str`
            The file.
        """
        self._overrides.append(lambda config: overridefiles.load(config, filename, ""))

    def addValueOverride(self, field: str, value: Any) -> None:
        """Add one value: an object, or text as after ``-c NAME=``.

        Parameters
        ----------
        field : `str`
            The dotted name of the field.
        value : object
            The value.
        """
        self._overrides.append(lambda config: _assign(config, field, value))

    def addPythonOverride(self, python_snippet: str) -> None:
        """Add Python code, with the name ``config``.

        Parameters
        ----------
        python_snippet : `str`
            The code.
        """
        self._overrides.append(lambda config: config.loadFromString(python_snippet))

    def applyTo(self, config: Any) -> None:
        """Apply the settings to a configuration.

        Parameters
        ----------
        config : `lsst.pex.config.Config`
            The configuration, which is changed.

        Raises
        ------
        UsageError
            If there is no such field, or it does not accept the value.
        """
        for apply in self._overrides:
            apply(config)


def _assign(config: Any, name: str, value: Any) -> None:
    if isinstance(value, str):
        overrides.assign(config, f"{name}={value}")
        return
    *path, last = name.split(".")
    try:
        for step in path:
            config = getattr(config, step)
        setattr(config, last, value)
    except (AttributeError, ValueError, TypeError) as error:  # errors raised by fields
        raise UsageError(f"{name}={value!r}: {overrides.reason(error)}") from error
