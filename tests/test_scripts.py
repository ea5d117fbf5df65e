"""Programs in Gen2's manner, with ``lsst.*`` imports only, run as programs.

What they print is held against what the sample was made of, or against what has to be true of any
data: each line of a program is a name and what it found.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from lsst.afw.image import ExposureF
from lsst.daf.persistence import Butler
from obs_decam.sample import generate, refcat
from persistence.cli import ingest_images

pytest.importorskip("lsst.pex.config")
pytest.importorskip("matplotlib")

TOP = Path(__file__).resolve().parents[1]
SCRIPTS = TOP / "tests" / "scripts"
TWIN = SCRIPTS / "obs_twin"
VISITS = [(410877, "r"), (415377, "r"), (123456, "g")]
CHIPS = (28, 42)
RERUN = "repo/rerun/processed"
PLAIN = "-c isr.doBias=False isr.doFlat=False isr.doDefect=False"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a directory, with the camera package where Python looks."""
    paths = [str(TWIN / "python"), str(TOP / "python")]
    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(paths),
        "OBS_TWIN_DIR": str(TWIN),
    }
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with two reruns, a sky map, a coadd's catalog and difference images."""
    folder = tmp_path_factory.mktemp("scripts")
    root = folder / "repo"
    root.mkdir()
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    raws = generate.write(str(folder / "raw"), VISITS, ccdnums=CHIPS)
    assert ingest_images.main([str(root), *raws]) == 0
    visits = [visit for visit, _ in VISITS]
    refcat.write_refcat(str(root / "ref_cats" / "ps1_pv3_3pi_20170110"), visits)
    for rerun, id_words, more in (
        ("processed", "visit=410877^415377 ccdnum=28", ""),
        ("processed", "visit=123456 ccdnum=42", ""),
        ("other", "visit=410877 ccdnum=28", "calibrate.doWriteMatches=False"),
    ):
        line = f"processCcd.py repo --rerun {rerun} --id {id_words} {PLAIN} {more}"
        done = run(folder, *line.split())
        assert done.returncode == 0, done.stdout + done.stderr
    line = f"makeDiscreteSkyMap.py repo --rerun processed --id visit=410877 {SKYMAP}"
    done = run(folder, *line.split())
    assert done.returncode == 0, done.stdout + done.stderr
    _fill(folder)
    return folder


SKYMAP = "-c skyMap.patchInnerDimensions=[4000,4000]"


def _fill(folder: Path) -> None:
    """Write the outputs of pipelines that are not part of this package."""
    butler = Butler(outputs={"root": str(folder / RERUN), "mode": "rw"})
    image, g = {"visit": 410877, "ccdnum": 28}, {"visit": 123456, "ccdnum": 42}
    skymap = butler.get("deepCoadd_skyMap")
    src = butler.get("src", image)
    for patch in list(skymap[0])[:2]:
        where = {"tract": 0, "patch": "{},{}".format(*patch.getIndex()), "filter": "r"}
        butler.put(src, "deepCoadd_forced_src", where)
    butler.put(butler.get("calexp", g), "deepDiff_differenceExp", g)
    butler.put(butler.get("src", g), "deepDiff_diaSrc", g)
    single = Butler(
        outputs={
            "root": str(folder / "singlechip_sample"),
            "mapper": "lsst.obs.decam.DecamMapper",
            "mode": "rw",
        }
    )
    large = ExposureF(2048, 2048)
    single.put(large, "calexp", image)
    src = src.copy(deep=True)
    for axis in "xy":
        src[f"base_SdssCentroid_{axis}"] = src[f"base_SdssCentroid_{axis}"] + 1100.0
    single.put(src, "src", image)


