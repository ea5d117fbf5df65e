"""Gen2's module of StorageInterface."""

from lsst.daf.persistence import (
    StorageInterface,
)

__all__ = [
    "StorageInterface",
]
