"""Gen2's module of ButlerFactory."""

from lsst.daf.persistence import (
    ButlerFactory,
)

__all__ = [
    "ButlerFactory",
]
