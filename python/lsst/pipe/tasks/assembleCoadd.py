"""Gen2's name of the classes in this package; other names raise an error."""

from typing import Any

from persistence.gen2types import absent
from persistence.pipe.cmdline.coaddcontainers import AssembleCoaddDataIdContainer

__all__ = ["AssembleCoaddDataIdContainer"]


def __getattr__(name: str) -> Any:
    return absent.named(__name__, name)
