"""Choosing stars: invented sources, of which it is known what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persistence.tasks import star_selector
from persistence.tasks.measure import Measured
from persistence.tasks.shapes import Moments
from persistence.tasks.stamps import Flux

Floats = np.ndarray


def sources(
    x: Any, y: Any, sigma: Any, ratio: Any, flagged: Any = False, e1: Any = 0.0
) -> Measured:
    """Return round sources of some widths (pixels) and ratios of signal to noise."""
    x, y, sigma, ratio, flagged, e1 = np.broadcast_arrays(x, y, sigma, ratio, flagged, e1)
    never, none = np.zeros(x.size, bool), np.zeros(x.size)
    shape = sigma**2 * (1 + e1), sigma**2 * (1 - e1), 0 * sigma
    moments = Moments(x, y, *shape, never, none, none, none)
    flux = Flux(100 * ratio, np.full(x.size, 100.0), never)
    return Measured(
        x=x,
        y=y,
        x_error=1 / ratio,
        y_error=1 / ratio,
        reset=never,
        moments=moments,
        psf_moments=moments,
        psf_flux=flux,
        gaussian_flux=flux,
        psf_area=none,
        circles={},
        background=flux,
        variance=none,
        flags={"saturated": flagged},
        psf_cut=never,
    )


def config(**settings: Any) -> Any:
    from persistence.tasks.measure_psf_config import StarSelectorConfig

    made = StarSelectorConfig()
    made.update(**settings)
    return made


def field(
    stars: int, galaxies: int, rays: int, seed: int = 1, width: float = 1.9
) -> tuple[Measured, np.ndarray]:
    """Return a field; gives also which sources are stars."""
    rng = np.random.default_rng(seed)
    number = stars + galaxies + rays
    x, y = rng.uniform(0, 2000, number), rng.uniform(0, 4000, number)
    ratio = np.exp(rng.uniform(np.log(60), np.log(2000), number))
    varying = width * (1 + 0.02 * (x / 1000 - 1) + 0.02 * (y / 2000 - 1) ** 2)
    sigma = varying * (1 + rng.normal(0, 1, number) / ratio)
    kind = np.repeat([0, 1, 2], [stars, galaxies, rays])
    sigma = np.where(kind == 1, varying * np.exp(rng.uniform(0.1, 1.2, number)), sigma)
    sigma = np.where(kind == 2, rng.uniform(0.4, 1.3, number), sigma)
    e1 = np.where(kind == 0, 0.02, rng.normal(0, 0.3, number).clip(-0.8, 0.8))
    return sources(x, y, sigma, ratio, e1=e1), kind == 0


@pytest.mark.parametrize(
    ("stars", "galaxies", "rays"),
    [(300, 200, 50), (40, 150, 0), (60, 0, 300), (12, 8, 5), (4, 3, 1)],
    ids=["usual", "many galaxies", "many cosmic rays", "few", "very few"],
)
def test_stars_are_told_from_the_rest_by_their_common_width(
    stars: int, galaxies: int, rays: int
) -> None:
    measured, are = field(stars, galaxies, rays)
    chosen = star_selector.select(measured, config(isolation=0.0))
    assert np.count_nonzero(chosen.stars & ~are) <= 0.02 * stars
    assert np.count_nonzero(chosen.stars) >= 0.75 * stars
    assert chosen.sigma == pytest.approx(1.91, abs=0.04)


def test_stars_that_are_not_alone_not_bright_or_flagged_are_left_out() -> None:
    x = np.arange(20) * 50.0
    neighbours = sources(
        [*x, x[2] + 8, x[3] + 8],
        100.0,
        1.9,
        [*np.full(20, 300.0), 30.0, 3.0],
        flagged=np.arange(22) == 7,
    )
    chosen = star_selector.select(neighbours, config())
    # That of a hundredth part does no harm.
    assert np.flatnonzero(~chosen.stars).tolist() == [2, 7, 20, 21]
    assert chosen.bright == 19
    assert star_selector.select(neighbours, config(signalToNoiseMin=400.0)).bright == 0


def test_the_brightest_are_taken_where_there_are_many() -> None:
    ratio = np.linspace(60, 1000, 50)
    measured = sources(np.arange(50) * 60.0, 10.0, 2.0, ratio)
    chosen = star_selector.select(measured, config(maxStars=10))
    assert np.flatnonzero(chosen.stars).tolist() == list(range(40, 50))
