"""Pixels around positions: sizes, edges, and what is added over the edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Box, Exposure, Mask
from persistence.errors import FormatterError
from persistence.sky import boxes
from persistence.sky.boxes import Size

FULL = {f"P{bit}": bit for bit in range(32)}


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (7, Size(7, 7, False)),
        (np.int64(7), Size(7, 7, False)),
        ((7, 9), Size(7, 9, False)),
        (np.array([7, 9]), Size(7, 9, False)),
        ((7, 9) * units.pixel, Size(7, 9, False)),
        (36 * units.arcsec, Size(0.01, 0.01, True)),
        ((36, 72) * units.arcsec, Size(0.01, 0.02, True)),
        ([36 * units.arcsec, 1.2 * units.arcmin], Size(0.01, 0.02, True)),
    ],
)
def test_sizes_are_rows_and_columns(size: Any, expected: Size) -> None:
    found = boxes.size_of(size)
    assert found[:2] == pytest.approx(expected[:2])
    assert found.is_angle == expected.is_angle


def test_an_angle_has_the_pixels_of_each_axis() -> None:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [10, 60], [51, 51]
    wcs.wcs.cdelt = [-0.01, 0.02]
    place = boxes.around(wcs, Box(0, 0, 100, 100), 10, 60, Size(0.4, 0.4, True))
    assert place.box == Box(30, 40, 40, 20)
    assert (place.x, place.y) == pytest.approx((50, 50))
    assert place.depth == pytest.approx(49.5)
    tiny = boxes.around(wcs, Box(0, 0, 100, 100), 10, 60, Size(1e-5, 1e-5, True))
    assert tiny.box == Box(50, 50, 1, 1)
    away = boxes.around(wcs, Box(0, 0, 100, 100), 190, -60, Size(5, 5, False))
    assert (away.inside, away.depth) == (None, -np.inf)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Box(2, 3, 4, 5), Box(2, 3, 4, 5)),
        (Box(-2, -3, 4, 5), Box(0, 0, 2, 2)),
        (Box(9, 19, 4, 5), Box(9, 19, 1, 1)),
        (Box(10, 0, 4, 5), None),
        (Box(0, -5, 4, 5), None),
        (Box(3, 3, 0, 0), None),
    ],
)
def test_boxes_share_pixels(other: Box, expected: Box | None) -> None:
    assert boxes.common(Box(0, 0, 10, 20), other) == expected


@pytest.mark.parametrize(
    ("planes", "bit"), [(None, 8), ({"BAD": 0, "NO_DATA": 5}, 5), ({"BAD": 0, "CR": 2}, 1)]
)
def test_pixels_over_the_edge_have_no_data(planes: dict[str, int] | None, bit: int) -> None:
    image = np.arange(6, dtype=np.float32).reshape(2, 3)
    mask = None if planes is None else Mask(np.full((2, 3), 1, np.int32), planes)
    exposure = Exposure(image, fits.Header(), mask=mask, variance=image + 1)
    larger = boxes.padded(exposure, Box(-1, 0, 5, 3))
    assert larger.bbox == Box(-1, 0, 5, 3)
    assert larger.image.dtype == np.float32
    np.testing.assert_array_equal(larger.image[:2, 1:4], image)
    np.testing.assert_array_equal(larger.variance[:2, 1:4], image + 1)
    outside = np.ones((3, 5), bool)
    outside[:2, 1:4] = False
    for array in (larger.image, larger.variance):
        np.testing.assert_array_equal(np.isnan(array), outside)
    assert larger.mask is not None
    assert larger.mask.planes["NO_DATA"] == bit
    np.testing.assert_array_equal(larger.mask["NO_DATA"], outside)
    if planes is not None:
        np.testing.assert_array_equal(larger.mask["BAD"], ~outside)
    assert boxes.padded(exposure, exposure.bbox) is exposure


def test_what_cannot_be_without_data_is_refused() -> None:
    numbers = Exposure(np.zeros((2, 3), np.uint16), fits.Header())
    with pytest.raises(FormatterError, match="uint16 has no NaN: use mode='trim'"):
        boxes.padded(numbers, Box(-1, 0, 5, 3))
    full = Exposure(np.zeros((2, 3)), fits.Header(), mask=Mask(np.zeros((2, 3), np.int32), FULL))
    with pytest.raises(FormatterError, match="32 planes, and no bit is left for NO_DATA"):
        boxes.padded(full, Box(-1, 0, 5, 3))
