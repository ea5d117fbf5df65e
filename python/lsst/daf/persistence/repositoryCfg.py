"""Gen2's module of RepositoryCfg."""

from lsst.daf.persistence import (
    RepositoryCfg,
)

__all__ = [
    "RepositoryCfg",
]
