"""The tracts and patches of a sky map that have positions in common with a region."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.sky import footprint, polygon
from persistence.sky.polygon import Vectors
from persistence.sky.regions import Region
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from persistence.skymap.base import SkyMap
    from persistence.skymap.tract import Tract

# A box contains the outline of its tract, and its corners are further out: by sqrt(2), and by a
# part of a patch, and by the distortion of the projection.
_CORNERS = 1.6


class Outlines(NamedTuple):
    """The polygons of the patches of a tract, with the circles around them.

    Attributes
    ----------
    names : `list` [`str`]
        The patches, ``x,y``.
    vertices : array
        Of shape (patches, 4, 3).
    centres : array
        Unit vectors, of shape (patches, 3).
    radii : array
        The largest distances of vertices from the centres, as chords.
    """

    names: list[str]
    vertices: Vectors
    centres: Vectors
    radii: NDArray[np.float64]


_known: weakref.WeakKeyDictionary[Tract, Outlines] = weakref.WeakKeyDictionary()
_circles: weakref.WeakKeyDictionary[SkyMap, tuple[Vectors, NDArray[np.float64]]] = (
    weakref.WeakKeyDictionary()
)


def tracts(skymap: SkyMap, region: Region) -> Iterator[Tract]:
    """Yield the tracts whose boxes have a position in common with a region."""
    centres, radii = _tract_circles(skymap)
    for number in np.nonzero(_near(region, centres, radii))[0].tolist():
        tract = skymap[number]
        if region.intersects(polygon.to_bytes(outline(tract))):
            yield tract


def patches(skymap: SkyMap, region: Region) -> Iterator[tuple[int, str, Vectors]]:
    """Yield tract, patch, and the polygon of the patch's outer box, of a region's patches."""
    for tract in tracts(skymap, region):
        every = outlines(tract)
        for place in np.nonzero(_near(region, every.centres, every.radii))[0].tolist():
            if region.intersects(polygon.to_bytes(every.vertices[place])):
                yield tract.tract_id, every.names[place], every.vertices[place]


def outline(tract: Tract) -> Vectors:
    """Return the polygon of a tract's box."""
    return footprint.of_wcs(tract.wcs, tract.bbox).vertices


def outlines(tract: Tract) -> Outlines:
    """Return the polygons of a tract's patches."""
    if tract not in _known:
        every = tract.patches
        boxes = np.array(
            [
                (one.outer_bbox.x0, one.outer_bbox.y0, one.outer_bbox.width, one.outer_bbox.height)
                for one in every
            ],
            float,
        )
        vertices = footprint.of_boxes(tract.wcs, boxes)
        centres, radii = circles(vertices)
        _known[tract] = Outlines([one.name for one in every], vertices, centres, radii)
    return _known[tract]


def circles(vertices: Vectors) -> tuple[Vectors, NDArray[np.float64]]:
    """Return the centres of circles around polygons, and their radii as chords."""
    centres = vertices.sum(axis=-2)
    centres /= np.linalg.norm(centres, axis=-1, keepdims=True)
    return centres, np.linalg.norm(vertices - centres[..., None, :], axis=-1).max(axis=-1)


def _tract_circles(skymap: SkyMap) -> tuple[Vectors, NDArray[np.float64]]:
    if skymap not in _circles:
        every = list(skymap)
        centres = sphere.vector(*np.transpose([one.middle for one in every]).reshape(2, -1))
        radii = np.zeros(len(every))
        for number, one in enumerate(every):
            away = np.linalg.norm(sphere.vector(*one.outline) - centres[number], axis=-1).max()
            side = max(one.config.patchInnerDimensions) * one.config.pixelScale / 3600
            radii[number] = _CORNERS * away + np.radians(side) * 2
        _circles[skymap] = centres, radii
    return _circles[skymap]


def _near(region: Region, centres: Vectors, radii: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether circles may have a position in common with the box around a region."""
    limits = np.array(region.bounds()).reshape(3, 2)
    nearest = np.clip(centres, limits[:, 0], limits[:, 1])
    return np.asarray(np.linalg.norm(centres - nearest, axis=-1) <= radii + 1e-12)
