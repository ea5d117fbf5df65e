"""``makeDiscreteSkyMap.py``, as a user types it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Butler, Exposure, skymap
from persistence.cli import make_discrete_sky_map
from persistence.types.wcs import sphere

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def processed(own, tmp_path):
    """Return a rerun with the calexps of two chips of one visit."""
    butler = Butler(inputs=str(own), outputs=str(tmp_path / "processed"))
    for number, ra in ((27, 150.0), (28, 150.1)):
        header = fits.Header(
            {
                "CTYPE1": "RA---TAN",
                "CTYPE2": "DEC--TAN",
                "CRVAL1": ra,
                "CRVAL2": 2.0,
                "CRPIX1": 50.5,
                "CRPIX2": 100.5,
            }
            | {
                "CD1_1": -0.001,
                "CD1_2": 0.0,
                "CD2_1": 0.0,
                "CD2_2": 0.001,
                "CUNIT1": "deg",
                "CUNIT2": "deg",
            }
        )
        exposure = Exposure(np.zeros((200, 100), "f4"), header)
        butler.put(exposure, "calexp", {"visit": 410877, "ccdnum": number, "filter": "g"})
    return tmp_path / "processed"


@pytest.fixture
def run(capsys, processed):
    """Return a function that runs the command on these; gives status, output and errors."""

    def act(*words):
        capsys.readouterr()
        status = make_discrete_sky_map.main([str(processed), *(str(word) for word in words)])
        return status, *capsys.readouterr()

    return act


IDS = ("--id", "visit=410877", "ccdnum=27..28")


def test_a_tract_covers_the_exposures(run, processed):
    status, out, err = run(
        *IDS, "-c", "skyMap.projection=TAN", "skyMap.pixelScale=1", "borderSize=0.01"
    )
    assert (status, err) == (0, "")
    assert out.startswith("The discrete sky map has 1 tract\ntract 0 has corners ")
    butler = Butler(str(processed))
    made = butler.get("deepCoadd_skyMap")
    config = made.config
    assert (config.projection, config.pixelScale, config.tractOverlap) == ("TAN", 1.0, 0.0)
    assert made[0].middle == pytest.approx((150.05, 2.0), abs=1e-5)
    assert config.radiusList[0] == pytest.approx(0.01 + np.hypot(0.1, 0.1), abs=1e-3)
    for number in (27, 28):
        wcs = butler.get("calexp_wcs", visit=410877, ccdnum=number)
        x, y = np.random.default_rng(1).uniform(-0.5, [[99.5], [199.5]], (2, 50))
        assert made[0].contains(sphere.sky(*wcs.all_pix2world(x, y, 0))).all()


def test_exposures_that_are_not_there_are_told_and_passed_over(run, processed):
    status, _, err = run("--id", "visit=410877", "ccdnum=28^29")
    assert status == 0
    assert re.search(r"calexp .*'ccdnum': 29.* is not there; it is passed over", err)
    assert Butler(str(processed)).get("deepCoadd_skyMap")[0].middle == pytest.approx(
        (150.1, 2.0), abs=1e-6
    )


def test_exposures_without_a_wcs_are_told_and_passed_over(run, own, processed):
    bare = Exposure(np.zeros((200, 100), "f4"), fits.Header())
    Butler(inputs=str(own), outputs=str(processed)).put(
        bare, "calexp", {"visit": 410877, "ccdnum": 29, "filter": "g"}
    )
    status, _, err = run("--id", "visit=410877", "ccdnum=28^29")
    assert status == 0
    assert re.search(r"calexp .*'ccdnum': 29.* has no WCS; it is passed over", err)


def test_parts_of_images_and_other_frames_have_their_corners_in_icrs(run, own, processed):
    header = fits.Header()
    for axis, start in (("1", 300), ("2", 500)):
        header[f"CTYPE{axis}A"], header[f"CRPIX{axis}A"] = "LINEAR", 1
        header[f"CRVAL{axis}A"] = start
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["GLON-TAN", "GLAT-TAN"], [100.0, 40.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [350.5, 600.5], [-1e-3, 1e-3]  # the middle of the image
    made = Exposure(np.zeros((200, 100), "f4"), header, given_wcs=wcs)
    butler = Butler(inputs=str(own), outputs=str(processed))
    butler.put(made, "calexp", {"visit": 410877, "ccdnum": 29, "filter": "g"})
    status, _, err = run("--id", "visit=410877", "ccdnum=29")
    assert (status, err) == (0, "")
    middle = SkyCoord(100.0, 40.0, unit="deg", frame="galactic").icrs
    found = Butler(str(processed)).get("deepCoadd_skyMap")[0].middle
    assert found == pytest.approx((middle.ra.deg, middle.dec.deg), abs=1e-5)


def test_no_exposure_is_an_error(run, processed):
    status, _, err = run("--id", "visit=410878", "ccdnum=28")
    assert status == 1
    assert "No exposures for a tract" in err
    assert not (processed / "deepCoadd").exists()


def test_a_tract_is_added_to_the_stored_map(run, processed):
    append = ("-c", "doAppend=True")
    assert run("--id", "visit=410877", "ccdnum=27", *append)[0] == 0
    status, out, _ = run("--id", "visit=410877", "ccdnum=28", *append)
    assert status == 0
    assert "The discrete sky map has 2 tracts" in out
    made = Butler(str(processed)).get("deepCoadd_skyMap")
    assert [tract.middle[0] for tract in made] == pytest.approx([150.0, 150.1], abs=1e-6)
    assert run(*IDS)[0] == 0  # without doAppend it is replaced
    assert len(Butler(str(processed)).get("deepCoadd_skyMap")) == 1


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (
            skymap.make("healpix"),
            "is added to a discrete sky map; the stored deepCoadd_skyMap is of kind healpix",
        ),
        (skymap.make("discrete", tractOverlap=0, pixelScale=1), r"has pixelScale=1\.0, not 0\.333"),
    ],
)
def test_a_tract_is_not_added_to_a_map_of_another_make(run, processed, stored, message):
    butler = Butler(outputs={"root": str(processed), "mode": "rw"})
    butler.put(stored, "deepCoadd_skyMap")
    status, _, err = run(*IDS, "-c", "doAppend=True")
    assert status == 1
    assert re.search(message, err)
    assert butler.get("deepCoadd_skyMap") == stored


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["-c", "skyMap.pixelscale=1"],
            "skyMap has no field 'pixelscale'; did you mean 'pixelScale'",
        ),
        (["-c", "skyMap.raList=[1]"], "skyMap has no field 'raList'"),
        (["-c", "bordersize=1"], "no field 'bordersize'; did you mean 'borderSize'"),
        (["-c", "skyMap.projection=TAM"], "projection has to be one of"),
    ],
)
def test_what_cannot_be_meant_is_told(run, words, message):
    status, _, err = run(*IDS, *words)
    assert status == 2
    assert re.search(message, err)


def test_the_script_runs(processed):
    words = [sys.executable, TOP / "bin/makeDiscreteSkyMap.py", processed, "--rerun", "sky", *IDS]
    done = subprocess.run(words, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (processed / "rerun/sky/deepCoadd/skyMap.pickle").exists()
