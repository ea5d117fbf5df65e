"""`Polygon`: a part of an image, by the name of ``lsst.afw.geom.polygon``."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types import exceptions
from persistence.gen2types.box import Box2D, Box2I
from persistence.gen2types.coordinates import Point2D
from persistence.gen2types.face import Face
from persistence.types.pixels.polygon import Polygon as OurPolygon

Vertices = NDArray[np.float64]


class SinglePolygonException(exceptions.RuntimeError):
    """An operation of two polygons whose result is not one polygon."""


class Polygon(Face[OurPolygon]):
    """A polygon without holes.

    Parameters
    ----------
    shape : `Box2D`, `Box2I`, or list of `Point2D`
        A rectangle, or the vertices.
    """

    def __init__(self, shape: Any, *_: Any) -> None:
        corners = Box2D(shape).getCorners() if isinstance(shape, Box2D | Box2I) else list(shape)
        vertices = np.array([tuple(corner) for corner in corners], float).reshape(-1, 2)
        if len(vertices) > 1 and np.array_equal(vertices[0], vertices[-1]):
            vertices = vertices[:-1]
        if len(vertices) < 3:
            raise exceptions.LengthError(f"a polygon has 3 vertices or more, not {len(vertices)}")
        self._ours = OurPolygon(vertices)

    def __len__(self) -> int:
        return len(self._ours.vertices)

    getNumEdges = __len__

    def getVertices(self) -> list[Point2D]:
        """Return the vertices, with the first once more at the end."""
        ring = [*self._ours.vertices, self._ours.vertices[0]]
        return [Point2D(float(x), float(y)) for x, y in ring]

    def getEdges(self) -> list[tuple[Point2D, Point2D]]:
        ring = self.getVertices()
        return list(itertools.pairwise(ring))

    def __iter__(self) -> Iterator[Point2D]:
        return iter(self.getVertices()[:-1])

    def contains(self, *position: Any) -> Any:
        """Return whether a `Point2D`, or each of arrays of ``x, y``, is inside."""
        x, y = position if len(position) == 2 else position[0]
        inside = self._ours.contains(x, y)
        return inside if np.ndim(inside) else bool(inside)

    def calculateArea(self) -> float:
        return self._ours.area

    def calculatePerimeter(self) -> float:
        ring = np.array([tuple(point) for point in self.getVertices()])
        return float(np.hypot(*np.diff(ring, axis=0).T).sum())

    def getCenter(self) -> Point2D:
        """Return the centroid of the area."""
        (x, y), (u, v) = self._ours.vertices.T, np.roll(self._ours.vertices, -1, axis=0).T
        cross = x * v - u * y
        total = 3 * cross.sum()
        return Point2D(
            float(((x + u) * cross).sum() / total), float(((y + v) * cross).sum() / total)
        )

    def getBBox(self) -> Box2D:
        low, high = self._ours.vertices.min(axis=0), self._ours.vertices.max(axis=0)
        return Box2D(Point2D(*map(float, low)), Point2D(*map(float, high)))

    def overlaps(self, other: Any) -> bool:
        """Return whether this polygon and another, or a box, have an area in common."""
        return bool(self.intersection(other))

    def intersection(self, other: Any) -> list[Polygon]:
        """Return the intersection with another polygon, or a box: a list of polygons.

        Raises
        ------
        InvalidParameterError
            If neither of them is convex.
        """
        other = other if isinstance(other, Polygon) else Polygon(other)
        inner, outer = self._ours.vertices, other._ours.vertices
        if not _is_convex(outer):
            inner, outer = outer, inner
        if not _is_convex(outer):
            raise exceptions.InvalidParameterError(
                "the intersection of two polygons is known only if one of them is convex"
            )
        common = _clipped(inner, outer)
        return [Polygon(common)] if len(common) > 2 and OurPolygon(common).area > 0 else []

    def intersectionSingle(self, other: Any) -> Polygon:
        """Return the one polygon in common; `SinglePolygonException` if there is none."""
        common = self.intersection(other)
        if not common:
            raise SinglePolygonException("the polygons have nothing in common")
        return common[0]

    def convexHull(self) -> Polygon:
        """Return the smallest convex polygon that holds this one."""
        points = sorted(map(tuple, self._ours.vertices.tolist()))
        halves = [_half(points), _half(points[::-1])]
        return Polygon(halves[0][:-1] + halves[1][:-1])

    def transform(self, transform: Any) -> Polygon:
        """Return the polygon of the transformed vertices."""
        vertices = self.getVertices()[:-1]
        if hasattr(transform, "applyForward"):
            return Polygon(transform.applyForward(vertices))
        return Polygon([transform(vertex) for vertex in vertices])

    def subSample(self, number: Any) -> Polygon:
        """Return the polygon with each edge cut into parts: a number of them, or by length."""
        vertices = []
        for start, end in self.getEdges():
            length = float(np.hypot(*(end - start)))
            parts = number if isinstance(number, int) else max(1, int(length / number))
            steps = np.arange(parts) / parts
            vertices += [Point2D(*(start + (end - start) * float(step))) for step in steps]
        return Polygon(vertices)

    def __eq__(self, other: object) -> bool:
        return self._ours == other._ours if isinstance(other, Polygon) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._ours.vertices.tobytes())

    def __repr__(self) -> str:
        return f"Polygon({self.getVertices()[:-1]!r})"


def _clipped(polygon: Vertices, convex: Vertices) -> Vertices:
    """Return the part of a polygon inside a convex one (Sutherland and Hodgman, 1974)."""
    x, y = convex.T
    sign = np.sign(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    for start, end in zip(convex, np.roll(convex, -1, axis=0), strict=True):
        edge = end - start
        sides = sign * (edge[0] * (polygon[:, 1] - start[1]) - edge[1] * (polygon[:, 0] - start[0]))
        kept: list[Vertices] = []
        for here, there, side, next_side in zip(
            polygon, np.roll(polygon, -1, axis=0), sides, np.roll(sides, -1), strict=True
        ):
            if side >= 0:
                kept.append(here)
            if (side > 0 > next_side) or (side < 0 < next_side):
                kept.append(here + (there - here) * side / (side - next_side))
        polygon = np.array(kept).reshape(-1, 2)
        if not len(polygon):
            break
    return polygon


def _is_convex(vertices: Vertices) -> bool:
    edges = np.roll(vertices, -1, axis=0) - vertices
    turns = edges[:, 0] * np.roll(edges[:, 1], -1) - edges[:, 1] * np.roll(edges[:, 0], -1)
    return bool((turns >= 0).all() or (turns <= 0).all())


def _half(points: list[Any]) -> list[Any]:
    """Return the points of the lower half of a hull (Andrew's monotone chain, 1979)."""
    chain: list[Any] = []
    for x, y in points:
        while len(chain) > 1:
            (x0, y0), (x1, y1) = chain[-2:]
            if (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain
