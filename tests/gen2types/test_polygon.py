"""`Polygon`: areas and what is inside, against sphgeom-free geometry done by hand and by counting."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from persistence.gen2types import unwrap, wrap
from persistence.gen2types.afwgeom import Polygon, SinglePolygonException, makeTransform
from persistence.gen2types.box import Box2D, Box2I
from persistence.gen2types.coordinates import Extent2I, Point2D, Point2I
from persistence.gen2types.transforms import AffineTransform

# An L of area 300, not convex.
BENT = Polygon([Point2D(*p) for p in ((0, 0), (20, 0), (20, 10), (10, 10), (10, 20), (0, 20))])
SQUARE = Polygon(Box2D(Point2D(5.0, 5.0), Point2D(15.0, 15.0)))


def counted(*polygons: Polygon) -> float:
    """Return the area in common, by counting points of a fine grid."""
    x, y = np.meshgrid(np.arange(-5, 30, 0.05) + 0.025, np.arange(-5, 30, 0.05) + 0.025)
    inside = np.logical_and.reduce([polygon.contains(x, y) for polygon in polygons])
    return float(inside.sum() * 0.05**2)


def test_a_polygon_is_made_of_vertices_or_of_a_box() -> None:
    assert len(BENT) == BENT.getNumEdges() == 6
    assert [tuple(p) for p in SQUARE] == [(5, 5), (15, 5), (15, 15), (5, 15)]
    assert SQUARE.getVertices()[0] == SQUARE.getVertices()[-1]
    assert Polygon(SQUARE.getVertices()) == SQUARE
    assert Polygon(Box2I(Point2I(0, 0), Extent2I(4, 2))).calculateArea() == 8
    with pytest.raises(ValueError, match="a polygon has 3 vertices"):
        Polygon([Point2D(0, 0), Point2D(1, 1)])


def test_areas_edges_and_the_middle() -> None:
    assert (BENT.calculateArea(), BENT.calculatePerimeter()) == (300, 80)
    # the middle of two rectangles, of 200 and 100
    assert tuple(BENT.getCenter()) == pytest.approx(((200 * 10 + 100 * 5) / 300, 25 / 3))
    assert BENT.getBBox() == Box2D(Point2D(0.0, 0.0), Point2D(20.0, 20.0))
    assert BENT.getEdges()[0] == (Point2D(0, 0), Point2D(20, 0))


def test_what_is_inside() -> None:
    assert BENT.contains(Point2D(5, 15)) is True
    assert BENT.contains(Point2D(15, 15)) is False
    assert BENT.contains(np.array([5, 15]), np.array([15, 15])).tolist() == [True, False]


@pytest.mark.parametrize(
    "other", [SQUARE, Polygon([Point2D(-3, 4), Point2D(12, 1), Point2D(14, 18)])]
)
def test_what_two_have_in_common_has_the_area_that_counting_gives(other: Polygon) -> None:
    for one, two in ((BENT, other), (other, BENT)):
        common = one.intersectionSingle(two)
        assert common.calculateArea() == pytest.approx(counted(one, two), abs=0.2)
    assert BENT.overlaps(other)


def test_polygons_apart_have_nothing_in_common() -> None:
    away = Polygon(Box2D(Point2D(12.0, 12.0), Point2D(19.0, 19.0)))
    assert not BENT.overlaps(away)
    assert BENT.intersection(away) == []
    with pytest.raises(SinglePolygonException):
        BENT.intersectionSingle(away)
    with pytest.raises(ValueError, match="only if one of them is convex"):
        BENT.intersection(BENT)


def test_the_hull_leaves_out_the_dent() -> None:
    hull = BENT.convexHull()
    assert hull.calculateArea() == 350
    assert {tuple(p) for p in hull} == {(0, 0), (20, 0), (20, 10), (10, 20), (0, 20)}


@pytest.mark.parametrize("kind", ["affine", "transform"])
def test_a_transform_moves_the_vertices(kind: str) -> None:
    affine = AffineTransform(np.array([[2.0, 0.0], [0.0, 3.0]]), np.array([1.0, 1.0]))
    transform: Any = affine if kind == "affine" else makeTransform(affine)
    moved = SQUARE.transform(transform)
    assert [tuple(p) for p in moved] == [(11, 16), (31, 16), (31, 46), (11, 46)]


def test_edges_can_be_cut_into_parts() -> None:
    assert len(SQUARE.subSample(4)) == 16
    assert len(SQUARE.subSample(3.0)) == 12
    assert SQUARE.subSample(4).calculateArea() == pytest.approx(100)


def test_it_is_a_face() -> None:
    again = wrap(unwrap(SQUARE))
    assert again == SQUARE
    assert again != BENT
    assert pickle.loads(pickle.dumps(SQUARE)) == copy.copy(SQUARE)
