"""Tracts, each with its own projection."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.errors import NotInSkyMap
from persistence.skymap import grid
from persistence.skymap.config import SkyMapConfig
from persistence.skymap.patch import Patch
from persistence.skymap.polygon import polygon
from persistence.types.pixels.box import Box
from persistence.types.wcs import sphere
from persistence.types.wcs.sphere import Floats

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.wcs import WCS

# The corners of tracts defined by a radius are this far inside the box (pixels; afw-files 7.3).
_INSET = 0.001


@dataclass(frozen=True, eq=False)
class Tract:
    """A part of the sky in one projection, divided into patches.

    Parameters
    ----------
    tract_id : `int`
        Its index in the sky map.
    config : `SkyMapConfig`
        The sizes of pixels and patches.
    middle : `tuple` [`float`, `float`]
        Right ascension and declination of the centre (deg).
    tangent : `tuple` [`float`, `float`]
        Right ascension and declination of the projection's reference point (deg).
    outline : `tuple` [`Floats`, `Floats`]
        Right ascensions and declinations (deg) that the tract's box has to contain.
    vertices_given : `tuple` [`Floats`, `Floats`] or `None`, optional
        Right ascensions and declinations (deg) of the vertices; by default the corners of the box.

    Notes
    -----
    The projection and the box are computed on first access (doc/gen2/afw-files.md 7.2, 7.3).
    """

    tract_id: int
    config: SkyMapConfig
    middle: tuple[float, float]
    tangent: tuple[float, float]
    outline: tuple[Floats, Floats]
    vertices_given: tuple[Floats, Floats] | None = None

    @functools.cached_property
    def _box(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first pixel, relative to the reference point, and the numbers of patches."""
        x, y = _pixels(self._wcs_at((0, 0)), self.outline)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise NotInSkyMap(
                f"tract {self.tract_id} is too large for the projection {self.config.projection}"
            )
        placed = [
            grid.placed(axis, inner)
            for axis, inner in zip((x, y), self.config.patchInnerDimensions, strict=True)
        ]
        return (placed[0][0], placed[1][0]), (placed[0][1], placed[1][1])

    def _wcs_at(self, first: tuple[int, int]) -> WCS:
        """Return the projection (afw-files 7.2) with pixels counted from a first one."""
        from astropy.wcs import WCS

        scale, turn = self.config.pixelScale / 3600.0, np.radians(self.config.rotation)
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = [f"RA---{self.config.projection}", f"DEC--{self.config.projection}"]
        wcs.wcs.cunit = ["deg", "deg"]
        wcs.wcs.radesys = "ICRS"
        wcs.wcs.crval = self.tangent
        wcs.wcs.crpix = [1 - first[0], 1 - first[1]]
        cos, sin = scale * np.cos(turn), scale * np.sin(turn)
        wcs.wcs.cd = [[-cos, sin], [sin, cos]]
        wcs.wcs.set()
        return wcs

    @functools.cached_property
    def wcs(self) -> WCS:
        """The WCS, with pixels (x, y) of the tract counted from 0."""
        wcs = self._wcs_at(self._box[0])
        wcs.array_shape = self.bbox.height, self.bbox.width
        return wcs

    @property
    def num_patches(self) -> tuple[int, int]:
        """The numbers of columns and rows of patches."""
        return self._box[1]

    @property
    def bbox(self) -> Box:
        """The box of all pixels."""
        (columns, rows), (width, height) = self.num_patches, self.config.patchInnerDimensions
        return Box(0, 0, columns * width, rows * height)

    @property
    def centre(self) -> SkyCoord:
        """The centre."""
        return sphere.sky(*self.middle)

    @property
    def vertices(self) -> SkyCoord:
        """The vertices of the tract's own area on the sky.

        The tract's box is larger by the overlap, unless the tract is defined by a radius.
        """
        if self.vertices_given is not None:
            return sphere.sky(*self.vertices_given)
        return self.corners(self.bbox, _INSET)

    def corners(self, box: Box, inset: float = 0.0) -> SkyCoord:
        """Return the corners of a box of pixels on the sky.

        They are lower left, lower right, upper right, upper left, at the outer edges of the pixels,
        half a pixel from their centres.

        Parameters
        ----------
        box : `Box`
            The box, in the tract's pixels, from 0.
        inset : `float`, optional
            The distance of the corners from the edges, inwards (pixels).

        Returns
        -------
        `~astropy.coordinates.SkyCoord`
            Four positions.
        """
        left, low = box.x0 - 0.5 + inset, box.y0 - 0.5 + inset
        right, high = left + box.width - 2 * inset, low + box.height - 2 * inset
        ra, dec = self.wcs.wcs_pix2world([left, right, right, left], [low, low, high, high], 0)
        return sphere.sky(ra, dec)

    def polygon(self, box: Box) -> Any:
        """Return a box of pixels as an `lsst.sphgeom.ConvexPolygon`."""
        return polygon(_vectors(self.corners(box)))

    # -- patches
    # -------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.num_patches[0] * self.num_patches[1]

    def __iter__(self) -> Iterator[Patch]:
        """Return an iterator over the patches, row by row."""
        columns, rows = self.num_patches
        return (self._patch(x, y) for y in range(rows) for x in range(columns))

    @property
    def patches(self) -> list[Patch]:
        """All patches, row by row."""
        return list(self)

    def __getitem__(self, index: Any) -> Patch:
        """Return a patch by ``(x, y)``, by Gen2's text ``"x,y"``, or by its sequential index.

        Raises
        ------
        NotInSkyMap
            If the tract has no such patch.
        """
        columns, rows = self.num_patches
        try:
            x, y = grid.pair(index, columns)
        except (TypeError, ValueError):
            raise NotInSkyMap(
                f"{index!r} is not a patch: use (x, y), 'x,y', or the sequential index"
            ) from None
        if not (0 <= x < columns and 0 <= y < rows):
            raise NotInSkyMap(
                f"tract {self.tract_id} has no patch {index!r}: its grid is {columns} x {rows}"
            )
        return self._patch(x, y)

    def _patch(self, x: int, y: int) -> Patch:
        width, height = self.config.patchInnerDimensions
        inner = Box(x * width, y * height, width, height)
        return Patch((x, y), inner, grid.clipped(inner, self.config.patchBorder, self.bbox), self)

    def findPatch(self, coord: Any) -> Patch:
        """Return the patch whose inner box contains a position.

        Raises
        ------
        NotInSkyMap
            If the position is not in this tract.
        """
        (x, y), inside = self._nearest_pixels(coord)
        if x.ndim or not inside:
            raise NotInSkyMap(f"{coord} is not a position in tract {self.tract_id}")
        width, height = self.config.patchInnerDimensions
        return self._patch(int(x) // width, int(y) // height)

    def findPatchList(self, coords: Any) -> tuple[Patch, ...]:
        """Return the patches that may overlap the bounding box of positions, column by column.

        Some of them may not overlap it. Positions outside of the projection, on the far side of the
        sky, are ignored.
        """
        pixels = _pixels(self.wcs, sphere.radec(coords))
        shown = np.isfinite(pixels[0]) & np.isfinite(pixels[1])
        if not shown.any():
            return ()
        ranges = [
            grid.touched(axis[shown], self.config.patchBorder, size, count)
            for axis, size, count in zip(
                pixels, self.config.patchInnerDimensions, self.num_patches, strict=True
            )
        ]
        return tuple(self._patch(x, y) for x in ranges[0] for y in ranges[1])

    def contains(self, coord: Any) -> Any:
        """Return whether a position, or each of an array, is in the tract's box."""
        _pixel, inside = self._nearest_pixels(coord)
        return inside if inside.ndim else bool(inside)

    def _nearest_pixels(self, coord: Any) -> tuple[Any, Any]:
        """Return the pixels of positions, rounded, and whether they are in the box."""
        x, y = (np.floor(axis + 0.5) for axis in _pixels(self.wcs, sphere.radec(coord)))
        with np.errstate(invalid="ignore"):  # NaN, outside of the projection, is not inside
            return (x, y), (x >= 0) & (x < self.bbox.width) & (y >= 0) & (y < self.bbox.height)

    def __repr__(self) -> str:
        return f"Tract({self.tract_id}, centre={self.middle[0]:.6f} {self.middle[1]:+.6f} deg)"

    # lsst.skymap's names, for scripts written for it
    def getId(self) -> int:
        return self.tract_id

    def getCtrCoord(self) -> SkyCoord:
        return self.centre

    def getVertexList(self) -> SkyCoord:
        return self.vertices

    def getWcs(self) -> WCS:
        return self.wcs

    def getBBox(self) -> Box:
        return self.bbox

    def getNumPatches(self) -> tuple[int, int]:
        return self.num_patches

    def getPatchInfo(self, index: Any) -> Patch:
        return self[index]

    def getPatchBorder(self) -> int:
        return self.config.patchBorder

    def getPatchInnerDimensions(self) -> tuple[int, int]:
        return self.config.patchInnerDimensions

    def getInnerSkyPolygon(self) -> Any:
        return polygon(_vectors(self.vertices))

    def getOuterSkyPolygon(self) -> Any:
        return self.polygon(self.bbox)

    def getSequentialPatchIndex(self, patch: Patch) -> int:
        return patch.sequential_index


def _pixels(wcs: WCS, positions: tuple[Any, Any]) -> tuple[Floats, Floats]:
    """Return the pixels of right ascensions and declinations (deg).

    NaN outside of the projection.
    """
    x, y = wcs.wcs_world2pix(*positions, 0)
    return np.asarray(x, float), np.asarray(y, float)


def _vectors(positions: SkyCoord) -> Floats:
    return sphere.vector(*sphere.radec(positions))
