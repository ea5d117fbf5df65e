"""What is particular to files of backgrounds."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from persistence.errors import FormatterError

PYTHON = "lsst.afw.math.BackgroundList"
CARDS = {
    "INTERPSTYLE": 5,
    "UNDERSAMPLESTYLE": 1,
    "BKGD_X0": 0,
    "BKGD_Y0": 0,
    "BKGD_WIDTH": 5,
    "BKGD_HEIGHT": 6,
}


def written(disk, shapes, cards=CARDS):
    location = disk.place()
    hdus = [
        (fits.ImageHDU if place else fits.PrimaryHDU)(np.ones(shape, "f4"))
        for place, shape in enumerate(shapes)
    ]
    for keyword, value in cards.items():
        hdus[0].header[keyword if len(keyword) < 9 else f"HIERARCH {keyword}"] = value
    fits.HDUList(hdus).writeto(location.full_path)
    return location


@pytest.mark.parametrize("storage", ["FitsStorage", "FitsCatalogStorage"])
def test_a_background_is_read_whatever_the_storage_is_called(disk_of, storage):
    disk = disk_of(storage, PYTHON, ".fits")
    found = disk.read(written(disk, [(2, 3)] * 3))
    assert found.image().shape == (6, 5)
    np.testing.assert_allclose(found.image(), 1)


@pytest.mark.parametrize(
    ("shapes", "cards", "message"),
    [
        ([(2, 3)] * 2, CARDS, "three HDUs per component; this file has 2"),
        ([(2, 3), (2, 3), (3, 3)], CARDS, "HDU 2 is not the VARIANCE"),
        ([(6,)] * 3, CARDS, "HDU 0 is not the IMAGE"),
        ([(2, 3)] * 3, {**CARDS, "BKGD_X0": "left"}, "does not belong to a background.*'left'"),
        ([(2, 3)] * 3, {"EXPTIME": 3.0}, "HDU 0 does not belong to a background.*BKGD_X0"),
    ],
)
def test_another_file_is_refused(disk_of, shapes, cards, message):
    disk = disk_of("FitsCatalogStorage", PYTHON, ".fits")
    location = written(disk, shapes, cards)
    with pytest.raises(FormatterError, match=message) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)
