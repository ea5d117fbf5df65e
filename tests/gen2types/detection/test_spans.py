"""Sets of pixels, against scipy's images of them."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import lsst.afw.geom
import lsst.afw.geom.ellipses as ellipses
import lsst.geom
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.detection.runs import components
from persistence.gen2types.detection.span import Span, Stencil
from persistence.gen2types.detection.spans import SpanSet
from persistence.gen2types.exceptions import OutOfRangeError
from persistence.types.table import footprint as ours

ndimage = pytest.importorskip("scipy.ndimage")
CORNER = (-3, 5)


def of(mask: Any, corner: tuple[int, int] = CORNER) -> SpanSet:
    face: SpanSet = wrap(ours.SpanSet.from_mask(mask, corner))
    return face


def image(spans: SpanSet, corner: tuple[int, int] = CORNER, size: int = 20) -> Any:
    return spans.asArray((size, size), corner)


@pytest.fixture(params=range(5))
def masks(request: pytest.FixtureRequest) -> Any:
    """Return two images of chance."""
    return np.random.default_rng(request.param).random((2, 20, 20)) < 0.1 + 0.2 * request.param


STENCILS = {Stencil.CIRCLE: 13, Stencil.BOX: 25, Stencil.MANHATTAN: 13}


@pytest.mark.parametrize("stencil", STENCILS)
def test_grown_and_shrunk_sets_are_scipys(masks: Any, stencil: Stencil) -> None:
    shape = SpanSet.fromShape(2, stencil)
    assert shape.getArea() == STENCILS[stencil]
    assert shape.getBBox() == lsst.geom.Box2I(lsst.geom.Point2I(-2, -2), lsst.geom.Point2I(2, 2))
    structure = shape.asArray()
    around = (CORNER[0] - 4, CORNER[1] - 4)
    spans, padded = of(masks[0]), np.pad(masks[0], 4)
    grown = ndimage.binary_dilation(padded, structure)
    assert np.array_equal(image(spans.dilated(2, stencil), around, 28), grown)
    shrunk = ndimage.binary_erosion(padded, structure)
    assert np.array_equal(image(spans.eroded(2, stencil), around, 28), shrunk)


def test_sets_are_combined(masks: Any) -> None:
    one, two = (of(mask) for mask in masks)
    assert np.array_equal(image(one.union(two)), masks[0] | masks[1])
    assert np.array_equal(image(one.intersect(two)), masks[0] & masks[1])
    assert np.array_equal(image(one.intersectNot(two)), masks[0] & ~masks[1])
    assert one.overlaps(two) == (masks[0] & masks[1]).any()
    assert one.union(two).contains(one)
    assert one.contains(two) == (masks[0] | ~masks[1]).all()
    box = lsst.geom.Box2I(lsst.geom.Point2I(0, 7), lsst.geom.Extent2I(5, 6))
    clipped = np.zeros_like(masks[0])
    clipped[2:8, 3:8] = masks[0][2:8, 3:8]
    assert np.array_equal(image(one.clippedTo(box)), clipped)
    assert np.array_equal(image(one.shiftedBy(2, 1), (-1, 6)), masks[0])


@pytest.mark.parametrize("reach", [0, 1])
def test_parts_are_scipys(masks: Any, reach: int) -> None:
    runs = unwrap(of(masks[0]))
    structure = np.ones((3, 3)) if reach else None
    labels, count = ndimage.label(masks[0], structure)
    parts = components(runs.y, runs.x0, runs.x1, reach)
    assert len(parts) == count
    if not reach:
        split = of(masks[0]).split()
        assert [part.getArea() for part in split] == [
            int((labels == number).sum()) for number in range(1, count + 1)
        ]
        assert of(masks[0]).isContiguous() == (count == 1)


def test_moments_are_numpys() -> None:
    mask = np.random.default_rng(1).random((20, 20)) < 0.5
    y, x = np.nonzero(mask)
    spans = of(mask)
    assert tuple(spans.computeCentroid()) == pytest.approx((x.mean() - 3, y.mean() + 5))
    shape = spans.computeShape()
    assert (shape.getIxx(), shape.getIyy(), shape.getIxy()) == pytest.approx(
        (x.var(), y.var(), np.cov(x, y, bias=True)[0, 1])
    )
    assert spans.indices() == [(y + 5).tolist(), (x - 3).tolist()]
    values = np.arange(400.0).reshape(20, 20)
    flat = spans.flatten(values, CORNER)
    assert np.array_equal(flat, values[mask])
    assert np.array_equal(spans.unflatten(flat)[spans.asArray()], flat)
    with pytest.raises(OutOfRangeError, match="outside the image"):
        spans.flatten(values[:10], CORNER)


def test_a_set_is_made_of_boxes_and_runs() -> None:
    box = lsst.geom.Box2I(lsst.geom.Point2I(2, 3), lsst.geom.Extent2I(4, 2))
    spans = SpanSet(box)
    assert (spans.getArea(), len(spans), spans.getBBox()) == (8, 2, box)
    assert list(spans) == [Span(3, 2, 5), Span(4, 2, 5)]
    assert spans == SpanSet([Span(4, 2, 5), Span(3, 2, 3), Span(3, 3, 5)])
    assert pickle.loads(pickle.dumps(spans)) == spans
    assert spans[0].getWidth() == 4
    assert spans.contains(lsst.geom.Point2I(5, 4))
    assert not spans.contains(lsst.geom.Point2I(6, 4))
    assert SpanSet().getArea() == 0
    assert SpanSet().getBBox().isEmpty()


def test_cubes_are_flattened() -> None:
    spans = SpanSet.fromShape(2, Stencil.BOX).shiftedBy(2, 2)
    cube = np.arange(75).reshape(5, 5, 3)
    assert np.array_equal(spans.flatten(cube), cube.reshape(25, 3))
    assert np.array_equal(spans.unflatten(cube.reshape(25, 3)), cube)


def test_a_set_is_transformed() -> None:
    double = lsst.geom.LinearTransform(np.array([[2.0, 0.0], [0.0, 2.0]]))
    scaled = SpanSet.fromShape(2).transformedBy(double)
    assert scaled.getBBox().getMin() == lsst.geom.Point2I(-4, -4)
    shift = lsst.afw.geom.makeTransform(lsst.geom.AffineTransform(np.eye(2), np.array([3.0, -2.0])))
    assert SpanSet.fromShape(2).transformedBy(shift) == SpanSet.fromShape(2).shiftedBy(3, -2)


# The original's test of the circle of radius 6: rows -6 to 0 of its edge.
EDGE = [
    *((-6, 0, 0), (-5, -3, -1), (-5, 1, 3), (-4, -4, -4), (-4, 4, 4), (-3, -5, -5), (-3, 5, 5)),
    *((-2, -5, -5), (-2, 5, 5), (-1, -5, -5), (-1, 5, 5), (0, -6, -6), (0, 6, 6)),
]


def test_the_edge_of_a_set_is_the_originals() -> None:
    spans = SpanSet.fromShape(6)
    edge = list(spans.findEdgePixels())
    assert edge[: len(EDGE)] == [Span(*each) for each in EDGE]
    assert lsst.geom.Point2I(0, 0) in spans
    assert lsst.geom.Point2I(0, 7) not in spans


@pytest.mark.parametrize(("a", "b", "theta"), [(6, 6, 0.0), (9, 4, 0.7), (3.3, 2.2, -1.1)])
def test_an_ellipse_has_the_pixels_whose_centres_it_holds(a: float, b: float, theta: float) -> None:
    centre = (5.3, 6.8)
    spans = SpanSet.fromShape(
        ellipses.Ellipse(ellipses.Axes(a, b, theta), lsst.geom.Point2D(*centre))
    )
    y, x = np.mgrid[-10:30, -10:30]
    dx, dy = x - centre[0], y - centre[1]
    along = dx * np.cos(theta) + dy * np.sin(theta)
    across = dy * np.cos(theta) - dx * np.sin(theta)
    inside = (along / a) ** 2 + (across / b) ** 2 <= 1
    assert np.array_equal(spans.asArray((40, 40), (-10, -10)), inside)


def test_a_span_is_a_run_of_pixels() -> None:
    span = Span(3, 4, 6)
    assert (span.getY(), span.getX0(), span.getX1(), span.getEndX()) == (3, 4, 6, 7)
    assert (span.getMin(), span.getMax()) == (lsst.geom.Point2I(4, 3), lsst.geom.Point2I(6, 3))
    assert (len(span), span.width, span.isEmpty(), Span(1, 5, 4).isEmpty()) == (3, 3, False, True)
    assert list(span) == [lsst.geom.Point2I(x, 3) for x in (4, 5, 6)]
    assert (span.contains(5), span.contains(7), span.contains(5, 3), span.contains(5, 4)) == (
        *(True, False, True, False),
    )
    assert pickle.loads(pickle.dumps(span)) == span
    assert len({span, Span(3, 4, 6)}) == 1
    span.shift(2)
    assert repr(span) == "3: 6..8"
    assert len({SpanSet([span]), SpanSet([Span(3, 6, 8)])}) == 1
    assert SpanSet([span]).size() == 1
    assert repr(SpanSet([span])) == "3: 6..8"


def test_a_shape_that_is_not_symmetric_grows_and_shrinks_as_scipys(masks: Any) -> None:
    shape = SpanSet([Span(0, 0, 2), Span(1, 0, 0)])
    structure = np.zeros((5, 5), bool)
    structure[2, 2:5] = structure[3, 2] = True
    padded, around = np.pad(masks[0], 4), (CORNER[0] - 4, CORNER[1] - 4)
    grown = ndimage.binary_dilation(padded, structure)
    assert np.array_equal(image(of(masks[0]).dilated(shape), around, 28), grown)
    shrunk = ndimage.binary_erosion(padded, structure)
    assert np.array_equal(image(of(masks[0]).eroded(shape), around, 28), shrunk)
