"""What `processCcd` was made of: by the pipeline's known steps, and by sphgeom for the reference catalog."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from lsst.sphgeom import HtmPixelization, LonLat, UnitVector3d

from obs_decam.sample import calibs as generate_calibs
from persistence import Butler
from persistence.cli import ingest_calibs

VISIT, CHIPS = 410877, (25, 26)
TOP = Path(__file__).resolve().parents[2]
# What the steps of the pipeline read of a detector, from the repository on.
ISR = [
    "2014-02-27/g/decam0410877.fits.fz",
    "CALIB/BIAS/2014-02-20/BIAS-2014-02-20-{0:02d}.fits",
    "CALIB/FLAT/2014-02-20/g/FLAT-2014-02-20-{0:02d}.fits",
    "CALIB/defects/1970-01-01T00:00:00/defects-1970-01-01T00:00:00-{0:03d}.fits",
]
CALIBRATE = ["ref_cats/invented/config.py", "ref_cats/invented/master_schema.fits"]
OUTPUTS = {
    "icSrc": ISR,
    "calexpBackground": [*ISR, *CALIBRATE],
    "src": [*ISR, *CALIBRATE],
    "srcMatch": [*ISR, *CALIBRATE],
    "calexp": [*ISR, *CALIBRATE],
    "ccdSummary": [*ISR, *CALIBRATE],
    "processCcd_metadata": [*ISR, *CALIBRATE],
}

Process = Callable[..., str]


@pytest.fixture(scope="module")
def whole(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository, calibrations in it as files, with a rerun of both chips."""
    repo = tmp_path_factory.mktemp("provenance") / "repo"
    # Links become files: some are touched here.
    shutil.copytree(survey, repo, symlinks=False)
    process(repo)
    return repo


@pytest.fixture
def repo(whole: Path, tmp_path: Path) -> Path:
    """Return a copy of it, with times, to be changed."""
    return Path(shutil.copytree(whole, tmp_path / "repo"))


