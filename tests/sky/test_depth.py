"""Maps of depth: HEALPix pixels in polygons, by astropy_healpix and lsst.sphgeom."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units

from persistence.errors import DataIdError
from persistence.sky import depth, polygon
from persistence.sky.polygon import Vectors
from persistence.types.wcs import sphere

pytest.importorskip("lsst.sphgeom")
healpix = pytest.importorskip("astropy_healpix")


def square(ra: float, dec: float, side: float, turn: float = 0.0) -> Vectors:
    """Return the corners of a square around a position (deg)."""
    return sphere.vector(
        *sphere.away(ra, dec, turn + np.array([45.0, 135.0, 225.0, 315.0]), side / np.sqrt(2))
    )


PLACES = [(10.0, 5.0), (0.01, -0.02), (359.9, 41.8), (200.0, 89.7), (45.0, -90.0), (120.0, -60.0)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("side", "order"), [(0.3, 10), (2.0, 8), (25.0, 4), (1e-3, 6), (0.05, 16)])
def test_pixels_are_those_whose_centre_is_inside(
    place: tuple[float, float], side: float, order: int
) -> None:
    vertices = square(*place, side, 20.0)
    found = depth.depth([[vertices]], order)
    grid = healpix.HEALPix(2**order, order="nested")
    ra, dec = (one * units.deg for one in place)
    near = (
        np.arange(grid.npix)
        if order < 9
        else grid.cone_search_lonlat(ra, dec, max(side, 0.01) * units.deg)
    )
    lon, lat = grid.healpix_to_lonlat(near)
    x, y, z = map(np.ascontiguousarray, sphere.vector(lon.deg, lat.deg).T)
    shape = polygon.decoded(polygon.to_bytes(vertices))
    np.testing.assert_array_equal(found.pixels, np.sort(near[shape.contains(x, y, z)]))
    assert (found.values == 1).all()


def test_values_are_numbers_of_shapes_or_sums_of_weights() -> None:
    shapes = [square(10 + 0.02 * number, 0, 1.0) for number in range(700)]
    points = sphere.vector(
        np.random.default_rng(1).uniform(9, 25, 500), np.linspace(-0.6, 0.6, 500)
    )
    found = depth.depth([[one] for one in shapes], 9)
    weighted = depth.depth([[one] for one in shapes], 9, np.arange(700.0))
    grid = healpix.HEALPix(512, order="nested")
    lon, lat = grid.healpix_to_lonlat(
        grid.lonlat_to_healpix(*(one * units.deg for one in sphere.angles(points)))
    )
    centres = sphere.vector(lon.deg, lat.deg)
    inside = np.array([(centres @ polygon.normals(one).T >= 0).all(axis=1) for one in shapes])
    np.testing.assert_array_equal(found.at(points), inside.sum(axis=0))
    np.testing.assert_allclose(weighted.at(points), np.arange(700.0) @ inside)
    assert found.area == pytest.approx(15, rel=0.05)  # 14 deg of centres, and half a square each


def test_a_visit_counts_once_where_its_detectors_overlap() -> None:
    parts = [square(10, 0, 1.0), square(10.5, 0, 1.0)]
    both = depth.depth([parts, []], 8)
    assert (both.values == 1).all()
    each = depth.depth([[one] for one in parts], 8)
    assert each.values.max() == 2
    np.testing.assert_array_equal(both.pixels, each.pixels)


def test_nothing_has_no_depth() -> None:
    for shapes in ([], [[]]):
        empty = depth.depth(shapes, 5)
        assert len(empty.pixels) == 0
        assert empty.at(sphere.vector([1.0, 2.0], [3.0, 4.0])).tolist() == [0, 0]


@pytest.mark.parametrize("order", [-1, 25, 2.5, "a", None])
def test_orders_are_whole_numbers(order: object) -> None:
    with pytest.raises(DataIdError, match="expected a whole number, 0 to 24"):
        depth.depth([], order)  # type: ignore[arg-type]  # a user's error


@pytest.mark.parametrize("order", range(6))
def test_no_corner_is_farther_than_the_radius(order: int) -> None:
    grid = healpix.HEALPix(2**order, order="nested")
    pixels = np.arange(grid.npix)
    middles = sphere.vector(*(one.deg for one in grid.healpix_to_lonlat(pixels)))
    corners = sphere.vector(*(one.to_value("deg") for one in grid.boundaries_lonlat(pixels, 1)))
    farthest = np.radians(sphere.separation(corners, middles[:, None])).max()
    assert farthest <= depth.radius(order) <= farthest * 1.05
    np.testing.assert_allclose(depth.centres(pixels, order), middles, atol=1e-12)
