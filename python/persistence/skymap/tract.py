"""Tracts, each with its own projection, and their patches."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence import sphere
from persistence.errors import NotInSkyMap
from persistence.skymap.config import SkyMapConfig
from persistence.skymap.polygon import polygon
from persistence.sphere import Floats
from persistence.types.box import Box

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.wcs import WCS

_PAIR = re.compile(r"\s*(\d+)\s*,\s*(\d+)\s*")
# The corners of tracts made by radius lie this far inside the box (pixels; afw-files 7.3).
_INSET = 0.001


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle of a tract.

    Attributes
    ----------
    index : `tuple` [`int`, `int`]
        Column and row in the tract's grid of patches.
    inner_bbox : `Box`
        The pixels that are this patch's own; those of all patches tile the tract.
    outer_bbox : `Box`
        With the border, as far as the tract reaches.
    tract : `Tract`
        Where it lies.
    """

    index: tuple[int, int]
    inner_bbox: Box
    outer_bbox: Box
    tract: Tract

    @property
    def name(self) -> str:
        """The index as Gen2's data IDs and paths have it: ``"x,y"``."""
        return f"{self.index[0]},{self.index[1]}"

    @property
    def sequential_index(self) -> int:
        """The index as one number, row by row."""
        return self.index[1] * self.tract.num_patches[0] + self.index[0]

    @property
    def corners(self) -> SkyCoord:
        """The corners of the outer box on the sky, in the order of `Tract.corners`."""
        return self.tract.corners(self.outer_bbox)

    @property
    def inner_corners(self) -> SkyCoord:
        """The corners of the inner box."""
        return self.tract.corners(self.inner_bbox)

    def __str__(self) -> str:
        return f"patch {self.name} of tract {self.tract.tract_id}"

    # lsst.skymap's names, for scripts written for it
    def getIndex(self) -> tuple[int, int]:
        return self.index

    def getInnerBBox(self) -> Box:
        return self.inner_bbox

    def getOuterBBox(self) -> Box:
        return self.outer_bbox

    # The tract's WCS is what the original wants to be given; it is known here.
    def getInnerSkyPolygon(self, tractWcs: Any = None) -> Any:
        return polygon(_vectors(self.inner_corners))

    def getOuterSkyPolygon(self, tractWcs: Any = None) -> Any:
        return polygon(_vectors(self.corners))


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
        Right ascensions and declinations (deg) of the vertices; by default they are the corners of the box.

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
            raise NotInSkyMap(f"tract {self.tract_id} is too large for the projection {self.config.projection}")
        placed = [_placed(axis, inner) for axis, inner in zip((x, y), self.config.patchInnerDimensions, strict=True)]
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
        """The vertices of what the tract is for; its box is larger by the overlap, unless it is made by radius."""
        if self.vertices_given is not None:
            return sphere.sky(*self.vertices_given)
        return self.corners(self.bbox, _INSET)

    def corners(self, box: Box, inset: float = 0.0) -> SkyCoord:
        """Give the corners of a box of pixels on the sky: lower left, lower right, upper right, upper left.

        They are where the pixels end, half a pixel from their centres.
        """
        left, low = box.x0 - 0.5 + inset, box.y0 - 0.5 + inset
        right, high = left + box.width - 2 * inset, low + box.height - 2 * inset
        ra, dec = self.wcs.wcs_pix2world([left, right, right, left], [low, low, high, high], 0)
        return sphere.sky(ra, dec)

    # -- patches -------------------------------------------------------------------------------------------

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
            x, y = _pair(index, columns)
        except (TypeError, ValueError):
            raise NotInSkyMap(f"{index!r} is no patch: give (x, y), 'x,y', or the sequential index") from None
        if not (0 <= x < columns and 0 <= y < rows):
            raise NotInSkyMap(f"tract {self.tract_id} has no patch {index!r}: its grid is {columns} x {rows}")
        return self._patch(x, y)

    def _patch(self, x: int, y: int) -> Patch:
        width, height = self.config.patchInnerDimensions
        inner = Box(x * width, y * height, width, height)
        return Patch((x, y), inner, _clipped(inner, self.config.patchBorder, self.bbox), self)

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
        """Find the patches that the bounding box of positions may touch, column by column; perhaps too many.

        A position that the projection cannot show, on the other side of the sky, is passed over.
        """
        pixels = _pixels(self.wcs, sphere.radec(coords))
        shown = np.isfinite(pixels[0]) & np.isfinite(pixels[1])
        if not shown.any():
            return ()
        ranges = [
            _touched(axis[shown], self.config.patchBorder, size, count)
            for axis, size, count in zip(pixels, self.config.patchInnerDimensions, self.num_patches, strict=True)
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
        return polygon(_vectors(self.corners(self.bbox)))

    def getSequentialPatchIndex(self, patch: Patch) -> int:
        return patch.sequential_index


def _pixels(wcs: WCS, positions: tuple[Any, Any]) -> tuple[Floats, Floats]:
    """Give pixels of right ascensions and declinations (deg); NaN where the projection has none."""
    x, y = wcs.wcs_world2pix(*positions, 0)
    return np.asarray(x, float), np.asarray(y, float)


def _vectors(positions: SkyCoord) -> Floats:
    return sphere.vector(*sphere.radec(positions))


def _placed(pixels: Floats, inner: int) -> tuple[int, int]:
    """Give the first pixel, and the number of patches, of an axis of the box (afw-files 7.3)."""
    low, high = float(pixels.min()), float(pixels.max())
    high += 2 * float(np.finfo(float).eps) * abs(high)
    first, last = int(np.ceil(low - 0.5)), int(np.floor(high + 0.5))
    size = last - first + 1
    count = -(-size // inner)
    return first - (count * inner - size) // 2, count


def _pair(index: Any, columns: int) -> tuple[int, int]:
    if isinstance(index, str):
        match = _PAIR.fullmatch(index)
        if match is not None:
            return int(match[1]), int(match[2])
        index = int(index)
    if isinstance(index, tuple | list | np.ndarray):
        x, y = index
        return operator.index(x), operator.index(y)
    number = operator.index(index)
    return number % columns, number // columns


def _clipped(box: Box, border: int, whole: Box) -> Box:
    """Grow a box by a border, as far as the whole reaches."""
    left, low = max(box.x0 - border, whole.x0), max(box.y0 - border, whole.y0)
    right = min(box.x0 + box.width + border, whole.x0 + whole.width)
    high = min(box.y0 + box.height + border, whole.y0 + whole.height)
    return Box(left, low, right - left, high - low)


def _touched(pixels: Floats, border: int, size: int, count: int) -> range:
    """Give the patches of an axis that pixels, and the border about them, touch."""
    first = max(int(np.ceil(pixels.min() - 0.5)) - border, 0)
    last = min(int(np.floor(pixels.max() + 0.5)) + border, size * count - 1)
    return range(first // size, last // size + 1) if first <= last else range(0)
