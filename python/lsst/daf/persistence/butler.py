"""Gen2's module of these names."""

from lsst.daf.persistence import (
    Butler,
    ButlerCfg,
    RepoData,
    RepoDataContainer,
)

__all__ = [
    "Butler",
    "ButlerCfg",
    "RepoData",
    "RepoDataContainer",
]
