"""Functions of ``lsst.utils`` used by scripts and camera packages, where that is not installed."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import Any

from persistence.errors import CameraNotFound, did_you_mean

# Names that Python itself adds to a class.
_NOT_CONTINUED = frozenset("__dict__ __weakref__ __module__ __qualname__ __firstlineno__".split())


class PackageNotFound(CameraNotFound, LookupError):
    """No package of the stack with this name is installed, or set up. Gen2 raised LookupError."""


def getPackageDir(package_name: str) -> str:
    """Return the directory of a package of the stack, such as ``obs_decam``.

    It is the value of ``OBS_DECAM_DIR``, as set by EUPS, or where Python finds a package of that
    name, or ``lsst.obs.decam``.

    Raises
    ------
    PackageNotFound
        If there is none.
    """
    variable = f"{package_name.upper()}_DIR"
    if variable in os.environ:
        return os.environ[variable]
    for name in (package_name, f"lsst.{package_name.replace('_', '.')}"):
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            continue
        if spec is not None and spec.submodule_search_locations:
            return str(next(iter(spec.submodule_search_locations)))
    known = [name.removesuffix("_DIR").lower() for name in os.environ if name.endswith("_DIR")]
    raise PackageNotFound(
        f"there is no package {package_name!r}: ${variable} is not set, and Python has no module "
        f"of that name{did_you_mean(package_name, known)}"
    )


def continueClass(cls: type) -> type:
    """Add the contents of a class statement to an existing class of the same name."""
    import sys

    original: type = getattr(sys.modules[cls.__module__], cls.__name__)
    for name, value in vars(cls).items():
        if name not in _NOT_CONTINUED:
            setattr(original, name, value)
    return original


def inheritDoc(klass: type) -> Callable[[Any], Any]:
    """Return a decorator that prepends the documentation of a class's method of the same name."""

    def decorate(method: Any) -> Any:
        theirs = getattr(getattr(klass, method.__name__), "__doc__", None) or ""
        method.__doc__ = "\n\n".join(text for text in (theirs, method.__doc__) if text)
        return method

    return decorate
