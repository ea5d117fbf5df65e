"""The hierarchical triangular mesh: numbers, and what a circle, a polygon and a box touch."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from persistence.errors import DataIdError
from persistence.refcats import htm
from persistence.types.wcs import sphere

RA = st.floats(0, 360, exclude_max=True)
DEC = st.floats(-1, 1).map(lambda z: float(np.degrees(np.arcsin(z))))
# A fixture that chooses the library stays for all examples of a test.
MANY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DEPTHS = [0, 3, 7, 8, 10]


def random_sky(count, seed=1):
    random = np.random.default_rng(seed)
    return random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))


@pytest.fixture(scope="module")
def sphgeom():
    """Return the library, whether `htm` has it or not."""
    return pytest.importorskip(
        "lsst.sphgeom", reason="lsst-sphgeom (the extra sky) is not installed"
    )


@pytest.fixture(params=["with sphgeom", "without"])
def either(request, sphgeom, monkeypatch):
    """Run with sphgeom, and then as if it were not installed."""
    if request.param == "without":
        monkeypatch.setitem(sys.modules, "lsst.sphgeom", None)


def both(figure):
    """Return the trixels of a figure as they are with sphgeom, and without."""
    pytest.importorskip("lsst.sphgeom", reason="lsst-sphgeom (the extra sky) is not installed")
    with pytest.MonkeyPatch.context() as patch:
        found = figure()
        patch.setitem(sys.modules, "lsst.sphgeom", None)
        return found, figure()


def vectors(sphgeom, ra, dec):
    return [sphgeom.UnitVector3d(*one) for one in np.atleast_2d(sphere.vector(ra, dec)).tolist()]


def members(ranges):
    return {number for begin, end in ranges for number in range(begin, end)}


@pytest.mark.parametrize(
    ("ra", "dec", "number"),
    [
        (0.1, 0.1, 253952),
        (45, 45, 261631),
        (90, 0, 245760),
        (180, 0, 229376),
        (320, -0.5, 189475),
        (156.58, -5.62, 157216),
        (0, 90, 249856),
        (0, -90, 135168),
    ],
)
def test_known_positions_are_in_known_trixels(ra, dec, number):
    assert htm.index(ra, dec, 7) == number


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    ("ra", "dec", "radius", "numbers"),
    [
        (156.58, -5.62, 0.1, {157216, 159248}),
        (0, 0, 0.5, {131072, 131075, 188416, 188419, 196608, 196611, 253952, 253955}),
        (10, 89.9, 0.3, {200704, 217088, 233472, 249856}),
    ],
)
def test_known_circles_touch_known_trixels(ra, dec, radius, numbers):
    assert htm.cone(ra, dec, radius, 7) == numbers


@pytest.mark.parametrize("depth", DEPTHS)
def test_numbers_are_those_of_sphgeom(sphgeom, depth):
    ra, dec = random_sky(2000, depth)
    mesh = sphgeom.HtmPixelization(depth)
    assert htm.index(ra, dec, depth).tolist() == [
        mesh.index(one) for one in vectors(sphgeom, ra, dec)
    ]


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("depth", [3, 7, 8])
def test_circles_touch_what_sphgeom_says(sphgeom, depth):
    mesh = sphgeom.HtmPixelization(depth)
    ours = theirs = 0
    for ra, dec, radius in zip(
        *random_sky(60, depth), np.geomspace(1e-4, 20 / 2**depth, 60), strict=True
    ):
        (centre,) = vectors(sphgeom, ra, dec)
        expected = members(mesh.envelope(sphgeom.Circle(centre, sphgeom.Angle.fromDegrees(radius))))
        found = htm.cone(ra, dec, radius, depth)
        assert (
            members(mesh.interior(sphgeom.Circle(centre, sphgeom.Angle.fromDegrees(radius))))
            <= found
            <= expected
        )
        ours, theirs = ours + len(found), theirs + len(expected)
    assert ours > 0.9 * theirs  # theirs is allowed to be too large


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("depth", [3, 7])
def test_polygons_touch_what_sphgeom_says(sphgeom, depth):
    mesh = sphgeom.HtmPixelization(depth)
    for ra, dec, size in zip(
        *random_sky(40, depth), np.geomspace(1e-3, 20 / 2**depth, 40), strict=True
    ):
        corners = [sphere.away(ra, dec, bearing, size) for bearing in (10, 80, 170, 200, 300)]
        corner_ra, corner_dec = np.transpose(corners)
        shape = sphgeom.ConvexPolygon(vectors(sphgeom, corner_ra, corner_dec))
        for order in (slice(None), slice(None, None, -1)):
            found = htm.polygon(corner_ra[order], corner_dec[order], depth)
            assert found == members(mesh.envelope(shape))


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("depth", [3, 6])
def test_boxes_touch_what_sphgeom_says_and_little_more(sphgeom, depth):
    mesh = sphgeom.HtmPixelization(depth)
    random = np.random.default_rng(depth)
    ours = theirs = 0
    for ra, dec in zip(*random_sky(30, depth), strict=True):
        wide, high = random.uniform(0.1, 30, 2)
        south, north = max(dec - high, -90), min(dec + high, 90)
        shape = sphgeom.Box.fromDegrees(ra, south, (ra + wide) % 360, north)
        # Their envelope of a box is larger than need be: what holds a point of the box is what
        # counts.
        points = ra + wide * random.uniform(0, 1, 400), random.uniform(south, north, 400)
        found = htm.box((ra, (ra + wide) % 360), (south, north), depth)
        assert set(htm.index(*points, depth).tolist()) <= found
        ours, theirs = ours + len(found), theirs + len(members(mesh.envelope(shape)))
    assert ours < 1.25 * theirs


@pytest.mark.usefixtures("either")
@MANY
@given(RA, DEC, st.floats(1e-6, 30), st.floats(0, 1), st.floats(0, 360), st.integers(0, 7))
def test_each_position_in_a_circle_is_in_one_of_its_trixels(ra, dec, radius, part, bearing, depth):
    place = sphere.away(ra, dec, bearing, radius * part)
    assert int(htm.index(*place, depth)) in htm.cone(ra, dec, radius, depth)


@pytest.mark.usefixtures("either")
@MANY
@given(RA, DEC, st.floats(90, 180), RA, DEC)
def test_a_circle_of_more_than_half_the_sky_touches_what_it_should(
    ra, dec, radius, other_ra, other_dec
):
    apart = np.degrees(
        np.arccos(np.clip(sphere.vector(ra, dec) @ sphere.vector(other_ra, other_dec), -1, 1))
    )
    if apart < radius - 1e-6:
        assert int(htm.index(other_ra, other_dec, 4)) in htm.cone(ra, dec, radius, 4)


@MANY
@given(RA, DEC, st.integers(1, 29))
def test_a_trixel_lies_in_the_one_above_it(ra, dec, depth):
    number = int(htm.index(ra, dec, depth))
    assert number // 4 == int(htm.index(ra, dec, depth - 1))
    assert 8 * 4**depth <= number < 16 * 4**depth


def test_positions_of_any_shape_are_numbered():
    found = htm.index([[0.1, 45], [90, 180]], [[0.1, 45], [0, 0]], 7)
    assert found.tolist() == [[253952, 261631], [245760, 229376]]
    assert htm.index([10.0, 20.0], 5.0, 0).shape == (2,)
    assert htm.index([], [], 7).tolist() == []


@pytest.mark.usefixtures("either")
def test_the_whole_sky_touches_all():
    everything = set(range(8 * 4**3, 16 * 4**3))
    assert htm.cone(10, 20, 180, 3) == htm.box((0, 360), (-90, 90), 3) == everything
    assert htm.cone(10, 20, 400, 3) == htm.box((10, 380), (-90, 90), 3) == everything
    assert htm.box((10, np.nextafter(370, 0)), (-90, 90), 3) == everything


@pytest.mark.usefixtures("either")
def test_a_box_may_go_over_the_meridian():
    assert htm.box((359, 1), (-1, 1), 6) == htm.box((-1, 1), (-1, 1), 6)
    assert len(htm.box((359, 1), (-1, 1), 6)) < len(htm.box((1, 359), (-1, 1), 6)) / 20


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    "figure",
    [
        lambda: htm.cone(10, 20, -1, 5),
        lambda: htm.cone(10, 20, np.nan, 5),
        lambda: htm.box((0, 10), (91, 92), 5),
        lambda: htm.box((0, 10), (np.nan, 1), 5),
        lambda: htm.box((0, np.nan), (0, 1), 5),
    ],
)
def test_a_figure_that_is_nowhere_touches_nothing(figure):
    assert figure() == set()


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("depth", [24, 25, 29])
def test_figures_are_found_at_any_depth(depth):
    size = 90 / 2**depth
    trixel = int(htm.index(33.3, 44.4, depth))
    for found in (
        htm.cone(33.3, 44.4, size, depth),
        htm.box((33.3 - size, 33.3 + size), (44.4 - size, 44.4 + size), depth),
        htm.polygon(
            [33.3 - size, 33.3 + size, 33.3], [44.4 - size, 44.4 - size, 44.4 + size], depth
        ),
    ):
        assert trixel in found
        assert len(found) < 2000  # of small figures, rounding is a large part


# -- what sphgeom finds, and what is found without it
# --------------------------------------------------------------------------------------------------


def assert_alike(figure, held):
    """Check both answers: trixels of positions are in each, and neither has many more than the other."""
    found, own = both(figure)
    assert held <= found
    assert held <= own
    assert len(found) <= 1.5 * len(own) + 8
    assert len(own) <= 1.5 * len(found) + 8


@MANY
@given(
    RA,
    st.one_of(DEC, st.sampled_from([-90.0, -89.99, 0.0, 45.0, 89.99, 90.0])),
    st.one_of(st.sampled_from([0.0, 1e-9, 90.0, 180.0]), st.floats(1e-6, 179)),
    st.integers(0, 6),
)
def test_circles_are_alike_with_sphgeom_and_without(ra, dec, radius, depth):
    random = np.random.default_rng(1)
    # some lie on the edge, but for rounding
    parts = np.minimum(random.uniform(0, 1.2, 40), 1 - 1e-12)
    places = [
        sphere.away(ra, dec, bearing, radius * part)
        for bearing, part in zip(random.uniform(0, 360, 40), parts, strict=True)
    ]
    held = set(htm.index(*np.transpose(places), depth).tolist())
    assert_alike(lambda: htm.cone(ra, dec, radius, depth), held)


@MANY
@given(
    st.one_of(RA, st.sampled_from([0.0, 90.0, 359.0, -10.0, 400.0])),
    st.one_of(st.floats(0, 360), st.sampled_from([0.0, 1e-9, 90.0, 180.0, 359.9999999, 360.0])),
    st.tuples(*[st.one_of(DEC, st.sampled_from([-90.0, -45.0, 0.0, 45.0, 90.0]))] * 2).map(sorted),
    st.integers(0, 6),
)
@example(0.0, 0.0, [-69.63586519368219, 90.0], 0)  # a pole has every right ascension
@example(200.0, 1e-9, [-90.0, 0.0], 6)
def test_boxes_are_alike_with_sphgeom_and_without(west, wide, dec, depth):
    random = np.random.default_rng(1)
    parts = np.clip(random.uniform(-0.2, 1.2, (2, 60)), 0, 1)  # many lie on the edge
    ra, (south, north) = west + wide * parts[0], dec
    held = set(htm.index(ra, south + (north - south) * parts[1], depth).tolist())
    assert_alike(lambda: htm.box((west, west + wide), (south, north), depth), held)


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ((350, 10), (-5, 5)),
        ((350, 10), (80, 90)),
        ((10, 350), (-90, -80)),
        ((0, 360), (85, 90)),
        ((360, 0), (0, 10)),
        ((0, 0), (0, 90)),
        ((0, 0), (0, 0)),
        ((45, 45), (-90, 90)),
        ((0, 10), (90, 90)),
        ((0, 90), (0, 90)),
    ],
)
@pytest.mark.parametrize("depth", [0, 3, 6])
def test_boxes_over_the_meridian_at_poles_and_without_area_are_alike(ra, dec, depth):
    steps = np.linspace(0, 1, 30)
    grid = np.meshgrid(ra[0] + htm.width(*ra) * steps, dec[0] + (dec[1] - dec[0]) * steps)
    held = set(htm.index(*grid, depth).ravel().tolist())
    assert_alike(lambda: htm.box(ra, dec, depth), held)


def inside(vertices, seed=1):
    """Draw positions in a convex polygon: some of them on edges, and the corners."""
    random = np.random.default_rng(seed)
    count = len(vertices)
    weights = random.dirichlet(np.ones(count), 40)
    edges = np.eye(count)[random.integers(0, count, 80)]
    parts = random.uniform(0, 1, (80, 1))
    weights = np.concatenate([weights, parts * edges + (1 - parts) * np.roll(edges, 1, axis=1)])
    return sphere.angles(np.concatenate([weights @ vertices, vertices]))


def assert_polygons_alike(ra, dec, depth):
    vertices = htm.convex(ra, dec)
    places = inside(vertices)
    held = htm.index(*places, depth)[htm.in_polygon(*places, vertices)]
    assert len(held) > 20
    assert_alike(lambda: htm.polygon(ra, dec, depth), set(held.tolist()))


@MANY
@given(RA, DEC, st.floats(1e-4, 80), st.integers(3, 9), st.integers(0, 6))
def test_polygons_are_alike_with_sphgeom_and_without(ra, dec, size, corners, depth):
    bearings = np.arange(corners) * 360 / corners
    places = [sphere.away(ra, dec, bearing, size) for bearing in bearings]
    assert_polygons_alike(*np.transpose(places), depth)


@pytest.mark.parametrize("level", [0, 1, 3])
@pytest.mark.parametrize("depth", [3, 6])
def test_a_polygon_that_is_a_trixel_touches_its_neighbours(sphgeom, level, depth):
    # Its edges are those of smaller trixels; a position on one is here or there by rounding.
    mesh = sphgeom.HtmPixelization(level)
    for number in range(8 * 4**level, 16 * 4**level, 5):
        corners = [list(corner) for corner in mesh.triangle(number).getVertices()]
        assert_polygons_alike(*sphere.angles(np.array(corners)), depth)


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ([0, 5, 10], [0, 0, 0]),
        ([0, 0, 10], [0, 0, 5]),
        ([20, 20, 20], [-10, 0, 10]),
        ([1, 1, 1], [1, 1, 1]),
        ([0, 5, 10, 5], [0, 0, 0, 10]),
        ([0, 90, 180, 270], [80, 80, 80, 80]),
        ([0, 0, 90], [0, 90, 0]),
        ([0, 90, 180, 270], [1e-6] * 4),
        ([0, 120, 240], [-1e-6] * 3),
        ([359, 1, 1, 359], [-1, -1, 1, 1]),
    ],
    ids=[
        "on the equator", "two corners", "on a meridian", "a point", "a corner on an edge",
        "around a pole", "a quarter", "nearly half the sky", "in the south",
        "over the meridian",
    ],
)  # fmt: skip
@pytest.mark.parametrize("depth", [0, 3, 6])
def test_polygons_of_all_kinds_are_alike(ra, dec, depth):
    assert_polygons_alike(ra, dec, depth)


def test_sphgeom_is_asked_where_it_is_installed(sphgeom, monkeypatch):
    def refuse(*_args):
        raise AssertionError("went down the tree")

    monkeypatch.setattr(htm, "_touched", refuse)
    assert htm.cone(0, 0, 0.5, 7)
    assert htm.box((0, 1), (0, 1), 7)
    assert htm.polygon([0, 1, 0], [0, 0, 1], 7)
    monkeypatch.setitem(sys.modules, "lsst.sphgeom", None)
    with pytest.raises(AssertionError, match="down the tree"):
        htm.cone(0, 0, 0.5, 7)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("depth", [-1, 30])
def test_a_depth_that_cannot_be_is_refused(depth):
    for ask in (lambda: htm.index(1, 2, depth), lambda: htm.cone(1, 2, 3, depth)):
        with pytest.raises(DataIdError, match="a depth of 0 to 29"):
            ask()


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    ("ra", "dec", "message"),
    [
        ([1, 2], [1, 2], "three or more corners"),
        ([1, 2, np.nan], [1, 2, 3], "three or more corners"),
        ([0, 10, 5, 10, 0], [0, 0, 5, 10, 10], "not convex"),
        ([0, 10, 0, 10], [0, 10, 10, 0], "not convex"),
        ([0, 90, 180, 270], [0, 0, 0, 0], "not convex"),
    ],
)
def test_a_polygon_that_is_not_convex_is_refused(ra, dec, message):
    with pytest.raises(DataIdError, match=message):
        htm.polygon(ra, dec, 5)


def test_a_position_that_is_not_finite_is_refused():
    with pytest.raises(DataIdError, match="not finite"):
        htm.index([1.0, np.nan], [1.0, 2.0], 7)
