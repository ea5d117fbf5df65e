"""Gen2's module of these names."""

from lsst.daf.persistence import (
    ButlerComposite,
    ButlerLocation,
)

__all__ = [
    "ButlerComposite",
    "ButlerLocation",
]
