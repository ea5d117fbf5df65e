"""Patches: the rectangles into which a tract is divided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from persistence.types.pixels.box import Box

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord


class Gridded(Protocol):
    """The tract of a patch, as far as the patch uses it."""

    @property
    def tract_id(self) -> int:
        """The number of the tract."""

    @property
    def num_patches(self) -> tuple[int, int]:
        """The numbers of columns and rows of patches."""

    def corners(self, box: Box) -> SkyCoord:
        """Return the corners of a box on the sky."""

    def polygon(self, box: Box) -> Any:
        """Return the polygon of a box on the sky."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle of a tract.

    Parameters
    ----------
    index : `tuple` [`int`, `int`]
        Column and row in the tract's grid of patches, from 0.
    inner_bbox : `Box`
        The pixels that only this patch has, in the tract's pixels; those of all patches tile the
        tract.
    outer_bbox : `Box`
        The same with the border, within the tract.
    tract : `Gridded`
        The patch's tract.
    """

    index: tuple[int, int]
    inner_bbox: Box
    outer_bbox: Box
    tract: Gridded

    @property
    def name(self) -> str:
        """The index as in Gen2's data IDs and paths: ``"x,y"``."""
        return f"{self.index[0]},{self.index[1]}"

    @property
    def sequential_index(self) -> int:
        """The index as one number, counted row by row from 0."""
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

    # Gen2 needs the tract's WCS as an argument; here it is known.
    def getInnerSkyPolygon(self, tractWcs: Any = None) -> Any:
        return self.tract.polygon(self.inner_bbox)

    def getOuterSkyPolygon(self, tractWcs: Any = None) -> Any:
        return self.tract.polygon(self.outer_bbox)
