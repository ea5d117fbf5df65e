"""Gen2's module of these names."""

from lsst.daf.persistence import (
    Repository,
    RepositoryArgs,
)

__all__ = [
    "Repository",
    "RepositoryArgs",
]
