"""Gen2's module of these names."""

from lsst.daf.persistence import (
    doImport,
    iterify,
    listify,
    sequencify,
    setify,
)

__all__ = [
    "doImport",
    "iterify",
    "listify",
    "sequencify",
    "setify",
]
