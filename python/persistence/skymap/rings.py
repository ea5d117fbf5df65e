"""``rings``: tracts in rings of constant declination, between two polar caps."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from persistence.skymap.base import Found, SkyMap, made_by_radius, with_patches
from persistence.skymap.config import RingsConfig
from persistence.skymap.tract import Tract
from persistence.types.wcs import sphere
from persistence.types.wcs.sphere import Floats


class RingsSkyMap(SkyMap):
    """Tracts in rings of constant declination: tract 0 is the southern cap, the last the northern.

    Between them are the rings, from the south; a ring's tracts follow each other eastward from
    ``raStart``.

    Version 0, of old files, numbers the first tracts of rings wrongly: the first ring's first tract
    exists twice, and the last ring's not at all. Existing data use these numbers, so they are kept.
    Source: doc/gen2/afw-files.md 7.5.
    """

    kind = "rings"
    config_class = RingsConfig
    versions: ClassVar[tuple[Any, ...]] = (0, 1)

    @functools.cached_property
    def _height(self) -> float:
        """The height of a ring (radians)."""
        return float(np.pi / (self.config.numRings + 1))

    @functools.cached_property
    def ring_sizes(self) -> NDArray[np.int64]:
        """The number of tracts of each ring, from the south."""
        starts = self._height * (np.arange(self.config.numRings) + 0.5) - np.pi / 2
        widest = np.minimum(np.abs(starts), np.abs(starts + self._height))
        return (2 * np.pi * np.cos(widest) / self._height).astype(np.int64) + 1

    @functools.cached_property
    def _firsts(self) -> NDArray[np.int64]:
        """The number of each ring's first tract, and of the northern cap."""
        return np.concatenate([[1], 1 + np.cumsum(self.ring_sizes)])

    def __len__(self) -> int:
        return int(self._firsts[-1]) + 1

    def _make(self, index: int) -> Tract:
        caps = {0: (0.0, -90.0), len(self) - 1: (0.0, 90.0)}
        centre = caps[index] if index in caps else self._centre(index)
        return made_by_radius(index, self.config, centre, float(np.degrees(self._height / 2)))

    def _centre(self, index: int) -> tuple[float, float]:
        # Version 0 starts the next ring one tract too late.
        late = self.version == 0
        ring = max(int(np.searchsorted(self._firsts, index, "left" if late else "right")) - 1, 0)
        step = 2 * np.pi / self.ring_sizes[ring] * (index - self._firsts[ring])
        dec = self._height * (ring + 1) - np.pi / 2
        return float(sphere.wrapped(np.degrees(step) + self.config.raStart)), float(np.degrees(dec))

    # -- from the sky to tracts
    # ----------------------------------------------------------------------------

    def _rings(self, dec: Floats) -> NDArray[np.int64]:
        """Return the rings of declinations (deg); -1 and the number of rings are the caps."""
        rings = np.floor((np.radians(dec) + np.pi / 2 - self._height / 2) / self._height).astype(
            np.int64
        )
        return np.asarray(np.clip(rings, -1, self.config.numRings))

    def _places(self, ra: Floats, ring: Any) -> NDArray[np.int64]:
        """Return the positions in a ring of right ascensions (deg), and one beyond."""
        turned = np.radians((ra - self.config.raStart) % 360.0)
        return np.asarray(np.floor(turned / (2 * np.pi / self.ring_sizes[ring]) + 0.5), np.int64)

    def _number(self, ring: Any, place: Any) -> NDArray[np.int64]:
        """Return the numbers of the tracts at positions in rings; positions wrap around."""
        place = np.asarray(place) % self.ring_sizes[ring]
        late = (place == 0) & (ring != 0) & (self.version == 0)
        return np.asarray(self._firsts[ring + late] + place)

    def _nearest(self, ra: Floats, dec: Floats) -> NDArray[np.int64]:
        rings = self._rings(dec)
        inside = np.clip(rings, 0, self.config.numRings - 1)
        numbers = self._number(inside, self._places(ra, inside))
        low, high = -np.pi / 2 + self._height / 2, np.pi / 2 - self._height / 2
        numbers = np.where(np.radians(dec) > high, len(self) - 1, numbers)
        return np.asarray(np.where(np.radians(dec) < low, 0, numbers))

    def _candidates(self, ra: float, dec: float) -> Iterator[int]:
        """Yield the tracts that may contain a position.

        They are its neighbours in three rings, and the caps.
        """
        ring = int(self._rings(np.asarray(dec)))
        for near in range(max(ring - 1, 0), min(ring + 2, self.config.numRings)):
            place = int(self._places(np.asarray(ra), near))
            yield from (int(self._number(near, place + step)) for step in (-1, 0, 1))
        yield from (0, len(self) - 1)

    def findAllTracts(self, coord: Any) -> list[Tract]:
        """Return all tracts that contain a position, from three rings around it and the caps."""
        ra, dec = sphere.finite(*sphere.radec(coord))
        numbers = dict.fromkeys(self._candidates(float(ra), float(dec)))
        return [self[number] for number in numbers if self[number].contains(coord)]

    def findTractPatchList(self, coords: Any) -> Found:
        """Return all tracts and patches that may overlap positions.

        See `SkyMap.findTractPatchList`.
        """
        ra, dec = (np.ravel(angle) for angle in sphere.finite(*sphere.radec(coords)))
        positions = sphere.sky(ra, dec)
        tracts = {
            tract.tract_id: tract
            for position in positions
            for tract in self.findAllTracts(position)
        }
        return with_patches(tracts.values(), positions)

    def _packed(self) -> bytes:
        return struct.pack("<id", self.config.numRings, self.config.raStart)
