"""The main job on real input: the Community Pipeline's exposures, from files to objects by data ID."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Butler
from persistence.cli import ingest_images

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def archive(real: Path) -> Path:
    return real / "decam_instcal"


@pytest.fixture(scope="module")
def ingested(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("real") / "repo"
    root.mkdir()
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    paths = sorted(str(path) for path in (archive / "instcal").glob("*.fits"))
    assert (
        ingest_images.main([str(root), "--filetype=instcal", "--mode=link", *paths], filetypes=True)
        == 0
    )
    return root


def each(archive: Path) -> Any:
    for path in sorted((archive / "instcal").glob("*.fits")):
        with fits.open(path) as hdus:
            yield path, hdus[0].header["EXPNUM"], hdus[1].header["CCDNUM"]


def test_eight_exposures_are_registered(ingested: Path) -> None:
    butler = Butler(ingested)
    assert len(butler.queryMetadata("instcal", ["visit", "ccdnum"])) == 8
    assert sorted(butler.queryMetadata("instcal", ["visit", "ccdnum"], filter="g")) == [
        (425859, 42), (763152, 43), (770496, 41),
    ]  # fmt: skip


def test_the_image_is_what_astropy_reads_pixel_by_pixel(ingested: Path, archive: Path) -> None:
    butler = Butler(ingested)
    for path, visit, ccdnum in each(archive):
        exposure = butler.get("instcal", visit=visit, ccdnum=ccdnum)
        assert np.array_equal(exposure.image, fits.getdata(path, 1))
        assert exposure.image.dtype == np.float32


def test_mask_and_variance_come_from_the_files_beside(ingested: Path, archive: Path) -> None:
    butler = Butler(ingested)
    for path, visit, ccdnum in each(archive):
        exposure = butler.get("instcal", visit=visit, ccdnum=ccdnum)
        quality = fits.getdata(archive / "dqmask" / path.name.replace("ooi", "ood"), 1)
        weight = fits.getdata(archive / "wtmap" / path.name.replace("ooi", "oow"), 1)
        for plane, bits in {"BAD": 1, "SAT": 2 | 64, "INTRP": 4, "CR": 16, "EDGE": 512}.items():
            assert np.array_equal(exposure.mask[plane], (quality & bits) != 0)
        good = weight > 0
        assert np.array_equal(exposure.variance[good], (1 / weight)[good].astype(np.float32))


def test_sky_positions_agree_with_astropy(ingested: Path, archive: Path) -> None:
    butler = Butler(ingested)
    for path, visit, ccdnum in each(archive):
        wcs = butler.get("instcal", visit=visit, ccdnum=ccdnum).wcs
        header = fits.getheader(path, 1)
        assert header["CTYPE1"] == "RA---TPV"
        expected = WCS(header)
        for x, y in ((0, 0), (40, 50), (20.5, 3.25), (-1000, 4000)):
            assert np.allclose(
                wcs.all_pix2world(x, y, 0), expected.all_pix2world(x, y, 0), atol=1e-9, rtol=0
            )
        part = butler.get("instcal_sub", visit=visit, ccdnum=ccdnum, bbox=(7, 9, 5, 4)).wcs
        assert np.allclose(
            part.all_pix2world(1, 2, 0), expected.all_pix2world(8, 11, 0), atol=1e-9, rtol=0
        )


def test_filter_times_and_header_are_there(ingested: Path, archive: Path) -> None:
    butler = Butler(ingested)
    for path, visit, ccdnum in each(archive):
        exposure = butler.get("instcal", visit=visit, ccdnum=ccdnum)
        primary, own = fits.getheader(path, 0), fits.getheader(path, 1)
        assert exposure.filter.physical == primary["FILTER"]
        assert exposure.visit_info.exposure_time == primary["EXPTIME"]
        assert exposure.visit_info.date.isot.startswith(primary["DATE-OBS"][:19])
        assert exposure.zero_point is None  # this version of the pipeline gives none
        for header in (own, primary):
            for key in header:
                if key not in ("", "COMMENT", "HISTORY", "SIMPLE", "EXTEND") and (
                    header is own or key not in own
                ):
                    assert exposure.metadata[key] == header[key], key
        assert exposure.detector.name == own["DETPOS"].strip()


def test_an_exposure_is_shown_on_one_screen(ingested: Path) -> None:
    shown = str(Butler(ingested).get("instcal", visit=425859, ccdnum=42))
    assert len(shown.splitlines()) < 20
    for part in (
        "41 x 51 pixels",
        "N11 (42)",
        "g DECam SDSS",
        "2015-03-29T08:32:55.752081 UTC",
        "79 s",
        "(TPV)",
    ):
        assert part in shown


def test_nothing_was_done_to_the_archive(ingested: Path, archive: Path) -> None:
    assert len(list(archive.rglob("*.fits"))) == 24
    links = [path for path in ingested.rglob("*") if path.is_symlink()]
    assert len(links) == 24
    assert {Path(os.path.realpath(path)).parent.name for path in links} == {
        "instcal",
        "dqmask",
        "wtmap",
    }
