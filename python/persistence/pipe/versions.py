"""Which versions of software do the work."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from types import ModuleType

from persistence.types.packages import Packages


def current() -> Packages:
    """Give the versions of Python, of this package, and of each imported top-level module that tells its own."""
    found = {
        name: version
        for name, module in sorted(sys.modules.items())
        if "." not in name and name not in sys.stdlib_module_names and (version := _told(module)) is not None
    }
    ours = {"persistence": importlib.metadata.version("persistence"), "python": platform.python_version()}
    return Packages({**found, **ours})


def _told(module: ModuleType) -> str | None:
    version = module.__dict__.get("__version__")
    return version if isinstance(version, str) else None
