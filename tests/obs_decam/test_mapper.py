"""DECam's identifiers, detectors and filters, against what the original computes."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any, ClassVar

import pytest

from obs_decam import DecamMapper
from obs_decam.mapper import detectors
from obs_decam.sample.calibs import write_community
from persistence import Butler, FormatterError
from persistence.testing import CameraContract


class TestDecam(CameraContract):
    mapper_class = DecamMapper
    values: ClassVar[dict[str, Any]] = {
        "calibDate": "2013-09-01", "calib_hdu": 2, "ccdnum": 25, "date": "2013-09-01", "detector": 7, "expId": 42,
        "fgcmcycle": 3, "filter": "g", "hdu": 1, "label": "sg", "name": "gaia", "numSubfilters": 3, "patch": "3,4",
        "pixel_id": "628864", "subdir": "a", "subfilter": 1, "tract": 8766, "visit": 229388,
    }  # fmt: skip


@pytest.fixture
def mapper() -> DecamMapper:
    return DecamMapper()


def test_vector_v28_the_identifier_of_an_exposure_of_a_chip(mapper: DecamMapper) -> None:
    assert mapper._computeCcdExposureId({"visit": 412345, "ccd": 7}) == 41234507


def test_an_unknown_filter_has_no_number(mapper: DecamMapper) -> None:
    with pytest.raises(
        RuntimeError, match="filter='Q' is not one of the camera's: u, g, r, i, z, Y, VR"
    ):
        mapper._computeCoaddExposureId({"tract": 1, "patch": "1,2", "filter": "Q"}, True)


def test_detectors_have_names_but_for_the_dead_one(mapper: DecamMapper) -> None:
    assert len(detectors()) == 62
    assert len(set(detectors().values())) == 62
    assert mapper._extractDetectorName({"ccdnum": 62}) == "N31"
    for number in (61, 63, 0):
        with pytest.raises(RuntimeError, match="No name found for dataId"):
            mapper._extractDetectorName({"ccdnum": number})


def test_the_camera_says_what_it_is_called() -> None:
    assert (DecamMapper.getCameraName(), DecamMapper.getPackageName()) == ("decam", "obs_decam")


def test_a_master_of_all_detectors_is_read_where_the_registry_says(
    dated: Path, tmp_path: Path
) -> None:
    """Gen2 took the detector's number for the HDU, and so gave another detector where some are left out."""
    (path,) = write_community(str(tmp_path), ["bias"], ["2015-03-01"], chips=[1, 3, 25])
    calibs = dated / "CALIB" / "cpBIAS" / "2015-03-01"
    calibs.mkdir(parents=True)
    shutil.copy(path, calibs / "BIAS-2015-03-01.fits.fz")
    registry = sqlite3.connect(dated / "CALIB" / "calibRegistry.sqlite3")
    registry.execute(
        "CREATE TABLE bias (filter text, ccdnum int, calib_hdu int, calibDate text, validStart text, validEnd text)"
    )
    for hdu, number in enumerate((1, 3, 25), 1):
        registry.execute(
            "INSERT INTO bias VALUES ('NONE', ?, ?, '2015-03-01', '2015-01-01', '2015-12-31')",
            (number, hdu),
        )
    registry.commit()
    registry.close()
    butler = Butler(dated, calibRoot="CALIB")
    for number in (1, 3, 25):
        assert butler.get("cpBias", visit=410877, ccdnum=number).detector.id == number
    for hint in ({}, {"calib_hdu": 2}, {"calib_hdu": 3}, {"calib_hdu": 70}):
        assert butler.get("cpBias", calibDate="2015-03-01", ccdnum=3, **hint).detector.id == 3
    with pytest.raises(
        FormatterError,
        match=r"cpBIAS/2015-03-01/.*fz does not hold detector 28 \(S4\); the detectors in it are "
        r"S1, S29, S31$",
    ):
        butler.get("cpBias", calibDate="2015-03-01", ccdnum=28)
