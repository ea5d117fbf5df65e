"""Gen2's module of RepositoryMapper."""

from lsst.daf.persistence import (
    RepositoryMapper,
)

__all__ = [
    "RepositoryMapper",
]
