"""Small repositories of Gen2 to export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from obs_decam.sample import generate
from persistence import Butler, skymap
from persistence.cli import ingest_calibs, ingest_images

DATES = ("2014-02-20", "2014-03-10")
DETECTORS = (25, 26)
VISITS = {410877: "g", 410878: "r"}


def _raws(folder: Path) -> list[str]:
    paths = []
    for visit, band in VISITS.items():
        path = folder / f"{visit}.fits"
        generate.exposure(visit, band, "tiny", compress=False, extensions=2).writeto(path)
        paths.append(str(path))
    return paths


def _masters(folder: Path) -> list[str]:
    paths = []
    for number, date in enumerate(DATES):
        for detector in DETECTORS:
            cards = {"CCDNUM": detector, "PROCTYPE": "lsst", "OBSTYPE": "zero", "DATE-OBS": date}
            path = folder / f"bias-{date}-{detector}.fits"
            pixels = np.full((2, 3), 100 * number + detector, np.float32)
            fits.PrimaryHDU(pixels, fits.Header(cards)).writeto(path)
            paths.append(str(path))
    return paths


def _outputs(root: Path) -> None:
    """Write what tasks write: calexps, catalogs, a coadd, and what they know it by."""
    top = Butler(root)
    sky = {"raList": [186.49], "decList": [-3.53], "radiusList": [0.3], "pixelScale": 1.0}
    top.put(skymap.make("discrete", patchInnerDimensions=(1000, 1000), **sky), "deepCoadd_skyMap")
    top.put(Table({"id": [1], "ra": [10.0]}), "ref_cat", name="gaia", pixel_id="164001")
    rerun = Butler(inputs=str(root), outputs=str(root / "rerun" / "me"))
    for visit in VISITS:
        for detector in DETECTORS:
            exposure = rerun.get("raw", visit=visit, ccdnum=detector)
            rerun.put(exposure, "calexp", visit=visit, ccdnum=detector)
            table = Table({"id": [1, 2], "flux": [1.5, 2.5 * detector]})
            rerun.put(table, "src", visit=visit, ccdnum=detector)
    rerun.put(exposure, "deepCoadd", tract=0, patch="8,4", filter="r")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the repository of `build`. It is shared: do not change it."""
    return build(tmp_path_factory.mktemp("gen2"))


def build(folder: Path) -> Path:
    """Return a repository with raws, biases, a rerun, a sky map and a reference catalog."""
    root = folder / "repo"
    (root / "CALIB").mkdir(parents=True)
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    assert ingest_images.main([str(root), "--mode", "copy", *_raws(folder)]) == 0
    options = ["--calib", str(root / "CALIB"), "--validity", "365", "--mode", "copy"]
    assert ingest_calibs.main([str(root), *_masters(folder), *options]) == 0
    _outputs(root)
    return root


@pytest.fixture
def copied(repository: Path, tmp_path: Path) -> Path:
    """Return a copy of the repository, to be changed."""
    return Path(shutil.copytree(repository, tmp_path / "repo", symlinks=True))


def imported(target: Path, export: Path, **options: Any) -> Any:
    """Return a Gen3 Butler on a new repository that has imported an export."""
    butler = pytest.importorskip("lsst.daf.butler", reason="lsst-daf-butler is not installed")
    butler.Butler.makeRepo(str(target))
    into = butler.Butler.from_config(str(target), writeable=True)
    into.import_(directory=str(export), filename=str(export / "export.yaml"), **options)
    return butler.Butler.from_config(
        str(target), collections="DECam/rerun/me", instrument="DECam", skymap=SKYMAP
    )


SKYMAP = "test"
