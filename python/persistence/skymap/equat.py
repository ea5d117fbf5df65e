"""``equat``: a belt of tracts along the equator."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

import numpy as np

from persistence.skymap.base import SkyMap, made_of_vertices
from persistence.skymap.config import EquatConfig
from persistence.skymap.tract import Tract
from persistence.types.wcs import sphere


class EquatSkyMap(SkyMap):
    """Tracts of equal width in right ascension, from 0, each projected about the equator.

    Source: doc/gen2/afw-files.md 7.5.
    """

    kind = "equat"
    config_class = EquatConfig
    versions: ClassVar[tuple[Any, ...]] = ((1, 0),)

    def __len__(self) -> int:
        return int(self.config.numTracts)

    def _make(self, index: int) -> Tract:
        width = 360.0 / self.config.numTracts
        west, east, (south, north) = width * index, width * (index + 1), self.config.decRange
        middle = west + width / 2
        # The eastern edge of the last tract is 360, which is 0.
        vertices = sphere.wrapped([west, east, east, west]), np.array([south, south, north, north])
        return made_of_vertices(
            index, self.config, (middle, (south + north) / 2), vertices, tangent=(middle, 0.0)
        )

    def _packed(self) -> bytes:
        return struct.pack("<i2d", self.config.numTracts, *self.config.decRange)
