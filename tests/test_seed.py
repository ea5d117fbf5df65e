"""The tutorial that the project was created from: its command lines, with processCcd.py in the pipeline's place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lsst.daf.persistence as dafPersist  # noqa: N812  # as the tutorial has it
from obs_decam.sample import calibs as generate_calibs
from obs_decam.sample import generate, refcat
from persistence import Butler
from persistence.cli import ingest_calibs, ingest_curated, ingest_images

VISIT, CHIPS = 123456, (42, 6)
DATABASE = "-c diaPipe.apdb.isolation_level=READ_UNCOMMITTED -c diaPipe.apdb.db_url='sqlite:///apdb/association.db'"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the directories of the tutorial: repo, with raws, ref_cats and calibs."""
    folder = tmp_path_factory.mktemp("seed")
    root, calibs = folder / "repo", folder / "repo" / "calibs"
    calibs.mkdir(parents=True)
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    raws = generate.write(str(folder / "raw"), [(VISIT, "g")])
    assert ingest_images.main([str(root), *raws]) == 0
    ((day,),) = {
        (date,) for date in dafPersist.Butler(root).queryMetadata("raw", "date", visit=VISIT)
    }
    masters = generate_calibs.write_masters(
        str(folder / "masters"), ["bias", "flat"], [day], ["g"], CHIPS, "small"
    )
    curated = generate_calibs.write_curated(str(folder / "curated"), ["defects"], CHIPS, "small")
    assert curated
    words = ["--calib", str(calibs)]
    assert (
        ingest_calibs.main([str(root), *masters, *words, "--validity", "30", "--mode", "link"]) == 0
    )
    assert (
        ingest_curated.main([str(root), str(folder / "curated" / "decam" / "defects"), *words]) == 0
    )
    refcat.write_refcat(str(root / "ref_cats" / "ps1_pv3_3pi_20170110"), [VISIT])
    return folder


def typed(place: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Type a line in a shell."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=place,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )


def test_one_detector_is_processed_into_a_rerun_and_read_as_the_tutorial_reads(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = typed(
        place,
        "processCcd.py repo --calib repo/calibs --rerun processed --id visit=123456 ccdnum=42 filter=g",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "processCcd: 1 done, of 1" in done.stdout
    monkeypatch.chdir(place)
    butler = dafPersist.Butler("repo/rerun/processed")
    dataId = {"visit": 123456, "ccdnum": 42, "filter": "g"}
    calexp = butler.get("calexp", dataId=dataId)
    truth = generate.truth(VISIT, "g", 42).seen.zero_point
    assert calexp.getPhotoCalib().instFluxToMagnitude(1.0) == pytest.approx(truth, abs=0.02)
    assert Butler("repo/rerun/processed").get("calexp", dataId).zero_point == pytest.approx(
        truth, abs=0.02
    )
    assert sorted(path.name for path in Path("repo/rerun/processed").iterdir() if path.is_dir()) == [
        ".persistence", "0123456", "config", "schema",
    ]  # fmt: skip


def test_an_output_elsewhere_is_made(place: Path) -> None:
    done = typed(
        place,
        "processCcd.py repo --calib repo/calibs --output path/to/put/processed/data/in "
        "--id visit=123456 ccdnum=42 filter=g",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (place / "path/to/put/processed/data/in/0123456/calexp/calexp-0123456_42.fits").exists()


def test_data_ids_are_previewed_and_nothing_is_made(place: Path) -> None:
    line = "processCcd.py repo --calib repo/calibs --rerun preview --id visit=123456 ccdnum=42 filter=g --show data"
    done = typed(place, line)
    begin = "id dataRef.dataId = {'visit': 123456, 'ccdnum': 42, 'filter': 'g', "
    assert (done.returncode, done.stdout.startswith(begin)) == (0, True), done.stdout + done.stderr
    assert not (place / "repo" / "rerun" / "preview").exists()


def test_alternatives_and_ranges_are_many_data_ids(place: Path) -> None:
    done = typed(
        place, "processCcd.py repo --rerun preview --id visit=123456 ccdnum=3^6..12 --show data"
    )
    assert [
        int(line.split("'ccdnum': ")[1].split(",")[0]) for line in done.stdout.splitlines()
    ] == [3, *range(6, 13)]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (DATABASE, "diaPipe"),
        ("--template templates", "unrecognized arguments: --template templates"),
        ("--template templates --templateId visit=234567", "--templateId"),
    ],
)
def test_what_only_the_pipeline_takes_is_refused_by_name(
    place: Path, more: str, message: str
) -> None:
    line = f"processCcd.py repo --calib repo/calibs --rerun other {more} --id visit=123456 ccdnum=42 filter=g"
    done = typed(place, line)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "repo" / "rerun" / "other").exists()


def test_the_common_error_says_what_is_missing(place: Path) -> None:
    done = typed(
        place,
        "processCcd.py repo --calib repo/calibs --rerun processed --id visit=123456 ccdnum=7 filter=g",
    )
    assert done.returncode == 1
    assert "No locations for get" in done.stdout
    assert "ccdnum=7" in done.stdout
