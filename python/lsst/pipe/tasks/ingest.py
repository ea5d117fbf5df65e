"""Gen2's names of `persistence.tasks.gen2ingest`."""

import importlib
from typing import Any

_HERE = "persistence.tasks.gen2ingest"
_PLACES = {
    "IngestArgumentParser": "task",
    "IngestConfig": "configs",
    "IngestError": "task",
    "IngestTask": "task",
    "ParseConfig": "configs",
    "ParseTask": "parse",
    "RegisterConfig": "configs",
    "RegisterTask": "register",
    "assertCanCopy": "task",
}
__all__ = [  # noqa: F822  # they are looked up when they are asked for
    "IngestArgumentParser",
    "IngestConfig",
    "IngestError",
    "IngestTask",
    "ParseConfig",
    "ParseTask",
    "RegisterConfig",
    "RegisterTask",
    "assertCanCopy",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Settings need lsst-pex-config: they are imported when they are used.
    return getattr(importlib.import_module(f"{_HERE}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
