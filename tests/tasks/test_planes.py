"""Planes of flags: how they grow, and what is put in bad pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from persistence.tasks import planes

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))
FLAGS = st_numpy.arrays(np.bool_, SHAPES)


@settings(deadline=None, max_examples=60)
@given(FLAGS, st.integers(0, 4))
def test_flags_grow_as_scipy_dilates(flagged: NDArray[np.bool_], steps: int) -> None:
    before = flagged.copy()
    # to scipy no steps at all are as many as there can be
    theirs = binary_dilation(flagged, iterations=steps) if steps else flagged
    np.testing.assert_array_equal(planes.grown(flagged, steps), theirs)
    np.testing.assert_array_equal(flagged, before)


@settings(deadline=None, max_examples=60)
@given(FLAGS)
def test_rows_are_filled_as_numpy_interpolates(bad: NDArray[np.bool_]) -> None:
    given_pixels = np.random.default_rng(bad.size).normal(100, 10, bad.shape).astype(np.float32)
    image, other = np.where(bad, np.nan, given_pixels), given_pixels.copy()
    filled = planes.fill_along_rows((image, other), bad)
    columns = np.arange(bad.shape[1])
    for row, flags in enumerate(bad):
        if flags.all():
            assert np.isnan(image[row]).all()
            assert not filled[row].any()
            continue
        expected = np.interp(columns, columns[~flags], given_pixels[row, ~flags])
        np.testing.assert_allclose(image[row], expected, rtol=1e-6)
        np.testing.assert_array_equal(image[row], other[row])
        np.testing.assert_array_equal(filled[row], flags)
