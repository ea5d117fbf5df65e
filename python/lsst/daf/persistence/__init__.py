"""Gen2's name of `persistence`."""

import importlib
from typing import Any

import persistence
from persistence import __all__ as __all__
from persistence.gen2types import absent

absent.install()

# The modules that Gen2 had; it imported them all with the package.
_MODULES = frozenset(
    "access butler butlerExceptions butlerFactory butlerLocation butlerSubset dataId dbAuth "
    "deprecation fsScanner logicalLocation mapper policy posixStorage readProxy registries "
    "repository repositoryCfg repositoryMapper safeFileIo storage storageInterface test "
    "utils".split()
)


def __getattr__(name: str) -> Any:
    if name == "Butler":  # it hands out afw's method names
        from persistence.gen2types.butler import Butler

        return Butler
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in __all__:
        return getattr(persistence, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
