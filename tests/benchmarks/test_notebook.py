"""How long it takes to show a whole chip in a notebook, beside one pass over its pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.io import fits

from persistence import Exposure
from persistence.types.pixels.mask import Mask

SHAPE = (4096, 2048)


def test_a_whole_chip_in_a_notebook(bench: Any) -> None:
    rng = np.random.default_rng(1)
    image = rng.normal(0, 10, SHAPE).astype(np.float32)
    flags = rng.random(SHAPE) < 0.02
    mask = Mask.from_flags({"DETECTED": flags, "BAD": flags[::-1], "CR": flags[:, ::-1]})
    exposure = Exposure(image, fits.Header(), mask=mask, variance=np.abs(image) + 1)
    assert len(exposure._repr_html_()) < 200_000
    bench.ratio(
        "a chip of 2k x 4k in a notebook, over the median of its pixels",
        exposure._repr_html_,
        lambda: np.median(image),
        3.0,
        rounds=5,
    )
