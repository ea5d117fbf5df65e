"""Exposures of several bands as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lsst.afw.image as afwImage
from lsst.geom import Box2I, Extent2I, Point2I

BOX = Box2I(Point2I(10, 20), Extent2I(6, 4))
BANDS = ("g", "r", "i")


def exposures() -> Any:
    singles = [afwImage.ExposureF(BOX) for _ in BANDS]
    for number, single in enumerate(singles):
        single.image.array[:] = number
        single.image[11, 22] = 100 + number
    return afwImage.MultibandExposure.fromExposures(BANDS, singles)


def test_bands_are_one_array() -> None:
    several = exposures()
    assert several.filters == BANDS
    assert len(several) == 3
    assert several.getBBox() == BOX
    assert several.shape == (3, 4, 6)
    assert (several.width, several.height, several.x0, several.y0) == (6, 4, 10, 20)
    assert several.image.array.shape == several.mask.array.shape == (3, 4, 6)
    assert several.image.array[:, 2, 1].tolist() == [100, 101, 102]
    several.image.array[1] += 5
    assert several["r"].image[11, 22] == 106
    several["g"].image[10, 20] = -1
    assert several.image.array[0, 0, 0] == -1
    several["g"].mask[10, 20] = 4
    assert several.mask.array[0, 0, 0] == 4


def test_bands_are_taken_by_name_and_number() -> None:
    several = exposures()
    assert several["r"] is several[1] is several.singles[1] is list(several)[1]
    assert several[["g", "i"]].filters == ("g", "i")
    assert several[:"i"].filters == ("g", "r")
    assert several[1:].filters == ("r", "i")
    with pytest.raises(KeyError, match="there are g, r, i"):
        _ = several["z"]


def test_parts_are_taken_of_all_bands() -> None:
    several = exposures()
    part = Box2I(Point2I(11, 21), Extent2I(3, 2))
    cut = several[:, part]
    assert cut.getBBox() == part
    assert cut.filters == BANDS
    assert several["g", part].image[11, 22] == 100
    assert several[part].getBBox() == part
    assert several.image[:, 11:14, 21:23].getBBox() == part
    assert several.image[:, 11, 22].tolist() == [100, 101, 102]
    assert several.image["r"][11, 22] == 101


def test_arrays_become_bands() -> None:
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    images = afwImage.MultibandImage("gr", array, Box2I(Point2I(1, 2), Extent2I(4, 3)))
    assert images.array is array
    assert images["r"][1, 2] == 12
    images["g"].array[:] = 0
    assert not array[0].any()
    masked = afwImage.MultibandMaskedImage.fromArrays("gr", array, None, array)
    assert [single.image.array[0, 0] for single in masked] == [0, 12]
    made = [afwImage.Exposure(single, dtype=single.image.array.dtype) for single in masked]
    several = afwImage.MultibandExposure.fromExposures("gr", made)
    assert several.variance.array[1, 0, 0] == 12


@pytest.mark.parametrize(
    ("first", "patch"),
    [((None,), "1,1"), ((), "1,1"), (({"patch": {"g": "0,0", "r": "1,0", "i": "2,0"}},), None)],
)
def test_a_butler_is_asked_for_each_band(first: tuple[Any, ...], patch: str | None) -> None:
    """As afw's versions did: what differs stands before the dataset type, or nothing does."""
    asked = []

    class Butler:
        def get(self, name: str, filter: str, **data_id: Any) -> Any:
            asked.append((name, filter, data_id["tract"], data_id["patch"]))
            single = afwImage.ExposureF(BOX)
            single.image.array[:] = BANDS.index(filter)
            return single

    same = {} if patch is None else {"patch": patch}
    several = afwImage.MultibandExposure.fromButler(
        Butler(), BANDS, *first, "deepCoadd_calexp", tract=9813, **same
    )
    assert several.image.array[:, 0, 0].tolist() == [0, 1, 2]
    assert asked == [
        ("deepCoadd_calexp", band, 9813, patch or f"{number},0")
        for number, band in enumerate(BANDS)
    ]


def test_bands_at_different_places_are_refused() -> None:
    with pytest.raises(IndexError, match="same place"):
        afwImage.MultibandExposure.fromExposures(
            "gr", [afwImage.ExposureF(BOX), afwImage.ExposureF(6, 4)]
        )
