"""The circle that a tract is made for: about the convex hull of positions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import DataIdError
from persistence.skymap.covering import bounding_circle, convex_hull
from persistence.types.wcs import sphere

PLACES = st.tuples(
    st.floats(0, 360, exclude_max=True),
    st.floats(-89, 89),
    st.floats(0.01, 60),
    st.integers(0, 10**6),
)


def scattered(ra, dec, size, seed, count=30):
    random = np.random.default_rng(seed)
    return sphere.away(
        ra, dec, random.uniform(0, 360, count), size * np.sqrt(random.uniform(0, 1, count))
    )


def test_a_squares_circle_goes_through_its_corners():
    ra, dec, radius = bounding_circle([359, 1, 1, 359, 0], [-1, -1, 1, 1, 0])
    assert (ra + 180) % 360 == pytest.approx(180, abs=1e-9)
    assert (dec, radius) == (pytest.approx(0, abs=1e-9), pytest.approx(np.sqrt(2), abs=1e-4))


@settings(max_examples=40, deadline=None)
@given(PLACES)
def test_the_circle_holds_all_positions(place):
    ra, dec = scattered(*place)
    middle_ra, middle_dec, radius = bounding_circle(ra, dec)
    apart = sphere.separation(sphere.vector(ra, dec), sphere.vector(middle_ra, middle_dec))
    assert apart.max() == pytest.approx(radius, rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(PLACES)
def test_the_circle_is_the_one_that_sphgeom_makes(place):
    sphgeom = pytest.importorskip(
        "lsst.sphgeom", reason="lsst-sphgeom (the extra sky) is not installed"
    )
    vectors = sphere.vector(*scattered(*place))
    shape = sphgeom.ConvexPolygon([sphgeom.UnitVector3d(*one) for one in vectors.tolist()])
    assert len(convex_hull(vectors)) == len(shape.getVertices())
    circle = shape.getBoundingCircle()
    ra, dec, radius = bounding_circle(*sphere.angles(vectors))
    centre = np.array([*circle.getCenter()])
    assert (
        sphere.separation(centre, sphere.vector(ra, dec)) < 1e-6 * radius + 1e-9 / radius
    )  # small areas are differences of large numbers
    assert radius == pytest.approx(circle.getOpeningAngle().asDegrees(), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("ra", "dec", "message"),
    [
        ([1, 2], [3, 4], "three or more positions in half the sky"),
        ([0, 90, 180, 270], [0, 0, 0, 0], "three or more positions in half the sky"),
        ([0, 10, 20], [0, 0, 0], "are on a line"),
        ([5, 5, 5], [5, 5, 5], "are on a line"),
    ],
)
def test_positions_without_an_area_are_refused(ra, dec, message):
    with pytest.raises(DataIdError, match=message):
        bounding_circle(ra, dec)
