"""The hierarchical triangular mesh: numbers, and what a circle, a polygon and a box touch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import DataIdError
from persistence.refcats import htm
from persistence.types.wcs import sphere

RA = st.floats(0, 360, exclude_max=True)
DEC = st.floats(-1, 1).map(lambda z: float(np.degrees(np.arcsin(z))))
MANY = settings(max_examples=40, deadline=None)
DEPTHS = [0, 3, 7, 8, 10]


def random_sky(count, seed=1):
    random = np.random.default_rng(seed)
    return random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))


@pytest.fixture(scope="module")
def sphgeom():
    return pytest.importorskip(
        "lsst.sphgeom", reason="lsst-sphgeom (the extra sky) is not installed"
    )


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
    assert htm.depth_of(number) == 7


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


@MANY
@given(RA, DEC, st.floats(1e-6, 30), st.floats(0, 1), st.floats(0, 360), st.integers(0, 7))
def test_each_position_in_a_circle_is_in_one_of_its_trixels(ra, dec, radius, part, bearing, depth):
    place = sphere.away(ra, dec, bearing, radius * part)
    assert int(htm.index(*place, depth)) in htm.cone(ra, dec, radius, depth)


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
    assert htm.depth_of(number) == depth


def test_positions_of_any_shape_are_numbered():
    found = htm.index([[0.1, 45], [90, 180]], [[0.1, 45], [0, 0]], 7)
    assert found.tolist() == [[253952, 261631], [245760, 229376]]
    assert htm.index([10.0, 20.0], 5.0, 0).shape == (2,)
    assert htm.index([], [], 7).tolist() == []


def test_the_whole_sky_touches_all():
    everything = set(range(8 * 4**3, 16 * 4**3))
    assert htm.cone(10, 20, 180, 3) == htm.box((0, 360), (-90, 90), 3) == everything


def test_a_box_may_go_over_the_meridian():
    assert htm.box((359, 1), (-1, 1), 6) == htm.box((-1, 1), (-1, 1), 6)
    assert len(htm.box((359, 1), (-1, 1), 6)) < len(htm.box((1, 359), (-1, 1), 6)) / 20


@pytest.mark.parametrize("number", [-1, 0, 7, 16, 31, 8 * 4**30])
def test_what_is_no_number_of_a_trixel_is_refused(number):
    with pytest.raises(DataIdError, match=f"{number} is the number of no trixel"):
        htm.depth_of(number)


@pytest.mark.parametrize("depth", [-1, 30])
def test_a_depth_that_cannot_be_is_refused(depth):
    for ask in (lambda: htm.index(1, 2, depth), lambda: htm.cone(1, 2, 3, depth)):
        with pytest.raises(DataIdError, match="of depth 0 to 29"):
            ask()


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
