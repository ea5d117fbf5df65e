"""Gen2's name of `persistence`."""

from typing import Any

import persistence
from persistence import __all__ as __all__


def __getattr__(name: str) -> Any:
    return getattr(persistence, name)
