"""Fields over images: polynomials, products, areas of pixels, means over a coadd."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import chebyshev

from persistence.errors import DataIdError
from persistence.types.fields.boundedfield import ChebyshevField, ProductField, constant
from persistence.types.fields.skyfields import CoaddField, Element, PixelAreaField
from persistence.types.pixels.box import Box
from persistence.types.pixels.polygon import Polygon

COEFFICIENTS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0]])
FIELD = ChebyshevField(Box(10, 20, 100, 50), COEFFICIENTS)


@pytest.mark.parametrize(
    ("x", "y", "scaled"),
    [(9.5, 19.5, (-1, -1)), (109.5, 69.5, (1, 1)), (59.5, 44.5, (0, 0)), (84.5, 44.5, (0.5, 0))],
)
def test_the_edges_of_the_box_are_the_ends_of_the_polynomials(x, y, scaled):
    by_hand = sum(
        COEFFICIENTS[i, j]
        * chebyshev.Chebyshev.basis(i)(scaled[1])
        * chebyshev.Chebyshev.basis(j)(scaled[0])
        for i in range(2)
        for j in range(3)
    )
    assert FIELD(x, y) == pytest.approx(by_hand, abs=1e-12)


def test_rows_and_columns_are_broadcast():
    grid = FIELD(np.arange(10, 15), np.arange(20, 23)[:, np.newaxis])
    assert grid.shape == (3, 5)
    assert grid[2, 4] == FIELD(14, 22)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_constant_is_the_same_everywhere(value, x, y):
    assert constant(value)(x, y) == value


def test_a_product_is_the_product():
    product = ProductField((FIELD, constant(2.0), FIELD))
    assert product(30, 40) == pytest.approx(2 * FIELD(30, 40) ** 2)
    assert product.box == FIELD.box


def test_fields_are_values():
    assert ChebyshevField(Box(10, 20, 100, 50), COEFFICIENTS.copy()) == FIELD
    assert ChebyshevField(Box(0, 20, 100, 50), COEFFICIENTS) != FIELD
    assert constant(1.0) != FIELD
    assert ProductField((FIELD,)) == ProductField((FIELD,))


def sky(scale: float = 0.2, crpix: float = 1.0) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [30.0, 60.0], [crpix, crpix]
    wcs.wcs.cdelt = [-scale / 3600, scale / 3600]
    return wcs


def test_the_area_of_a_pixel_is_that_of_the_projection():
    area = PixelAreaField(Box(0, 0, 10, 10), sky(), 1.0)
    assert area(0, 0) == pytest.approx(np.radians(0.2 / 3600) ** 2, rel=1e-6)
    assert PixelAreaField(Box(0, 0, 10, 10), sky(), 3.0)(0, 0) == pytest.approx(3 * area(0, 0))
    assert area(np.zeros(3), np.zeros((2, 1))).shape == (2, 3)


HALF = Polygon(np.array([[-0.5, -0.5], [4.5, -0.5], [4.5, 9.5], [-0.5, 9.5]]))
ONE = Element(ChebyshevField(Box(0, 0, 10, 10), np.array([[1.0]])), sky(), None, 1.0)
FOUR = Element(ChebyshevField(Box(0, 0, 10, 10), np.array([[4.0]])), sky(), HALF, 2.0)


def test_a_coadds_field_is_the_weighted_mean_of_what_lies_there():
    coadd = CoaddField(Box(0, 0, 20, 20), sky(), (ONE, FOUR), 0.5)
    assert coadd([2.0, 8.0, 15.0], [5.0, 5.0, 5.0]) == pytest.approx([3.0, 1.0, 0.5])
    assert coadd(2.0, 5.0) == pytest.approx(3.0)


def test_a_coadds_field_looks_through_the_sky():
    moved = Element(
        ChebyshevField(Box(0, 0, 10, 10), np.array([[0.0, 1.0]])), sky(crpix=-4.0), None, 1.0
    )
    assert CoaddField(Box(0, 0, 20, 20), sky(), (moved,), None)(9.5, 9.5) == pytest.approx(
        0.0, abs=1e-6
    )


def test_a_place_without_an_image_is_refused_if_there_is_no_default():
    with pytest.raises(DataIdError, match="1 positions are on no input"):
        CoaddField(Box(0, 0, 20, 20), sky(), (ONE,), None)([2.0, 15.0], [5.0, 5.0])
