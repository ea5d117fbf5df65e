"""Gen2's module of these names."""

from lsst.daf.persistence import (
    MultipleResults,
    NoMapperException,
    NoResults,
    ParentsMismatch,
)

__all__ = [
    "MultipleResults",
    "NoMapperException",
    "NoResults",
    "ParentsMismatch",
]
