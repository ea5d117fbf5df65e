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
    """A tract for each pixel of HEALPix, as seen in a mirror.

    The original takes HEALPix's angle from the north pole for one from the south pole: a tract lies
    at the negative declination of the pixel that has its number (afw-files 7.5). Data are filed by
    these numbers.
    """

    kind = "healpix"
    config_class = HealpixConfig

    @property
    def nside(self) -> int:
        """HEALPix's number of divisions."""
        return 1 << int(self.config.log2NSide)

    def __len__(self) -> int:
        return 12 * self.nside**2

    def _make(self, index: int) -> Tract:
        ra, dec = _mirrored(*healpixels.centre(index, self.nside, self.config.nest))
        vertices = _mirrored(*healpixels.corners(index, self.nside, self.config.nest))
        # A vertex on a pole is to have right ascension 0.
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
    """Give right ascension and declination (deg) as the original does."""
    return sphere.wrapped(np.degrees(phi)), np.degrees(theta - np.pi / 2)
