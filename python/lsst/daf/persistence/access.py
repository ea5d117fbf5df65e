"""Gen2's module of these names."""

from lsst.daf.persistence import (
    Access,
    AccessCfg,
)

__all__ = [
    "Access",
    "AccessCfg",
]
