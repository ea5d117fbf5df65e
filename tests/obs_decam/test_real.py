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
        assert not quality.any()
        assert exposure.mask.counts() == {}
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
        part = butler.get("instcal_sub", visit=visit, ccdnum=ccdnum, bbox=(7, 9, 5, 4))
        for wcs, x, y in ((part.wcs, 8, 11), (part.local_wcs, 1, 2)):
            assert np.allclose(
                wcs.all_pix2world(x, y, 0), expected.all_pix2world(8, 11, 0), atol=1e-9, rtol=0
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


@pytest.fixture(scope="module")
def masked(real: Path) -> dict[str, str]:
    """Return the files of the exposure whose mask is not empty."""
    folder = real / "decam_masked"
    return {
        kind: str(next((folder / kind).glob("*.fits"))) for kind in ("instcal", "dqmask", "wtmap")
    }


def ingest(root: Path, path: str) -> Butler:
    root.mkdir()
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    arguments = [str(root), "--filetype=instcal", "--mode=link", path]
    assert ingest_images.main(arguments, filetypes=True) == 0
    return Butler(root)


def test_a_mask_of_codes_means_what_the_pipelines_version_says(
    masked: dict[str, str], tmp_path: Path
) -> None:
    mask = ingest(tmp_path / "repo", masked["instcal"]).get("instcal", visit=396388, ccdnum=28).mask
    codes = fits.getdata(masked["dqmask"], 1)
    assert sorted(np.unique(codes)) == [0, 3, 4]  # good, saturated, bleed trail
    assert np.array_equal(mask["SAT"], codes > 0)
    assert mask.counts() == {"SAT": 1692}


def test_planes_in_another_order_are_joined_by_the_detectors_name(
    masked: dict[str, str], archive: Path, tmp_path: Path
) -> None:
    """The extensions of real files, several in a file, in another order in each."""
    names, files = ["S4", "N10", "N11"], {}
    others = [
        "c4d_180218_090701_{}_z_ls9.N10.fits",
        "c4d_150329_083320_{}_r_ls9.N11.fits",
    ]
    for turn, (kind, word) in enumerate((("instcal", "ooi"), ("dqmask", "ood"), ("wtmap", "oow"))):
        paths = [masked[kind], *(str(archive / kind / name.format(word)) for name in others)]
        hdus = [fits.getdata(path, 1, header=True) for path in paths]
        images = [fits.ImageHDU(*hdu) for hdu in hdus[turn:] + hdus[:turn]]
        files[kind] = tmp_path / "cp" / kind / f"c4d_150110_053718_{word}_z_v1.fits"
        files[kind].parent.mkdir(parents=True)
        primary = fits.PrimaryHDU(header=fits.getheader(masked[kind], 0))
        fits.HDUList([primary, *images]).writeto(files[kind])
    butler = ingest(tmp_path / "repo", str(files["instcal"]))
    for name, number in zip(names, (28, 41, 42), strict=True):
        exposure = butler.get("instcal", visit=396388, ccdnum=number)
        assert exposure.detector.name == exposure.metadata["EXTNAME"] == name
        assert np.array_equal(exposure.image, fits.getdata(files["instcal"], name))
        assert np.array_equal(exposure.mask["SAT"], fits.getdata(files["dqmask"], name) > 0)
        weight = fits.getdata(files["wtmap"], name)
        good = weight > 0
        assert good.any()
        assert np.array_equal(exposure.variance[good], 1 / weight[good])
        header = butler.get("dqmask_md", visit=396388, ccdnum=number)
        assert header["EXTNAME"] == name
