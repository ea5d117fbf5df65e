"""Gen2's module of PosixStorage."""

from lsst.daf.persistence import (
    PosixStorage,
)

__all__ = [
    "PosixStorage",
]
