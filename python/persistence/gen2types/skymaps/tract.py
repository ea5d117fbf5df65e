"""`TractInfo` and `PatchInfo`: parts of a sky map, by the names of ``lsst.skymap``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from persistence.gen2types import wrap
from persistence.gen2types.angle import Angle, degrees
from persistence.gen2types.box import Box2I
from persistence.gen2types.face import Face
from persistence.gen2types.skymaps.positions import coordinates, points
from persistence.gen2types.spherepoint import SpherePoint
from persistence.skymap.patch import Patch
from persistence.skymap.tract import Tract


class PatchInfo(Face[Patch]):
    """A rectangle of a tract."""

    def __init__(self, *_: Any) -> None:
        raise TypeError("patches cannot be created alone; tractInfo[x, y] returns one")

    def getIndex(self) -> tuple[int, int]:
        """Return column and row in the tract's grid of patches."""
        return self._ours.index

    def getSequentialIndex(self) -> int:
        return self._ours.sequential_index

    def getInnerBBox(self) -> Box2I:
        """Return the pixels that are this patch's own."""
        return Box2I.of(self._ours.inner_bbox)

    def getOuterBBox(self) -> Box2I:
        """Return the pixels with the border."""
        return Box2I.of(self._ours.outer_bbox)

    # Gen2 required the tract's WCS as an argument; it is known here.
    def getInnerSkyPolygon(self, tractWcs: Any = None) -> Any:
        return self._ours.getInnerSkyPolygon()

    def getOuterSkyPolygon(self, tractWcs: Any = None) -> Any:
        return self._ours.getOuterSkyPolygon()

    index = property(getIndex)
    sequential_index = property(getSequentialIndex)
    inner_bbox = property(getInnerBBox)
    outer_bbox = property(getOuterBBox)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PatchInfo):
            return NotImplemented
        return _places(self._ours) == _places(other._ours)

    def __hash__(self) -> int:
        return hash(_places(self._ours))

    def __str__(self) -> str:
        return f"PatchInfo(index={self.getIndex()})"

    def __repr__(self) -> str:
        inner, outer = self.getInnerBBox(), self.getOuterBBox()
        return f"PatchInfo(index={self.getIndex()}, innerBBox={inner}, outerBBox={outer})"


def _places(patch: Patch) -> tuple[Any, ...]:
    return patch.index, patch.inner_bbox, patch.outer_bbox


class TractInfo(Face[Tract]):
    """A part of the sky in one projection. Iteration yields its patches, row by row."""

    def __init__(self, *_: Any) -> None:
        raise TypeError("tracts cannot be created alone; skyMap[number] returns one")

    def getId(self) -> int:
        return self._ours.tract_id

    def getCtrCoord(self) -> SpherePoint:
        return SpherePoint(*self._ours.middle, degrees)

    def getVertexList(self) -> list[SpherePoint]:
        """Return the corners of the tract's inner region."""
        return points(self._ours.vertices)

    def getWcs(self) -> Any:
        return wrap(self._ours.wcs)

    def getBBox(self) -> Box2I:
        return Box2I.of(self._ours.bbox)

    def getNumPatches(self) -> tuple[int, int]:
        return self._ours.num_patches

    def getPatchBorder(self) -> int:
        return self._ours.config.patchBorder

    def getPatchInnerDimensions(self) -> tuple[int, int]:
        return self._ours.config.patchInnerDimensions

    def getTractOverlap(self) -> Angle:
        return Angle(self._ours.config.tractOverlap, degrees)

    def getInnerSkyPolygon(self) -> Any:
        return self._ours.getInnerSkyPolygon()

    def getOuterSkyPolygon(self) -> Any:
        return self._ours.getOuterSkyPolygon()

    # -- patches
    def getPatchInfo(self, index: Any) -> PatchInfo:
        """Return a patch: by column and row, by ``"x,y"``, or by its sequential index.

        Raises
        ------
        NotInSkyMap
            If the tract has no such patch.
        """
        return PatchInfo.of(self._ours[index])

    def __getitem__(self, index: Any) -> PatchInfo:
        return self.getPatchInfo(index)

    def __iter__(self) -> Iterator[PatchInfo]:
        return (PatchInfo.of(patch) for patch in self._ours)

    def __len__(self) -> int:
        return len(self._ours)

    def getSequentialPatchIndex(self, patchInfo: PatchInfo) -> int:
        return patchInfo.getSequentialIndex()

    def getSequentialPatchIndexFromPair(self, index: Any) -> int:
        return self.getPatchInfo(index).getSequentialIndex()

    def getPatchIndexPair(self, sequentialIndex: int) -> tuple[int, int]:
        return self.getPatchInfo(sequentialIndex).getIndex()

    def findPatch(self, coord: Any) -> PatchInfo:
        """Return the patch whose own pixels hold a position; `LookupError` if it is outside."""
        return PatchInfo.of(self._ours.findPatch(coordinates(coord)))

    def findPatchList(self, coordList: Any) -> tuple[PatchInfo, ...]:
        """Return the patches that the box about some positions may touch."""
        overlaps = self._ours.findPatchList(coordinates(coordList))
        return tuple(PatchInfo.of(patch) for patch in overlaps)

    def contains(self, coord: Any) -> bool:
        """Return whether a position is in the tract's box."""
        return bool(self._ours.contains(coordinates(coord)))

    tract_id = property(getId)
    ctr_coord = property(getCtrCoord)
    vertex_list = property(getVertexList)
    wcs = property(getWcs)
    bbox = property(getBBox)
    num_patches = property(getNumPatches)
    patch_border = property(getPatchBorder)
    patch_inner_dimensions = property(getPatchInnerDimensions)
    tract_overlap = property(getTractOverlap)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TractInfo):
            return NotImplemented
        return _described(self._ours) == _described(other._ours)

    def __hash__(self) -> int:
        return hash(_described(self._ours))

    def __str__(self) -> str:
        return f"TractInfo(id={self.getId()})"

    def __repr__(self) -> str:
        return f"TractInfo(id={self.getId()}, ctrCoord={self.getCtrCoord()})"


def _described(tract: Tract) -> tuple[Any, ...]:
    return tract.tract_id, tract.config, tract.middle, tract.bbox
