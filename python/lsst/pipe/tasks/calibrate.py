"""Gen2's name of `persistence.tasks.calibrate`; other names say that they are not here."""

import importlib
from typing import Any

from persistence.gen2types import absent

_MODULES = {
    "CalibrateTask": "persistence.tasks.calibrate",
    "CalibrateConfig": "persistence.tasks.calibrate_config",
}


def __dir__() -> list[str]:
    return sorted(_MODULES)


def __getattr__(name: str) -> Any:
    # Tasks need lsst-pex-config and others: they are imported when they are used.
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    return absent.named(__name__, name)
