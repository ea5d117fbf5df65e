"""Settings that have moved: the old name goes on working."""

from __future__ import annotations

import functools
from typing import Any

from lsst.pex.config import Config, Field


class Renamed(Field[Any]):
    """The old name of a setting of a nested configuration.

    Both names access the same value, which is saved under the new name only.

    Parameters
    ----------
    path : `str`
        The new name, such as ``measurePsf.starSelector.minStars``.
    dtype : `type`
        The type of the setting.
    """

    def __init__(self, path: str, dtype: type) -> None:
        super().__init__(doc=f"Old name of {path}.", dtype=dtype, optional=True)
        *self._parents, self._last = path.split(".")

    def _parent(self, instance: Any) -> Any:
        return functools.reduce(getattr, self._parents, instance)

    def __get__(self, instance: Any, owner: Any = None, at: Any = None, label: str = "") -> Any:
        return self if instance is None else getattr(self._parent(instance), self._last)

    def __set__(self, instance: Any, value: Any, at: Any = None, label: str = "assignment") -> None:
        if label != "default":  # which is that of the setting
            setattr(self._parent(instance), self._last, value)

    def validate(self, instance: Config) -> None:
        """Do nothing: the setting validates itself."""

    def save(self, outfile: Any, instance: Config) -> None:
        """Do nothing: the setting saves itself."""

    def _copy_storage(self, old: Config, new: Config) -> None:
        """Do nothing: the setting copies itself."""

    def _compare(self, *args: Any, **settings: Any) -> bool:
        """Return True: the setting compares itself."""
        return True
