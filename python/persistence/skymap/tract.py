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

# The corners of tracts made by radius lie this far inside the box (pixels; afw-files 7.3).
_INSET = 0.001


@dataclass(frozen=True, eq=False)
class Tract:
    """A part of the sky in one projection, cut into patches.

    Attributes
    ----------
    tract_id : `int`
        Its index in the sky map.
    config : `SkyMapConfig`
        How large pixels and patches are.
    middle : `tuple` [`float`, `float`]
        Right ascension and declination of the centre (deg).
    tangent : `tuple` [`float`, `float`]
        Right ascension and declination of the projection's reference point (deg).
    outline : arrays
        Right ascensions and declinations (deg) of what the tract's box has to hold.
    vertices_given : arrays or None
        Right ascensions and declinations (deg) of the vertices; by default they are the corners of
        the box.

    Notes
    -----
    The projection and the box are computed when first asked for (afw-files 7.2, 7.3).
    """

    tract_id: int
    config: SkyMapConfig
    middle: tuple[float, float]
    tangent: tuple[float, float]
    outline: tuple[Floats, Floats]
    vertices_given: tuple[Floats, Floats] | None = None

    @functools.cached_property
    def _box(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first pixel, counted from the reference point, and the number of patches."""
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
        """Make the projection (afw-files 7.2) for pixels counted from one."""
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
        """Pixel (x, y), counted from 0 in the tract, to the sky."""
        wcs = self._wcs_at(self._box[0])
        wcs.array_shape = self.bbox.height, self.bbox.width
        return wcs

    @property
    def num_patches(self) -> tuple[int, int]:
        """Columns and rows of the grid of patches."""
        return self._box[1]

    @property
    def bbox(self) -> Box:
        """All pixels."""
        (columns, rows), (width, height) = self.num_patches, self.config.patchInnerDimensions
        return Box(0, 0, columns * width, rows * height)

    @property
    def centre(self) -> SkyCoord:
        """The centre."""
        return sphere.sky(*self.middle)

    @property
    def vertices(self) -> SkyCoord:
        """The vertices of what the tract is for.

        Its box is larger by the overlap, unless it is made by radius.
        """
        if self.vertices_given is not None:
            return sphere.sky(*self.vertices_given)
        return self.corners(self.bbox, _INSET)

    def corners(self, box: Box, inset: float = 0.0) -> SkyCoord:
        """Give the corners of a box of pixels on the sky.

        Lower left, lower right, upper right, upper left.

        They are where the pixels end, half a pixel from their centres.
        """
        left, low = box.x0 - 0.5 + inset, box.y0 - 0.5 + inset
        right, high = left + box.width - 2 * inset, low + box.height - 2 * inset
        ra, dec = self.wcs.wcs_pix2world([left, right, right, left], [low, low, high, high], 0)
        return sphere.sky(ra, dec)

    def polygon(self, box: Box) -> Any:
        """Give a box of pixels as an `lsst.sphgeom.ConvexPolygon`."""
        return polygon(_vectors(self.corners(box)))

    # -- patches
    # -------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.num_patches[0] * self.num_patches[1]

    def __iter__(self) -> Iterator[Patch]:
        """Give the patches row by row."""
        columns, rows = self.num_patches
        return (self._patch(x, y) for y in range(rows) for x in range(columns))

    @property
    def patches(self) -> list[Patch]:
        """All patches, row by row."""
        return list(self)

    def __getitem__(self, index: Any) -> Patch:
        """Give a patch: by ``(x, y)``, by Gen2's text ``"x,y"``, or by its sequential index.

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
                f"{index!r} is no patch: give (x, y), 'x,y', or the sequential index"
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
        """Find the patch whose own pixels hold a position.

        Raises
        ------
        NotInSkyMap
            If it is not in this tract.
        """
        (x, y), inside = self._nearest_pixels(coord)
        if x.ndim or not inside:
            raise NotInSkyMap(f"{coord} is no position in tract {self.tract_id}")
        width, height = self.config.patchInnerDimensions
        return self._patch(int(x) // width, int(y) // height)

    def findPatchList(self, coords: Any) -> tuple[Patch, ...]:
        """Find the patches that the bounding box of positions may touch, column by column.

        Perhaps too many.

        A position that the projection cannot show, on the other side of the sky, is passed over.
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
        """Say whether a position, or each of an array, is in the tract's box."""
        _pixel, inside = self._nearest_pixels(coord)
        return inside if inside.ndim else bool(inside)

    def _nearest_pixels(self, coord: Any) -> tuple[Any, Any]:
        """Give the pixels of positions, rounded, and whether they are in the box."""
        x, y = (np.floor(axis + 0.5) for axis in _pixels(self.wcs, sphere.radec(coord)))
        with np.errstate(invalid="ignore"):  # NaN, where the projection ends, is not inside
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
    """Give pixels of right ascensions and declinations (deg); NaN where the projection has none."""
    x, y = wcs.wcs_world2pix(*positions, 0)
    return np.asarray(x, float), np.asarray(y, float)


def _vectors(positions: SkyCoord) -> Floats:
    return sphere.vector(*sphere.radec(positions))