# Words of the command line, and what is printed.
PROGRAMS = {
    "cutout.py": (
        [RERUN, "410877", "28", "cutout.png"],
        ["peak True", "detected True ['BAD', 'CR']", "separation True", "origin True"],
    ),
    "stargalaxy.py": (
        [RERUN, "0", "r", "stars.png"],
        ["rows True patches True", "zero 0.0", "names True"],
    ),
    "mosaic.py": (
        [RERUN, "410877", "mosaic.png"],
        ["name DECam True True", "shown 1", "center True"],
    ),
    "photcompare.py": (
        [RERUN, "repo/rerun/other", "410877", "28"],
        ["matched True", "median True", "zero True True"],
    ),
    "configdiff.py": (
        [RERUN, "repo/rerun/other"],
        ["calibrate.doWriteMatches True -> False"],
    ),
    "coverage.py": ([RERUN, "410877"], ["tracts [0] True"]),
    "notebook.py": ([], ["inside True (512, 512)"]),
    "tutorial.py": ([], ["calexp True True"]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_gen2_runs_as_it_is(place: Path, name: str) -> None:
    words, lines = PROGRAMS[name]
    done = run(place, sys.executable, str(SCRIPTS / name), *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == lines, done.stderr
    for picture in (word for word in words if word.endswith(".png")):
        assert (place / picture).stat().st_size > 1000


def test_a_light_curve_has_the_magnitudes_that_the_sample_was_made_of(place: Path) -> None:
    done = run(place, sys.executable, str(SCRIPTS / "lightcurve.py"), RERUN, "28")
    assert done.returncode == 0, done.stderr
    *points, last = done.stdout.splitlines()
    assert last == f"points {len(points)}"
    assert len(points) == 2  # another night on the same field
    for line in points:
        mjd, mag, is_near = line.split()
        assert 56000 < float(mjd) < 58000
        assert 14 < float(mag) < 22
        assert is_near == "True"


def test_a_task_of_gen2_runs_from_the_command_line(place: Path) -> None:
    script = str(SCRIPTS / "countpixels.py")
    words = [RERUN, "--id", "visit=410877^415377", "ccdnum=28", "-c", "plane=DETECTED"]
    done = run(place, sys.executable, "-m", "persistence.gen2", script, *words, "--output", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.endswith("True True")]
    assert sorted(lines) == ["410877 28 True True", "415377 28 True True"]


def test_a_camera_package_of_gen2_ingests_reads_and_writes(tmp_path: Path) -> None:
    cards = {
        "EXPNUM": 42, "FILTER": "V-2", "EXPTIME": 30.0, "DATE-OBS": "2020-01-02T03:04:05",
        "TIMESYS": "UTC", "OBJECT": "M31", "TELRA": 150.0, "TELDEC": -30.5, "AIRMASS": 1.2,
        "ROTPA": 0.0,
    }  # fmt: skip
    pixels = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64)
    for side in ("EAST", "WEST"):
        header = fits.Header({**cards, "SIDE": side})
        fits.PrimaryHDU(pixels, header).writeto(tmp_path / f"{side}.fits")
    header = fits.Header({"OBSTYPE": "bias", "CALIB_ID": "side=1,1 calibDate=2020-01-01"})
    fits.PrimaryHDU(pixels.astype(np.float32), header).writeto(tmp_path / "bias.fits")
    script = str(SCRIPTS / "twin.py")
    words = [str(tmp_path / "*ST.fits"), str(tmp_path / "bias.fits")]
    done = run(tmp_path, sys.executable, "-m", "persistence.gen2", script, *words)
    assert done.returncode == 0, done.stderr
    # As lsst.log did, ours prints messages on stdout where nobody has set up Python's logging.
    printed = done.stdout.splitlines()
    assert [line for line in printed if not line.startswith("CameraMapper INFO: ")] == [
        "2 new, 0 already there, 0 failed",
        "1 new, 0 already there, 0 failed",
        "[(42, '1,1', 'V-2'), (42, '2,2', 'V-2')]",
        "v West 422 30.0 150.0",
        "422 422 32",
        "(64, 48)",
        "twin/rerun/a/calexp/v000042_s22.fits True",
        "True clear fair",
        "['East', 'West']",
    ]
