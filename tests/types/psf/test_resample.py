"""Values between pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.psf import resample

IMAGE = np.random.default_rng(3).random((9, 12))


def by_hand(image: np.ndarray, row: float, column: float, order: int) -> float:
    """Add up, pixel by pixel, what the definition says."""
    total, weights = 0.0, 0.0
    for y in range(int(np.floor(row)) - order + 1, int(np.floor(row)) + order + 1):
        for x in range(int(np.floor(column)) - order + 1, int(np.floor(column)) + order + 1):
            weight = 1.0
            for distance in (row - y, column - x):
                weight *= np.sinc(distance) * np.sinc(distance / order)
            weights += weight
            if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
                total += weight * image[y, x]
    return total / weights


@given(st.floats(-8, 16), st.floats(-8, 18), st.sampled_from([3, 5]))
def test_values_are_what_the_definition_says(row, column, order):
    wanted = pytest.approx(by_hand(IMAGE, row, column, order), abs=1e-12)
    assert (
        resample.at_points(IMAGE, np.array([row]), np.array([column]), f"lanczos{order}")[0]
        == wanted
    )
    assert resample.along_axes(IMAGE, np.array([row]), np.array([column]), order)[0, 0] == wanted


@pytest.mark.parametrize("name", ["lanczos3", "lanczos5", "bilinear"])
def test_at_the_pixels_the_values_are_theirs(name):
    rows, columns = np.indices(IMAGE.shape).astype(float)
    np.testing.assert_allclose(resample.at_points(IMAGE, rows, columns, name), IMAGE, atol=1e-15)


def test_between_four_pixels_is_their_mean():
    found = resample.at_points(IMAGE, np.array([2.5]), np.array([4.5]), "bilinear")
    assert found[0] == pytest.approx(IMAGE[2:4, 4:6].mean())


@pytest.mark.parametrize("name", ["lanczos0", "cubic", ""])
def test_an_unknown_interpolation_is_told(name):
    with pytest.raises(FormatterError, match=f"'{name}'"):
        resample.kernel_named(name)


@given(st.floats(-8, 16), st.sampled_from([0.5, 1.0, 2.0, 0.7]))
def test_matrices_are_the_same_whether_positions_are_whole_pixels_apart_or_not(first, step):
    positions = first + step * np.arange(12)
    (matrix,) = resample.matrices(positions[np.newaxis], IMAGE.shape[0])
    rows = resample.along_axes(np.eye(IMAGE.shape[0]), positions, np.arange(IMAGE.shape[0]) * 1.0)
    np.testing.assert_allclose(matrix, rows, atol=1e-12)
