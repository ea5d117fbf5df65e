"""``healpix``: tracts on the pixels of HEALPix."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from persistence.skymap import healpixels
from persistence.skymap.base import SkyMap, made_of_vertices
from persistence.skymap.config import HealpixConfig
from persistence.skymap.tract import Tract
from persistence.types.wcs import sphere
from persistence.types.wcs.sphere import Floats


class HealpixSkyMap(SkyMap):
    """One tract per pixel of HEALPix, mirrored at the equator.

    Gen2 takes HEALPix's angle from the north pole for one from the south pole: a tract is at the
    negative declination of the pixel of its number (doc/gen2/afw-files.md 7.5). Existing data use
    these numbers.
    """

    kind = "healpix"
    config_class = HealpixConfig

    @property
    def nside(self) -> int:
        """The number of divisions, HEALPix's ``nside``."""
        return 1 << int(self.config.log2NSide)

    def __len__(self) -> int:
        return 12 * self.nside**2

    def _make(self, index: int) -> Tract:
        ra, dec = _mirrored(*healpixels.centre(index, self.nside, self.config.nest))
        vertices = _mirrored(*healpixels.corners(index, self.nside, self.config.nest))
        # A vertex on a pole has right ascension 0.
        return made_of_vertices(
            index, self.config, (float(ra), float(dec)), sphere.angles(sphere.vector(*vertices))
        )

    def _nearest(self, ra: Floats, dec: Floats) -> NDArray[np.int64]:
        return healpixels.pixel_of(
            np.radians(dec) + np.pi / 2, np.radians(ra), self.nside, self.config.nest
        )

    def _packed(self) -> bytes:
        return struct.pack("<i?", self.config.log2NSide, self.config.nest)


def _mirrored(theta: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """Return right ascension and declination (deg), mirrored as in Gen2."""
    return sphere.wrapped(np.degrees(phi)), np.degrees(theta - np.pi / 2)
