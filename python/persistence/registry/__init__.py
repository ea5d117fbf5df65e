"""Registries: the data IDs that exist, and the keys that data IDs may omit.

`Registry` and `RegistryWriter` are the interfaces of all kinds; `open` and `open_writer` find the
registry of a repository, and only they know the kinds.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from persistence.registry.contract import Registry, RegistryWriter, refuse_unknown
    from persistence.registry.kinds import Kind, of_files, open_writer, path_of, register
    from persistence.registry.kinds import open_registry as open  # noqa: A004  # registry.open

__all__ = [
    "Kind",
    "Registry",
    "RegistryWriter",
    "of_files",
    "open",
    "open_writer",
    "path_of",
    "refuse_unknown",
    "register",
]


def __getattr__(name: str) -> Any:
    """Import a name on first use, because command-line completion has to be fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    is_promise = name in ("Registry", "RegistryWriter", "refuse_unknown")
    home = importlib.import_module(f"{__name__}.{'contract' if is_promise else 'kinds'}")
    return getattr(home, "open_registry" if name == "open" else name)
