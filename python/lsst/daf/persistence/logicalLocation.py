"""Gen2's module of LogicalLocation."""

from lsst.daf.persistence import (
    LogicalLocation,
)

__all__ = [
    "LogicalLocation",
]
