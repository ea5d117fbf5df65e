"""Which HDU of a file holds a detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam import DecamMapper
from persistence.cameras.camera_mapper import CameraMapper
from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.formatters.extensions import of_detector

S4, S11, N30 = {"CCDNUM": 28}, {"CCDNUM": 22}, {"CCDNUM": 61}


@pytest.fixture
def hdu_of(tmp_path: Path) -> Callable[..., int | None]:
    """Return a function that asks for a detector where one is expected, in a file of some headers."""

    def ask(*headers: dict[str, Any], number: int = 28, hdu: int | None = 1) -> int | None:
        primary, *others = headers
        kind = fits.PrimaryHDU(header=fits.Header(primary))
        hdus = [fits.ImageHDU(np.zeros((1, 1)), fits.Header(cards)) for cards in others]
        fits.HDUList([kind, *hdus]).writeto(tmp_path / "a.fits", overwrite=True)
        data_id = {"visit": 1, "ccdnum": number}
        location = Location(str(tmp_path), "a.fits", hdu, "FitsStorage", None, "raw", data_id)
        return of_detector(location, DecamMapper()).hdu

    return ask


@pytest.mark.parametrize(
    ("headers", "hdu"),
    [
        ([{}, S4, S11], 1),
        ([{}, S11, S4], 2),
        ([{}, {"EXTNAME": "S11"}, {"EXTNAME": "S4"}], 2),
        ([{}, {"EXTNAME": "S11", **S11}, {"EXTNAME": "S4", **S4}], 2),
        ([{}, {"EXTNAME": "im1", **S11}, {"EXTNAME": "im2", **S4}], 2),
        ([{}, S11, N30, {}, S4], 4),
        ([S4, {}], 1),  # a file of one detector, which its primary header names
    ],
)
def test_the_hdu_is_the_one_that_names_the_detector_wherever_it_stands(
    hdu_of: Callable[..., int | None], headers: list[dict[str, Any]], hdu: int
) -> None:
    for expected in (1, 2, 9):
        assert hdu_of(*headers, hdu=expected) == hdu
    assert hdu_of(*headers, hdu=None) is None


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ([{}, S11, N30], r"does not hold detector 28 \(S4\); the detectors in it are 61, S11$"),
        ([{}, S11, S4, S4], r"holds detector 28 \(S4\) more than once, in HDUs 2, 3"),
        ([{}, {}, {}], r"does not show which HDU holds .* none of its 2 HDUs has CCDNUM, or a"),
        ([{}, {"EXTNAME": "S11", **S4}], r"a.fits: HDU 1: CCDNUM = 28 \(S4\), but EXTNAME = 'S11'"),
    ],
)
def test_a_detector_that_cannot_be_told_is_refused(
    hdu_of: Callable[..., int | None], headers: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(FormatterError, match=problem):
        hdu_of(*headers)


def test_a_camera_that_does_not_say_what_tells_a_detector_is_taken_at_its_number(
    tmp_path: Path,
) -> None:
    class Plain(CameraMapper):
        """A camera of one detector key, whose headers tell nothing."""

    mapper = Plain({"detectors": {"key": "ccd"}, "camera": "plain"})
    location = Location(str(tmp_path), "none.fits", 3, "FitsStorage", None, "raw", {"ccd": 1})
    assert of_detector(location, mapper) is location
