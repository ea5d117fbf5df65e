"""Gen2's module of DbAuth."""

from lsst.daf.persistence import (
    DbAuth,
)

__all__ = [
    "DbAuth",
]
