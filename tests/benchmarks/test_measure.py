"""How long detection and measurement take, beside what sep takes to find the same sources."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Exposure
from persistence.types.pixels.mask import Mask
from persistence.types.psf.psf import SingleGaussianPsf

sep = pytest.importorskip("sep", reason="pip install '.[tasks]'")
pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")

SHAPE, SKY, SIGMA, NUMBER = (1024, 1024), 800.0, 2.0, 1500


@pytest.fixture(scope="module")
def exposure() -> Exposure:
    """Return an exposure of a crowded field: 1500 stars, a tenth of them bright."""
    rng, psf = np.random.default_rng(1), SingleGaussianPsf((21, 21), SIGMA)
    x, y = rng.uniform(20, SHAPE[0] - 20, (2, NUMBER))
    flux = 2000 * rng.uniform(0.01, 1, NUMBER) ** -1.2
    image = np.zeros(SHAPE)
    for stamp, column, row, light in zip(psf.stamps(x, y, 10), x, y, flux, strict=True):
        left, low = (int(np.floor(at + 0.5)) - 10 for at in (column, row))
        image[low : low + 21, left : left + 21] += light * stamp
    noisy = rng.poisson(image + SKY) - SKY
    return Exposure(
        noisy.astype(np.float32),
        fits.Header(),
        mask=Mask.from_flags({"BAD": np.zeros(SHAPE, bool)}),
        variance=(image + SKY).astype(np.float32),
    ).replaced(psf=psf)


def test_all_sources(bench: Any, exposure: Exposure) -> None:
    from persistence.tasks.calibrate_config import CalibrateConfig
    from persistence.tasks.detect_and_measure import detect_and_measure

    config, noise = CalibrateConfig(), np.sqrt(exposure.variance)
    kernel = np.exp(-np.add.outer(*(2 * [np.arange(-4, 5) ** 2])) / (2 * SIGMA**2))

    def by_sep() -> Any:
        found = sep.extract(exposure.image, 1.0, err=noise, filter_kernel=kernel, clean=False)
        return [
            sep.sum_circle(exposure.image, found["x"], found["y"], radius, err=noise, subpix=0)
            for radius in config.apertureRadii
        ]

    assert detect_and_measure(exposure, config).measured.x.size > 700
    bench.ratio(
        "sources told apart and measured, over sep's extraction and apertures",
        lambda: detect_and_measure(exposure, config),
        by_sep,
        3.0,
        rounds=5,
    )
