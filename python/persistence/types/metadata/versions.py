"""Which versions of software do the work."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from types import ModuleType

from persistence.errors import DISTRIBUTION
from persistence.types.metadata.packages import Packages

# What this package needs at work: no marker, or that of the extra `tasks`. Others' versions change
# no result.
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
    """Give what a top-level module says of itself; the standard library's versions are Python's."""
    version = (
        None
        if "." in name or name in sys.stdlib_module_names
        else module.__dict__.get("__version__")
    )
    return version if isinstance(version, str) else None


def _needed() -> Iterator[tuple[str, str]]:
    """Return the versions of what is imported late, so that the moment of import is irrelevant."""
    import importlib.metadata  # slow, and who only looks needs it not

    yield "persistence", importlib.metadata.version(DISTRIBUTION)
    for text in importlib.metadata.requires(DISTRIBUTION) or ():
        match = _NEEDED.fullmatch(text)
        if match is None:
            continue
        try:
            yield match[1], importlib.metadata.version(match[1])
        except importlib.metadata.PackageNotFoundError:  # an extra that is not installed
            continue
