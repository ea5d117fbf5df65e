"""Where the parts of an exposure lie in its file."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.formatters.planes import layout

PIXELS = np.zeros((2, 3), "i4")


def written(tmp_path, *hdus, squeeze=bytes) -> str:
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(stream)
    (tmp_path / "a.fits").write_bytes(squeeze(stream.getvalue()))
    return str(tmp_path / "a.fits")


def hdu(**cards: object) -> fits.ImageHDU:
    return fits.ImageHDU(PIXELS, fits.Header(cards))


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("behind", "planes"),
    [
        ([{"EXTTYPE": "MASK"}, {"EXTTYPE": "VARIANCE"}], {"MASK": 2, "VARIANCE": 3}),
        ([{"EXTTYPE": "VARIANCE"}, {"EXTTYPE": "MASK"}], {"MASK": 3, "VARIANCE": 2}),
        ([{"EXTNAME": "MASK"}], {"MASK": 2}),
        ([{"MP_BAD": 0}], {"MASK": 2}),
        ([{}, {}, {"EXTTYPE": "MASK"}], {}),
        ([], {}),
    ],
)
def test_planes_are_known_by_their_type_name_or_bits(tmp_path, squeeze, behind, planes):
    found = layout(
        written(tmp_path, hdu(), *(hdu(**cards) for cards in behind), squeeze=squeeze), 1
    )
    assert {kind: number for kind, number in found.planes(1).items() if kind} == planes
    assert (found.content is None) == (squeeze is bytes)


def test_bits_have_the_files_own_names(tmp_path):
    mask = hdu(MP_BAD=0, MP_SAT=1)
    mask.header["HIERARCH MP_DETECTED_NEGATIVE"] = 6
    found = layout(written(tmp_path, hdu(), mask, hdu(EXTTYPE="MASK")), 1)
    assert found.bits(2) == {"BAD": 0, "SAT": 1, "DETECTED_NEGATIVE": 6}
    assert found.bits(3)["NO_DATA"] == 8


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_the_end_of_a_file_is_given_from_an_hdu_on(tmp_path, squeeze):
    path = written(tmp_path, hdu(EXTNAME="ONE"), hdu(EXTNAME="TWO"), squeeze=squeeze)
    parts = list(fits_headers.parts(fits_headers.content(path, 1), path))
    assert [part.cards["EXTNAME"] for part in parts] == ["ONE", "TWO"]
    assert bytes(parts[1].data) == PIXELS.tobytes()
    with pytest.raises(FormatterError, match=r"a.fits has no HDU 4; its last is 2"):
        fits_headers.content(path, 4)


@pytest.mark.parametrize("cut", [-1441, -2880, -8641, -8700])
def test_the_end_of_a_file_that_is_cut_is_refused(tmp_path, cut):
    whole = fits_headers.content(written(tmp_path, hdu(), fits.ImageHDU(np.zeros((30, 30)))), 1)
    with pytest.raises(FormatterError, match=r"a.fits is truncated"):
        list(fits_headers.parts(whole[:cut], "a.fits"))
