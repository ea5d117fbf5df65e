"""Gen2's module of DataId."""

from lsst.daf.persistence import (
    DataId,
)

__all__ = [
    "DataId",
]
