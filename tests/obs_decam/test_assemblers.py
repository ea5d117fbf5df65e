"""How the Community Pipeline's three images become one exposure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from obs_decam.assemblers import mask_of_quality, variance_of_weight
from persistence import FormatterError


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
    mask = mask_of_quality(np.array([[bit, 0]], dtype=np.int32), "V3.4")
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


# The Community Pipeline's codes as legacypipe's remap_dq_cp_codes reads them, and its names.
@pytest.mark.parametrize(
    ("code", "planes"),
    [
        (0, []),
        (1, ["BAD"]),
        (2, ["NO_DATA"]),
        (3, ["SAT"]),
        (4, ["SAT"]),
        (5, ["CR"]),
        (6, ["LOW_WEIGHT"]),
        (7, ["TRANSIENT"]),
        (8, ["STREAK"]),
    ],
)
@pytest.mark.parametrize("version", ["V3.5.0", "V3.6", "V4.8.2a", "V10.0"])
def test_each_code_becomes_its_plane_since_version_3_5(
    version: str, code: int, planes: list[str]
) -> None:
    mask = mask_of_quality(np.array([[code, 0]], dtype=np.int32), version)
    assert sorted(mask.counts()) == planes
    assert all(mask[plane].tolist() == [[True, False]] for plane in planes)


@pytest.mark.parametrize(
    ("version", "planes"),
    [("DES V3.1", ["BAD", "SAT"]), ("V3.4.9", ["BAD", "SAT"]), (" V3.4 ", ["BAD", "SAT"]), ("V3.5", ["SAT"])],
)  # fmt: skip
def test_the_version_decides_whether_3_is_two_bits_or_a_code(
    version: str, planes: list[str]
) -> None:
    assert sorted(mask_of_quality(np.array([[3]], dtype=np.int32), version).counts()) == planes


@pytest.mark.parametrize("version", [None, "", "unknown", "4", "V", 3.4])
def test_a_version_that_is_not_known_is_refused_whatever_the_pixels(version: Any) -> None:
    with pytest.raises(FormatterError, match=r"PLVER = .*, the Community Pipeline's version"):
        mask_of_quality(np.zeros((1, 2), dtype=np.int32), version)


@pytest.mark.parametrize("code", [9, 64, -1])
def test_a_code_that_is_not_known_is_refused(code: int) -> None:
    with pytest.raises(FormatterError, match=f"a pixel of code {code}; .*codes are 0 to 8"):
        mask_of_quality(np.array([[0, code]], dtype=np.int32), "V4.1")
