"""Gen2's module of Mapper."""

from lsst.daf.persistence import (
    Mapper,
)

__all__ = [
    "Mapper",
]
