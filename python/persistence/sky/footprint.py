"""The footprint of an image on the sky: the convex polygon around its pixels.

The edges of an image are great circles only in a tangent projection without distortion. With SIP or
TPV they are curved; the distance of the curve from the great circle (the sagitta) is measured, and
the polygon's edges are moved outward by it, so that no pixel is outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from persistence.errors import FormatterError
from persistence.sky import tangent
from persistence.sky.polygon import Vectors, normals
from persistence.sky.tangent import Tangent
from persistence.types.pixels.box import Box
from persistence.types.wcs import sphere

# Positions measured along each edge.
_SAMPLES = 17
# Samples this far outside are rounding (rad): 0.2 microarcsec.
_ROUNDING = 1e-12
# Between two samples the curve may be further out than at both.
_MARGIN = 1.02
# A sagitta of this fraction of the diagonal is not a distortion.
_BENT = 0.2
_NO_POSITION = "the WCS has no position on the sky for some of the pixels"
# Reasons why an image has no footprint, the first one that holds.
_PROBLEMS = (
    "",
    "the pixels cover more than a hemisphere: their WCS is wrong",
    "the pixels have no area on the sky: their WCS is wrong",
    "the edges of the image cross each other: its WCS is wrong",
)


class Footprint(NamedTuple):
    """The footprint of an image.

    Attributes
    ----------
    vertices : array
        Four unit vectors, counterclockwise as seen from outside the sphere.
    sagitta : `float`
        The largest distance (rad) of the image's edge from the great circle between two corners.
    """

    vertices: Vectors
    sagitta: float


def of_wcs(wcs: Any, box: Box, origin: tuple[float, float] = (0, 0)) -> Footprint:
    """Return the footprint of an image.

    Parameters
    ----------
    wcs : `astropy.wcs.WCS` or `SkyWcs`
        The WCS; the centre of its first pixel is (0, 0).
    box : `Box`
        The image's size.
    origin : `tuple` [`float`, `float`]
        Column and row of the image's first pixel, as the WCS counts.

    Raises
    ------
    FormatterError
        If the WCS has no positions for all pixels, or they are not within a hemisphere, have no
        area, or overlap each other.
    """
    if box.width <= 0 or box.height <= 0:
        raise FormatterError(_without_pixels(box))
    columns, rows = _pixels([(*origin, box.width, box.height)])
    (footprint,) = _footprints(_vectors(wcs, columns[0], rows[0])[None])
    if isinstance(footprint, str):
        raise FormatterError(footprint)
    return footprint


def of_tangents(images: Sequence[tuple[Tangent, Box]]) -> list[Footprint | str]:
    """Return the footprint of each image, or the reason why it has none, as `of_wcs` says it.

    Parameters
    ----------
    images : sequence of `tuple` [`Tangent`, `Box`]
        The WCS of each image, and its pixels, as the WCS counts them.
    """
    boxes = [(box.x0, box.y0, box.width, box.height) for _, box in images]
    found = _footprints(tangent.vectors([one for one, _ in images], *_pixels(boxes)))
    return [
        _without_pixels(box) if min(box.width, box.height) <= 0 else footprint
        for (_, box), footprint in zip(images, found, strict=True)
    ]


def _without_pixels(box: Box) -> str:
    return f"an image of {box.width} x {box.height} pixels has no region"


def _pixels(boxes: Any) -> tuple[Vectors, Vectors]:
    """Return columns and rows along the edges of boxes (x0, y0, width, height), and the middles."""
    x, y = _edges()
    column, row, width, height = np.array(boxes, float).reshape(-1, 4, 1).swapaxes(0, 1)
    return column - 0.5 + x * width, row - 0.5 + y * height


def _footprints(vectors: Vectors) -> list[Footprint | str]:
    """Return the footprints of images with these edges and middles, or why there is none."""
    is_finite = np.isfinite(vectors).all(axis=(1, 2))
    answers: list[Footprint | str] = [_NO_POSITION] * len(vectors)
    vertices, sagittas, problems = _around(vectors[is_finite, :-1], vectors[is_finite, -1])
    for number, place in enumerate(np.nonzero(is_finite)[0].tolist()):
        its = Footprint(vertices[number], float(sagittas[number]))
        answers[place] = problems[number] or its
    return answers


def _vectors(wcs: Any, x: Vectors, y: Vectors) -> Vectors:
    """Return unit vectors (ICRS) of pixels by astropy's WCS, or by one that is not of FITS."""
    if hasattr(wcs, "all_pix2world"):
        return sphere.vector(*sphere.of_pixels(wcs, x, y))
    if wcs.frame.name == "icrs":
        return sphere.vector(*wcs.pixel_to_world_values(x, y))
    return sphere.vector(*sphere.radec(wcs.pixel_to_world(x, y)))


