"""Gen2's module of ReadProxy."""

from lsst.daf.persistence import (
    ReadProxy,
)

__all__ = [
    "ReadProxy",
]
