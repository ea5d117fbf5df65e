"""Trails, as galsim draws them, are as long and lie as they were drawn; points and dipoles are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from persistence import Exposure
from persistence.tasks.difference import trails
from tests.tasks.difference.conftest import SHAPE

galsim = pytest.importorskip("galsim", reason="pip install '.[test]'")

SIGMA = 1.6


def drawn(
    make: Any, x: float, y: float, flux: float, length: float, angle: float, seed: int
) -> Exposure:
    """Return a difference with a trail (degrees from x to y) in noise."""
    exposure = make([], [], [], SIGMA, seed=seed)
    line = galsim.Box(max(length, 1e-3), 1e-3).rotate(angle * galsim.degrees)
    light = galsim.Convolve(line, galsim.Gaussian(sigma=SIGMA)).withFlux(flux)
    # galsim counts pixels from 1, and integrates over them, as the exposure's PSF does not.
    image = light.drawImage(
        nx=SHAPE[1], ny=SHAPE[0], scale=1.0, method="no_pixel",
        offset=(x - (SHAPE[1] - 1) / 2, y - (SHAPE[0] - 1) / 2),
    )  # fmt: skip
    return exposure.replaced(image=exposure.image + image.array.astype(np.float32))


def fitted(exposure: Exposure, x: float, y: float, score: float = 30.0) -> trails.Trails:
    places = np.array([x]), np.array([y])
    return trails.fit(exposure, *places, np.array([score]), np.ones(1, bool))


@pytest.mark.parametrize(
    ("length", "angle", "flux"), [(6.0, 20.0, 9e3), (12.0, 115.0, 9e3), (30.0, 160.0, -2e4)]
)
def test_a_trail_is_as_long_and_lies_as_it_was_drawn(
    make: Any, length: float, angle: float, flux: float
) -> None:
    made = fitted(drawn(make, 120.3, 140.8, flux, length, angle, 3), 121, 140, np.sign(flux) * 30)
    assert not made.failed[0]
    for name, true in (
        ("length", length), ("angle", np.radians(angle)), ("flux", flux), ("x", 120.3), ("y", 140.8),
    ):  # fmt: skip
        value, error = getattr(made, name)[0], getattr(made, f"{name}_error")[0]
        assert abs(value - true) < 4 * error, name
        assert error < 0.1 * abs(true)
    assert made.chi2[0] == pytest.approx(made.pixels[0], rel=0.1)
    assert not made.at_edge[0]


def test_errors_are_those_of_many_trails(make: Any) -> None:
    pulls = []
    for seed in range(24):
        made = fitted(drawn(make, 120.0, 140.0, 9e3, 8.0, 40.0, seed), 120, 140)
        pulls.append(
            (
                (made.length[0] - 8) / made.length_error[0],
                (made.angle[0] - np.radians(40)) / made.angle_error[0],
            )
        )
    assert np.std(pulls, axis=0) == pytest.approx([1, 1], abs=0.4)


@pytest.mark.parametrize("flux", [3e3, 1e5])
def test_a_point_is_no_trail(make: Any, flux: float) -> None:
    made = fitted(drawn(make, 120.3, 140.8, flux, 0.0, 0.0, 5), 120, 141)
    assert made.failed[0]
    assert np.isnan(made.length[0])


def test_what_lies_on_a_trail_is_of_it(make: Any) -> None:
    exposure = drawn(make, 120.0, 140.0, 2e4, 20.0, 0.0, 1)
    x, y = np.array([114.0, 126.0, 120.0]), np.array([140.0, 140.0, 40.0])
    made = trails.fit(exposure, x, y, np.array([20.0, 30.0, 6.0]), np.array([True, True, False]))
    assert made.failed.tolist() == [True, False, False]
    assert made.pixels.tolist()[0] == made.pixels.tolist()[2] == 0


def test_an_end_off_the_image_is_told(make: Any) -> None:
    made = fitted(drawn(make, 6.0, 140.0, 2e4, 16.0, 0.0, 1), 8, 140)
    assert made.at_edge[0]


def test_who_may_be_a_trail_looks_neither_like_a_point_nor_like_a_dipole() -> None:
    table = Table(
        {f"base_SdssShape_{name}": np.full(4, 4.0) for name in ("xx", "yy", "psf_xx", "psf_yy")}
    )
    for name in ("xy", "psf_xy"):
        table[f"base_SdssShape_{name}"] = np.zeros(4)
    for name in ("xxErr", "yyErr", "xyErr"):
        table[f"base_SdssShape_{name}"] = np.full(4, 0.2)
    table["base_SdssShape_xx"][1] = 9.0
    table["ip_diffim_score"] = [20.0, -20.0, 6.0, 20.0]
    table["ip_diffim_PsfFit_flag"] = [False, False, True, True]
    table["ip_diffim_DipoleFit_flag_classification"] = [False, False, False, True]
    assert trails.candidates(table).tolist() == [False, True, True, False]
