"""Gen2's name of what this package has of it; other names say that they are not here."""

from typing import Any

from persistence.gen2types import absent
from persistence.pipe.cmdline.coaddcontainers import AssembleCoaddDataIdContainer

__all__ = ["AssembleCoaddDataIdContainer"]


def __getattr__(name: str) -> Any:
    return absent.named(__name__, name)
