"""``discrete``: tracts at given positions."""

from __future__ import annotations

import dataclasses
import struct

from persistence.skymap.base import SkyMap, made_by_radius
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.tract import Tract
from persistence.types.wcs import sphere


class DiscreteSkyMap(SkyMap):
    """One tract per centre and radius, in the order of the configuration (afw-files 7.5)."""

    kind = "discrete"
    config_class = DiscreteConfig

    def __len__(self) -> int:
        return len(self.config.radiusList)

    def _make(self, index: int) -> Tract:
        centre = float(sphere.wrapped(self.config.raList[index])), self.config.decList[index]
        return made_by_radius(index, self.config, centre, self.config.radiusList[index])

    def with_tract(self, ra: float, dec: float, radius: float) -> DiscreteSkyMap:
        """Return a map with one more tract (deg); the others keep their numbers."""
        config: DiscreteConfig = self.config
        return DiscreteSkyMap(
            dataclasses.replace(
                config,
                raList=(*config.raList, ra),
                decList=(*config.decList, dec),
                radiusList=(*config.radiusList, radius),
            ),
            self.version,
        )

    def _packed(self) -> bytes:
        lists = (self.config.raList, self.config.decList, self.config.radiusList)
        return b"".join(struct.pack(f"<{len(one)}d", *one) for one in lists)