def of_boxes(wcs: Any, boxes: Vectors) -> Vectors:
    """Return the vertices of many boxes of pixels of one WCS, such as patches.

    Parameters
    ----------
    wcs : `astropy.wcs.WCS` or `SkyWcs`
        The WCS; the centre of its first pixel is (0, 0).
    boxes : array
        The first column and row, width and height of each, of shape (boxes, 4).

    Returns
    -------
    vertices : array
        Of shape (boxes, 4, 3).

    Raises
    ------
    FormatterError
        As for `of_wcs`.
    """
    columns, rows = _pixels(boxes)
    vectors = _vectors(wcs, columns.ravel(), rows.ravel()).reshape(*columns.shape, 3)
    found = _footprints(vectors)
    for problem in found:
        if isinstance(problem, str):
            raise FormatterError(problem)
    return np.array([one.vertices for one in found if isinstance(one, Footprint)])


def _edges() -> tuple[Vectors, Vectors]:
    """Return positions along the edges of the unit square, side by side, and its middle."""
    along = np.linspace(0, 1, _SAMPLES)
    low, high = np.zeros(_SAMPLES - 1), np.ones(_SAMPLES - 1)
    rising, falling = along[:-1], along[:0:-1]
    columns = np.concatenate([rising, high, falling, low, [0.5]])
    return columns, np.concatenate([low, rising, high, falling, [0.5]])


def _around(edges: Vectors, middles: Vectors) -> tuple[Vectors, Vectors, list[str]]:
    """Return polygons with four edges around samples of the edges of images, and the sagittas.

    The third item is the reason why an image has none; empty if it has one.

    Parameters
    ----------
    edges : array
        Of shape (images, samples, 3), side by side.
    middles : array
        The middles of the images, of shape (images, 3).
    """
    corners = edges.reshape(len(edges), 4, _SAMPLES - 1, 3)[:, :, 0]
    is_mirrored = np.asarray((_heights(normals(corners), middles) < 0).all(axis=1))  # as most are
    corners = np.where(is_mirrored[:, None, None], corners[:, [0, 3, 2, 1]], corners)
    planes = normals(corners)
    is_wide = (_heights(edges, middles) <= 0).any(axis=1)
    ends = np.roll(corners, -1, axis=1)
    is_short = (np.linalg.norm(corners - ends, axis=-1) < 1e-14).any(axis=1)
    is_empty = ~(_heights(planes, middles) > 0).all(axis=1) | is_short
    centres = corners + ends
    centres /= np.maximum(np.linalg.norm(centres, axis=-1, keepdims=True), 1e-300)
    # An edge's plane is turned about the line perpendicular to its centre: n -> n + t c.
    outside = edges @ planes.swapaxes(1, 2)
    along = np.maximum(edges @ centres.swapaxes(1, 2), 1e-9)
    turns = np.where(outside < 0, -outside / along, 0).max(axis=1)
    turns = np.where(turns > _ROUNDING, turns * _MARGIN, _ROUNDING)
    planes = planes + turns[..., None] * centres
    vertices = np.cross(np.roll(planes, 1, axis=1), planes)
    vertices /= np.maximum(np.linalg.norm(vertices, axis=-1, keepdims=True), 1e-300)
    # A wrong WCS, whose pixels overlap each other, bends the edges as no distortion does.
    size = np.linalg.norm(corners[:, :2] - corners[:, 2:], axis=-1).max(axis=1)
    is_bent = turns.max(axis=1) > _BENT * size
    is_bent |= ~(_heights(normals(vertices), middles) > 0).all(axis=1)
    kinds = np.select([is_wide, is_empty, is_bent], [1, 2, 3], 0)
    problems = [_PROBLEMS[kind] for kind in kinds.tolist()]
    return vertices, np.maximum(-outside.min(axis=(1, 2), initial=0.0), 0.0), problems


def _heights(vectors: Vectors, middles: Vectors) -> Vectors:
    """Return the scalar products of vectors, of shape (images, n, 3), with one for each image."""
    return np.asarray(np.einsum("ijk,ik->ij", vectors, middles))
