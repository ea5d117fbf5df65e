"""Gen2's module of these names."""

from lsst.daf.persistence import (
    ButlerDataRef,
    ButlerSubset,
    ButlerSubsetIterator,
)

__all__ = [
    "ButlerDataRef",
    "ButlerSubset",
    "ButlerSubsetIterator",
]