def process(repo: Path, *words: str) -> str:
    """Run processCcd as a user does; return what it printed."""
    command = [sys.executable, str(TOP / "bin/processCcd.py"), str(repo), "--rerun", "a"]
    command += ["--calib", str(repo / "CALIB"), "--id", f"visit={VISIT}", "ccdnum=25..26"]
    done = subprocess.run(
        [*command, "-c", "calibrate.refCat=invented", *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lines(repo: Path) -> list[dict[str, Any]]:
    """Read the journal of the rerun by hand."""
    (path,) = (repo / "rerun/a/.persistence/journal").iterdir()
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(line: dict[str, Any]) -> list[str]:
    """Return the inputs of a line, from the repository on."""
    return [
        os.path.normpath(f"rerun/a/{line['o'][root]}/{path}") for _kind, root, path, *_ in line["n"]
    ]


def stale(repo: Path) -> set[tuple[str, int]]:
    found = Butler(str(repo / "rerun/a")).stale()
    return {(one.datasetType, one.dataId["ccdnum"]) for one in found}


def later(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


@pytest.mark.parametrize("ccdnum", CHIPS)
def test_each_output_tells_of_what_the_steps_before_it_read(whole: Path, ccdnum: int) -> None:
    found = {
        line["d"]: [path for path in files(line) if not path.removesuffix(".fits")[-1:].isdecimal()
                    or not path.startswith("ref_cats")]
        for line in lines(whole)
        if line.get("id", {}).get("ccdnum") == ccdnum
    }  # fmt: skip
    assert found == {
        name: [path.format(ccdnum) for path in paths] for name, paths in OUTPUTS.items()
    }


@pytest.mark.parametrize("ccdnum", CHIPS)
def test_the_shards_are_those_about_the_detector(whole: Path, ccdnum: int) -> None:
    (line,) = (
        one for one in lines(whole) if one.get("d") == "calexp" and one["id"]["ccdnum"] == ccdnum
    )
    shards = {
        int(Path(path).stem)
        for path in files(line)
        if path.startswith("ref_cats") and Path(path).stem.isdecimal()
    }
    mesh = HtmPixelization(7)
    where = {}
    for number in shards:
        assert (whole / f"ref_cats/invented/{number}.fits").exists()
    for path in (whole / "ref_cats/invented").glob("1*.fits"):
        with fits.open(path) as hdus:
            for row in hdus[1].data:
                position = LonLat.fromRadians(float(row["coord_ra"]), float(row["coord_dec"]))
                where[int(row["id"])] = mesh.index(UnitVector3d(position))
    with fits.open(whole / f"rerun/a/0410877/srcMatch/srcMatch-0410877_{ccdnum}.fits") as hdus:
        matched = {where[int(star)] for star in hdus[1].data["first"]}
    assert matched <= shards
    with fits.open(whole / f"rerun/a/0410877/src/src-0410877_{ccdnum}.fits") as hdus:
        sources = hdus[1].data
        middle = UnitVector3d(
            LonLat.fromRadians(
                float(np.median(sources["coord_ra"])), float(np.median(sources["coord_dec"]))
            )
        )
    for number in shards:  # a chip is 0.15 by 0.3 degrees, a trixel 0.7
        centre = mesh.pixel(number).getCentroid()
        assert np.degrees(np.arccos(min(1.0, centre.dot(middle)))) < 1.0


def test_the_run_tells_of_task_configuration_and_versions(whole: Path) -> None:
    (run,) = (line for line in lines(whole) if line["op"] == "run")
    assert {line["r"] for line in lines(whole)} == {run["r"]}
    assert run["task"] == "processCcd"
    assert "--rerun a" in run["cmd"]
    content = (whole / "rerun/a/config/processCcd.py").read_bytes()
    assert run["c"]["f"] == "config/processCcd.py"
    assert run["c"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert run["c"]["x"]["calibrate.refCat"][0] == "invented"
    assert run["v"]["numpy"] == np.__version__


def test_why_tells_it_to_people(whole: Path) -> None:
    butler = Butler(str(whole / "rerun/a"), calibRoot=str(whole / "CALIB"))
    origin = butler.why("calexp", visit=VISIT, ccdnum=25)
    text = str(origin)
    assert "<- bias calibDate=2014-02-20 ccdnum=25" in text
    assert "because 2014-02-27 is in its validity, 2013-02-20 to 2015-02-20" in text
    assert "calibrate.refCat = 'invented', by default " in text
    assert "calibrate.colorterms.data[...]: " in text  # in one line
    assert "<- ref_cat name=invented" in text
    assert len(text.splitlines()) < 40
    used = butler.used_by("bias", visit=VISIT, ccdnum=25)
    assert {one.datasetType for one in used.outputs} == set(OUTPUTS)
    assert {one.dataId["ccdnum"] for one in used.outputs} == {25}
    # The file of the raw holds both detectors.
    used = butler.used_by("raw", visit=VISIT, ccdnum=26)
    assert {one.dataId["ccdnum"] for one in used.outputs} == {26}


@pytest.mark.parametrize(
    ("path", "chips"),
    [("CALIB/BIAS/2014-02-20/BIAS-2014-02-20-25.fits", {25}), (ISR[0], {25, 26})],
)
def test_what_used_a_file_that_changed_is_stale_and_nothing_else(
    repo: Path, path: str, chips: set[int]
) -> None:
    assert stale(repo) == set()
    later(repo / path)
    assert stale(repo) == {(name, chip) for name in OUTPUTS for chip in chips}


def test_another_configuration_makes_all_of_it_stale(repo: Path) -> None:
    path = repo / "rerun/a/config/processCcd.py"
    path.write_text(path.read_text() + "# another\n")
    assert stale(repo) == {(name, chip) for name in OUTPUTS for chip in CHIPS}


@pytest.mark.slow
def test_redo_stale_does_again_what_is_stale_and_nothing_else(repo: Path) -> None:
    assert "2 skipped" in process(repo, "--redo-stale")
    later(repo / "CALIB/BIAS/2014-02-20/BIAS-2014-02-20-26.fits")
    said = process(repo, "--redo-stale")
    assert "1 done, 1 skipped" in said
    assert "ccdnum=26 is processed again" in said
    assert "bias calibDate=2014-02-20 ccdnum=26: it was written again" in said
    assert stale(repo) == set()
    words = ["-c", "isr.doFlat=False", "--clobber-config"]
    assert "2 done" in process(repo, "--redo-stale", *words)
    assert "2 skipped" in process(repo, "--redo-stale", *words)
    (*_, calexp) = (line for line in lines(repo) if line.get("d") == "calexp")
    assert not [path for path in files(calexp) if "FLAT" in path]


@pytest.mark.slow
def test_digests_tell_a_touched_calibration_from_another(repo: Path) -> None:
    process(repo, "--digests")
    bias = repo / "CALIB/BIAS/2014-02-20/BIAS-2014-02-20-25.fits"
    later(bias)
    assert stale(repo) == set()
    with fits.open(bias, mode="update") as hdus:
        hdus[-1].data[:] += 1
    assert {chip for _name, chip in stale(repo)} == {25}


@pytest.mark.slow
def test_several_processes_tell_the_same(whole: Path, repo: Path) -> None:
    process(repo, "-j", "2")

    def told(one: Path) -> dict[Any, list[str]]:
        return {
            (line["d"], line["id"]["ccdnum"]): files(line)
            for line in lines(one)
            if "ccdnum" in line.get("id", {})
        }

    assert told(repo) == told(whole)
    runs = [line["r"] for line in lines(repo) if line["op"] == "run"]
    assert len(runs) == 2
    assert {line["r"] for line in lines(repo)} == set(runs)


def test_why_tells_that_another_calibration_would_be_chosen_now(repo: Path, tmp_path: Path) -> None:
    masters = generate_calibs.write_masters(
        str(tmp_path / "masters"), ["bias"], ["2014-02-26"], ["g"], CHIPS[:1], "small"
    )
    words = ["--calib", str(repo / "CALIB"), "--validity", "365", "--mode", "copy", "--recompute"]
    assert ingest_calibs.main([str(repo), *masters, *words]) == 0
    butler = Butler(str(repo / "rerun/a"), calibRoot=str(repo / "CALIB"))
    origin = butler.why("calexp", visit=VISIT, ccdnum=25)
    (bias,) = (one for one in origin.inputs if one.datasetType == "bias")
    assert bias.path == "BIAS/2014-02-20/BIAS-2014-02-20-25.fits"
    assert bias.because.endswith("; now BIAS/2014-02-26/BIAS-2014-02-26-25.fits would be chosen")
    assert stale(repo) == set()
