"""Pictures of pixels: bins, the stretch, flags, and PNG files that others can read."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.drawing import pixels


@given(st.integers(1, 9), st.integers(1, 23), st.integers(1, 23), st.integers(0, 2**32 - 1))
def test_bins_are_means_of_finite_pixels(step: int, rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.normal(100, 10, (rows, columns)).astype("f4")
    image[rng.random(image.shape) < 0.1] = rng.choice([np.nan, np.inf])
    means = pixels.binned(image, step)
    flags = rng.integers(0, 2**31, image.shape).astype("i4")
    together = pixels.joined(flags, step)
    places = itertools.product(range(-(-rows // step)), range(-(-columns // step)))
    for y, x in places:
        block = np.s_[y * step : (y + 1) * step, x * step : (x + 1) * step]
        good = image[block][np.isfinite(image[block])]
        if step == 1:
            assert means[y, x] == image[y, x] or np.isnan(image[y, x])
        elif good.size:
            assert means[y, x] == pytest.approx(good.mean(), rel=1e-5)
        else:
            assert np.isnan(means[y, x])
        assert together[y, x] == np.bitwise_or.reduce(flags[block], axis=None)


@pytest.mark.parametrize("dtype", ["u1", ">u2", "<i4", ">f8", "bool"])
def test_pixels_of_every_type_are_binned(dtype: str) -> None:
    image = (np.arange(24).reshape(4, 6) % 2).astype(dtype)
    assert np.allclose(pixels.binned(image, 2), 0.5)


def test_a_png_is_read_by_others_as_it_was_meant() -> None:
    from matplotlib.image import imread

    image = np.zeros((20, 30), "f4")
    image[2, 3] = 1000.0
    flags = np.zeros(image.shape, np.int32)
    flags[5, 7], flags[5, 8] = 1 << 4, 1 << 9
    drawn = pixels.picture(image, flags, {"CR": 4, "MINE": 9}, 100)
    read: Any = imread(io.BytesIO(drawn.png()))
    read = np.round(255 * read[..., :3]).astype(int)
    assert read.shape == (20, 30, 3)
    assert (read[::-1] == drawn.rgb()).all()  # its first row is at the top
    assert (read[20 - 1 - 2, 3] == 255).all()  # white
    red, green, blue = read[20 - 1 - 5, 7]  # reddish purple, for CR
    assert min(red, blue) > green
    red, green, blue = read[20 - 1 - 5, 8]  # green, for the others
    assert green > max(red, blue)


def test_planes_that_matter_most_are_on_top() -> None:
    flags = np.array([[0b11]], np.int32)
    drawn = pixels.picture(np.ones((1, 1)), flags, {"DETECTED": 0, "CR": 1}, 10)
    assert drawn.plane[0, 0] == 1 + list(pixels.PLANES).index("CR") + 1


def test_the_last_bit_of_a_mask_is_a_plane_too() -> None:
    flags = np.array([[-(2**31), 0]], np.int32)
    assert pixels.picture(np.ones((1, 2)), flags, {"LAST": 31}, 10).plane.tolist() == [[1, 0]]


def test_faint_things_and_bright_ones_are_both_seen() -> None:
    rng = np.random.default_rng(1)
    image = rng.normal(0, 1, (200, 200))
    image[50, 50], image[60, 60], image[70, 70] = 8, 30, 300
    drawn = pixels.picture(image, None, {}, 500)
    grey = drawn.grey.astype(int)
    assert np.median(grey) < grey[50, 50] < grey[60, 60] <= grey[70, 70] <= pixels.LEVELS - 1
    assert 2 < np.median(grey) < pixels.LEVELS / 2


def test_pixels_that_are_all_alike_are_drawn() -> None:
    for image in (np.zeros((3, 4)), np.full((3, 4), np.nan), np.full((3, 4), np.inf)):
        assert pixels.picture(image, None, {}, 10).grey.shape == (3, 4)
