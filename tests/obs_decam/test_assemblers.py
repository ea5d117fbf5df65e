"""How the Community Pipeline's three images become one exposure."""

from __future__ import annotations

import numpy as np
import pytest

from obs_decam.assemblers import mask_of_quality, variance_of_weight


@pytest.mark.parametrize(
    ("bit", "planes"),
    [
        (1, ["BAD"]),
        (2, ["SAT"]),
        (4, ["INTRP"]),
        (16, ["CR"]),
        (64, ["SAT"]),
        (512, ["EDGE"]),
        (8, []),
        (128, []),
        (17, ["BAD", "CR"]),
    ],
)
def test_each_bit_becomes_its_plane(bit: int, planes: list[str]) -> None:
    mask = mask_of_quality(np.array([[bit, 0]], dtype=np.int32))
    assert sorted(mask.counts()) == sorted(planes)
    assert all(mask[plane].tolist() == [[True, False]] for plane in planes)


def test_a_variance_is_the_inverse_of_its_weight() -> None:
    variance = variance_of_weight(np.array([[0.25, 4.0]], dtype=np.float32))
    assert variance.dtype == np.float32
    assert variance.tolist() == [[4.0, 0.25]]


@pytest.mark.parametrize("weights", [[0.0, 2.0], [-1.0, 1e-20], [0.0, 0.0]])
def test_a_pixel_without_weight_has_the_largest_variance_and_a_finite_one(
    weights: list[float],
) -> None:
    array = np.array([weights], dtype=np.float64)
    variance = variance_of_weight(array)
    assert np.isfinite(variance).all()
    assert variance[0, 0] == variance.max()
    positive = array[array > 0]
    assert variance[0, 0] == 1.0 / min(1e-14, positive.min() if positive.size else 1.0)
