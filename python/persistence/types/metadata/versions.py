"""The versions of the software in use."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from types import ModuleType

from persistence.errors import DISTRIBUTION
from persistence.types.metadata.packages import Packages

# The requirements that affect results: without marker, or of the extra `tasks`.
_NEEDED = re.compile(r"([\w.-]+)[^;]*(?:;\s*extra\s*==\s*['\"]tasks['\"])?\s*")


def current() -> Packages:
    """Return the versions of Python, this package, its requirements, and imported modules."""
    told = {
        name: version
        for name, module in sorted(sys.modules.items())
        if (version := _told(name, module))
    }
    return Packages({**told, **dict(_needed()), "python": platform.python_version()})


def _told(name: str, module: ModuleType) -> str | None:
    """Return the version of a top-level module; None for the standard library's."""
    version = (
        None
        if "." in name or name in sys.stdlib_module_names
        else module.__dict__.get("__version__")
    )
    return version if isinstance(version, str) else None


def _needed() -> Iterator[tuple[str, str]]:
    """Yield the versions of modules that are imported lazily, imported or not."""
    import importlib.metadata  # lazy: slow, and only needed here

    yield "persistence", importlib.metadata.version(DISTRIBUTION)
    for text in importlib.metadata.requires(DISTRIBUTION) or ():
        match = _NEEDED.fullmatch(text)
        if match is None:
            continue
        try:
            yield match[1], importlib.metadata.version(match[1])
        except importlib.metadata.PackageNotFoundError:  # an extra that is not installed
            continue
