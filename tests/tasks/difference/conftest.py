"""Exposures of invented stars, drawn where two different skies have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Exposure
from persistence.types.exposure.translator import FilterLabel
from persistence.types.pixels.mask import Mask
from persistence.types.psf.psf import SingleGaussianPsf

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("scipy", reason="pip install '.[tasks]'")

SHAPE = (300, 260)
SKY = 200.0


def make_wcs(shift: tuple[float, float] = (0.0, 0.0), turn: float = 0.0) -> WCS:
    """Return a WCS of pixels of 0.26 arcsec that is shifted (pixels) and turned (degrees)."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [40.0, -20.0]
    wcs.wcs.crpix = [SHAPE[1] / 2 + shift[0], SHAPE[0] / 2 + shift[1]]
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    wcs.wcs.cd = np.array([[-cos, sin], [sin, cos]]) * 0.26 / 3600
    wcs.wcs.set()
    return wcs


def drawn(x: Any, y: Any, flux: Any, sigma: float, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """Draw Gaussian stars."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    light = np.zeros(shape)
    for column, row, height in zip(x, y, flux, strict=True):
        near = np.hypot(columns - column, rows - row) < 8 * sigma
        light[near] += (
            height
            / (2 * np.pi * sigma**2)
            * np.exp(-((columns[near] - column) ** 2 + (rows[near] - row) ** 2) / (2 * sigma**2))
        )
    return light


@pytest.fixture
def make() -> Callable[..., Exposure]:
    """Return a function that makes an exposure of stars without background."""

    def exposure(
        x: Any, y: Any, flux: Any, sigma: float = 1.6, wcs: WCS | None = None, seed: int | None = 1
    ) -> Exposure:
        light = drawn(x, y, flux, sigma)
        variance = light + SKY
        noise = 0 if seed is None else np.random.default_rng(seed).normal(0, np.sqrt(variance))
        planes = {name: np.zeros(SHAPE, bool) for name in ("BAD", "SAT", "INTRP", "CR", "EDGE")}
        made = Exposure(
            (light + noise).astype(np.float32),
            fits.Header(),
            mask=Mask.from_flags(planes),
            variance=variance.astype(np.float32),
        )
        side = 2 * int(np.ceil(6 * sigma)) + 1
        return made.replaced(
            wcs=wcs or make_wcs(), psf=SingleGaussianPsf((side, side), sigma),
            filter=FilterLabel("g"), unit="electron",
        )  # fmt: skip

    return exposure


@pytest.fixture
def stars() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns, rows and fluxes of stars that are apart."""
    rng = np.random.default_rng(5)
    columns, rows = (
        axis.ravel() for axis in np.meshgrid(np.arange(35, 240, 32), np.arange(35, 280, 32))
    )
    jitter = rng.uniform(-4, 4, (2, columns.size))
    return columns + jitter[0], rows + jitter[1], 10 ** rng.uniform(4, 5.3, columns.size)
