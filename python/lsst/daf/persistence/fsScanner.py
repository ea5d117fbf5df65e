"""Gen2's module of FsScanner."""

from lsst.daf.persistence import (
    FsScanner,
)

__all__ = [
    "FsScanner",
]
