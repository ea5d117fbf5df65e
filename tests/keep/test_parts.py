"""Components that are brought without their wholes (use case 8): catalogs with their calibrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from persistence import Butler, NoResults
from persistence.errors import UsageError
from persistence.keep import doctor, verify
from persistence.keep.bundling import bundle
from persistence.keep.copying import copy
from persistence.keep.unbundling import unbundle
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.psf.psf import SingleGaussianPsf

DATA_ID = {"visit": 410877, "ccdnum": 28}
TYPES = ["src", "calexp.photoCalib", "calexp.wcs", "calexp.psf"]


@pytest.fixture
def processed(own: Path) -> Path:
    """Return a rerun of an exposure that has a calibration, a WCS and a PSF, with its catalog."""
    rerun = Butler(inputs=str(own), outputs=str(own / "rerun/a"), durable=False)
    exposure = rerun.get("raw", DATA_ID)
    exposure.photo_calib = PhotoCalib.from_zero_point(27.25)
    exposure.psf = SingleGaussianPsf((15, 15), 1.5)
    rerun.put(exposure, "calexp", DATA_ID)
    rerun.put(Table({"id": [1]}), "src", DATA_ID)
    return own / "rerun/a"


def bundled(source: Path, target: Path, types: list[str]) -> Any:
    archive = target.with_suffix(".zip")
    result = bundle(source, archive, types)
    unbundle(archive, target)
    assert verify(target).is_well
    return result


@pytest.mark.parametrize("bring", [copy, bundled])
def test_components_are_read_by_their_names_without_the_exposure(
    processed: Path, tmp_path: Path, bring: Any
) -> None:
    before = Butler(str(processed))
    wcs = before.get("calexp.wcs", DATA_ID)
    bring(processed, tmp_path / "mine", TYPES)
    processed.parent.parent.rename(tmp_path / "gone")
    butler = Butler(str(tmp_path / "mine"))
    for name in ("calexp.photoCalib", "calexp_photoCalib"):
        assert butler.get(name, DATA_ID).zero_point == pytest.approx(27.25)
    assert butler.get("calexp.psf", DATA_ID) == SingleGaussianPsf((15, 15), 1.5)
    sky, again = (each.pixel_to_world(10, 20) for each in (wcs, butler.get("calexp.wcs", DATA_ID)))
    assert sky.separation(again).arcsec < 1e-6
    assert butler.get("src", DATA_ID)["id"].tolist() == [1]
    with pytest.raises(NoResults):
        butler.get("calexp", DATA_ID)
    names = sorted(path.name for path in (tmp_path / "mine").rglob("*.fits"))
    assert names == [
        *(f"calexp-0410877_28-{part}.fits" for part in ("photoCalib", "psf", "wcs")),
        "src-0410877_28.fits",
    ]
    assert doctor(tmp_path / "mine").findings == []


def test_data_ids_are_completed_for_components_too(processed: Path, tmp_path: Path) -> None:
    copy(processed, tmp_path / "mine", ["calexp.photoCalib"], "ccdnum == 28")
    butler = Butler(str(tmp_path / "mine"))
    rows = butler.queryMetadata("calexp_photoCalib", ["visit", "ccdnum"], filter="g")
    assert rows == [(410877, 28)]


def test_a_second_copy_adds_nothing_until_the_exposure_was_written_again(
    processed: Path, tmp_path: Path
) -> None:
    copy(processed, tmp_path / "mine", TYPES)
    again = copy(processed, tmp_path / "mine", TYPES)
    assert (len(again.files), again.present, again.bytes) == (4, 4, 0)


def test_the_exposure_can_follow(processed: Path, tmp_path: Path) -> None:
    copy(processed, tmp_path / "mine", ["calexp.photoCalib"])
    copy(processed, tmp_path / "mine", ["calexp"])
    butler = Butler(str(tmp_path / "mine"))
    exposure = butler.get("calexp", DATA_ID)
    assert exposure.photo_calib.zero_point == pytest.approx(27.25)
    assert np.asarray(exposure.image).size
    (tmp_path / "mine/0410877/calexp/calexp-0410877_28-photoCalib.fits").unlink()
    assert butler.get("calexp.photoCalib", DATA_ID).zero_point == pytest.approx(27.25)


def test_a_component_with_a_file_of_its_own_is_copied(own: Path, tmp_path: Path) -> None:
    (own / "policy").mkdir()
    (own / "policy/pair.yaml").write_text(
        "datasets:\n"
        "  pair:\n"
        "    composite: {left: {datasetType: left}, right: {datasetType: right}}\n"
        "  left: {template: 'left-%(visit)d.yaml', storage: YamlStorage, python: dict}\n"
        "  right: {template: 'right-%(visit)d.yaml', storage: YamlStorage, python: dict}\n"
    )
    butler = Butler(str(own), durable=False)
    for side in ("left", "right"):
        butler.put({"side": side}, side, visit=410877)
    copied = copy(own, tmp_path / "mine", ["pair.left"])
    assert [file.path for file in copied.files] == ["left-410877.yaml"]
    there = Butler(str(tmp_path / "mine"))
    assert there.get("pair.left", visit=410877) == {"side": "left"}
    assert not there.datasetExists("right", visit=410877)


@pytest.mark.parametrize("name", ["calexp_filename", "calexp_md", "calexp_bbox", "calexp.image"])
def test_views_are_refused_with_the_components_that_come_alone(
    processed: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError, match=r"is not brought alone.*calexp\.photoCalib"):
        copy(processed, tmp_path / "mine", [name])
    assert not (tmp_path / "mine").exists()
