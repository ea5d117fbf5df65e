"""HEALPix, against its own rules, and against hpgeom where that is installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.skymap import healpixels

NSIDES = [1, 2, 4, 8, 1024, 2**20, 2**29]
PIXELS = st.sampled_from(NSIDES).flatmap(
    lambda nside: st.tuples(st.just(nside), st.integers(0, 12 * nside**2 - 1))
)


@settings(max_examples=100, deadline=None)
@given(PIXELS, st.booleans())
def test_the_centre_of_a_pixel_is_in_this_pixel(pixel, nest):
    nside, number = pixel
    assert healpixels.pixel_of(*healpixels.centre(number, nside, nest), nside, nest) == number


@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize("nside", [1, 2, 4])
def test_the_corners_of_a_pixel_lie_about_its_centre(nside, nest):
    for number in range(12 * nside**2):
        theta, phi = healpixels.centre(number, nside, nest)
        north, west, south, east = np.transpose(healpixels.corners(number, nside, nest))
        assert north[0] < theta < south[0]
        for corner, side in ((west, -1), (east, 1)):
            assert np.sin(corner[1] - phi) * side > 0


def test_the_first_pixels_are_where_the_paper_has_them():
    theta, phi = healpixels.centre(0, 1, False)
    assert (np.cos(theta), phi) == pytest.approx((2 / 3, np.pi / 4))
    assert np.cos(healpixels.centre(4, 1, False)[0]) == pytest.approx(0)


@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize("nside", NSIDES)
def test_pixels_are_those_of_hpgeom(nside, nest):
    hpgeom = pytest.importorskip(
        "hpgeom", reason="hpgeom (which lsst-sphgeom needs) is not installed"
    )
    random = np.random.default_rng(nside)
    theta, phi = np.arccos(random.uniform(-1, 1, 5000)), random.uniform(0, 2 * np.pi, 5000)
    expected = hpgeom.angle_to_pixel(nside, theta, phi, nest=nest, lonlat=False)
    assert np.array_equal(healpixels.pixel_of(theta, phi, nside, nest), expected)
    numbers = random.integers(0, 12 * nside**2, 50)
    centres = np.transpose([healpixels.centre(int(number), nside, nest) for number in numbers])
    assert np.allclose(
        centres, hpgeom.pixel_to_angle(nside, numbers, nest=nest, lonlat=False), rtol=0, atol=1e-14
    )
    corners = np.array([healpixels.corners(int(number), nside, nest) for number in numbers])
    others = np.array(hpgeom.boundaries(nside, numbers, nest=nest, lonlat=False)).transpose(1, 0, 2)
    apart = np.abs(corners - others)
    apart[:, 1] = np.abs(np.sin((corners - others)[:, 1])) * np.sin(corners[:, 0])
    assert apart.max() < 1e-13
