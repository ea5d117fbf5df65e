"""Gen2's module of these names."""

from lsst.daf.persistence import (
    NoRepositroyAtRoot,
    Storage,
)

__all__ = [
    "NoRepositroyAtRoot",
    "Storage",
]
