"""What Gen2's lsst.obs.base offered besides mappers."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.obs.base import ExposureIdInfo, exposureFromImage
from obs_decam import DecamMapper
from persistence import Butler, Exposure


def test_an_exposure_stays_one_and_learns_whose_it_is(butler: Butler) -> None:
    raw = butler.get("raw", visit=410877, ccdnum=28)
    made = exposureFromImage(raw, {"visit": 1}, DecamMapper(), setVisitInfo=True)
    assert isinstance(made, Exposure)
    assert (made.image is raw.image, made.dataId, made.visit_info.exposure_id) == (
        True,
        {"visit": 1},
        410877,
    )


def test_an_array_becomes_one() -> None:
    made = exposureFromImage(np.ones((2, 3)))
    assert (made.image.shape, made.wcs, made.filter) == ((2, 3), None, None)
    with pytest.raises(
        RuntimeError, match="an image of two dimensions is expected, not of 1: list"
    ):
        exposureFromImage([1, 2])


@pytest.mark.parametrize(("given", "unused"), [((5, 32), 32), ((5, 3, 40), 37), ((), 63)])
def test_the_bits_that_an_identifier_leaves_are_counted(
    given: tuple[int, ...], unused: int
) -> None:
    assert ExposureIdInfo(*given).unusedBits == unused


@pytest.mark.parametrize("given", [(8, 3), (1, 41, 40)])
def test_an_identifier_has_to_fit(given: tuple[int, ...]) -> None:
    with pytest.raises(RuntimeError, match="more than"):
        ExposureIdInfo(*given)
