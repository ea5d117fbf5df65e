"""How long cosmic rays and the sky take, beside one pass of sep over the same pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Exposure
from persistence.tasks import sky
from persistence.tasks.repair import RepairTask
from persistence.types.pixels.mask import Mask
from persistence.types.psf.psf import SingleGaussianPsf

sep = pytest.importorskip("sep", reason="pip install '.[tasks]'")
pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")

SHAPE, SKY = (2048, 2048), 800.0


@pytest.fixture(scope="module")
def exposure() -> Exposure:
    """Return an exposure of a sky with 40 tracks."""
    rng = np.random.default_rng(1)
    image = rng.normal(0, np.sqrt(SKY), SHAPE).astype(np.float32)
    for row, column in rng.integers(20, SHAPE[0] - 20, (40, 2)):
        image[row, column : column + 8] += 3000
    mask = Mask.from_flags({"BAD": np.zeros(SHAPE, bool)})
    variance = np.full(SHAPE, SKY, np.float32)
    return Exposure(image, fits.Header(), mask=mask, variance=variance)


def test_cosmic_rays(bench: Any, exposure: Exposure) -> None:
    task, psf = RepairTask(), SingleGaussianPsf((31, 31), 1.7)
    assert task.run(exposure, psf).number == 40  # type: ignore[attr-defined]
    bench.ratio(
        "cosmic rays, over a background by sep",
        lambda: task.run(exposure, psf),
        lambda: sep.Background(exposure.image),
        2.0,
        rounds=7,
    )


def test_background(bench: Any, exposure: Exposure) -> None:
    bench.ratio(
        "level of the sky, drawn, over sep's",
        lambda: sky.background(exposure, 64).image(),
        lambda: sep.Background(exposure.image).back(),
        2.5,
        rounds=7,
    )
