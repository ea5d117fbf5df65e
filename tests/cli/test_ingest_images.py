"""The command line of ingest, as a user types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.cli import ingest_images


def test_files_are_ingested_and_counted(
    root: Path, raws: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ingest_images.main([str(root), *raws]) == 0
    assert capsys.readouterr().out == "2 new, 0 already there, 0 failed\n"
    assert ingest_images.main([str(root), *raws]) == 0
    assert capsys.readouterr().out == "0 new, 2 already there, 0 failed\n"


def test_a_failed_file_is_named_and_the_status_says_so(
    root: Path, raws: list[str], tmp_path: Path, capsys: Any
) -> None:
    bad = tmp_path / "bad.fits"
    bad.write_text("hello")
    assert ingest_images.main([str(root), str(bad), *raws]) == 1
    out = capsys.readouterr().out
    assert out.startswith("2 new, 0 already there, 1 failed\n")
    assert f"  failed  {bad}: is not a FITS file" in out
    assert ingest_images.main([str(root), str(bad), *raws, "-c", "allowError=True"]) == 0


def test_a_dry_run_leaves_the_repository_as_it_is(root: Path, raws: list[str], capsys: Any) -> None:
    assert ingest_images.main([str(root), *raws, "-n"]) == 0
    assert "would link" in capsys.readouterr().out
    assert [path.name for path in root.iterdir()] == ["_mapper"]


@pytest.mark.parametrize(
    ("words", "passed"),
    [
        (["--badFile", "DECam_00410877*"], 1),
        (["--badFile", "*1.fz", "*8.fits.fz"], 1),
        (["--badId", "visit=410877"], 1),
        (["--badId", "visit=410870..410879", "filter=r"], 1),
        (["--badId", "visit=410877^410878"], 2),
        (["--badId", "visit=410877", "--badId", "filter=r"], 2),
        (["--badId", "visit=1"], 0),
    ],
)
def test_bad_files_are_passed_over(
    root: Path, raws: list[str], capsys: Any, words: list[str], passed: int
) -> None:
    assert ingest_images.main([str(root), *raws, *words]) == 0
    assert f"{2 - passed} new" in capsys.readouterr().out


def test_settings_come_from_files_too(root: Path, raws: list[str], tmp_path: Path) -> None:
    settings = tmp_path / "settings.py"
    settings.write_text("config.clobber = True\nconfig.register.table = 'science'\n")
    assert ingest_images.main([str(root), *raws, "-C", str(settings)]) == 0
    settings.write_text("import os\nos.system('touch /tmp/hacked')\n")
    assert ingest_images.main([str(root), *raws, "-C", str(settings)]) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-c", "clober=True"], "no field 'clober'; did you mean 'clobber'"),
        (["-c", "clobber"], "write -c NAME=VALUE"),
        (["--badId", "vist=1"], "unknown key 'vist'; did you mean 'visit'"),
        (["--badId", "visit=x"], "visit takes a value of type int"),
        (["-C", "/nowhere.py"], "-C /nowhere.py cannot be read: No such file"),
        (["-L", "LOUD"], "unknown log level 'LOUD'"),
    ],
)
def test_a_mistyped_option_is_told_with_status_2(
    root: Path, capsys: Any, words: list[str], message: str
) -> None:
    assert ingest_images.main([str(root), "x.fits", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_directory_that_is_no_repository_is_told(tmp_path: Path, capsys: Any) -> None:
    assert ingest_images.main([str(tmp_path), "x.fits"]) == 2
    assert "it has no _mapper" in capsys.readouterr().err


def test_each_file_can_be_told(root: Path, raws: list[str]) -> None:
    command = [
        sys.executable,
        "-m",
        "persistence.cli.ingest_images",
        str(root),
        *raws,
        "-L",
        "INFO",
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert f"{raws[0]} --link--> {root}/2014-02-27/g/decam0410877.fits.fz" in told


def test_a_script_has_the_options_of_all_commands(
    root: Path, raws: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.txt"
    words = [str(root), *raws, "--log-file", str(path)]
    assert ingest_images.main([*words, "-v", "--no-progress"]) == 0
    told = f"{raws[0]} --link--> {root}/2014-02-27/g/decam0410877.fits.fz"
    assert told in capsys.readouterr().err
    assert told in path.read_text()
    none = [str(root), str(tmp_path / "none.fits"), "--log-file", str(path), "-q"]
    assert ingest_images.main(none) == 1
    assert ingest_images.main([str(tmp_path), "x.fits", "-q", "--log-file", str(path)]) == 2
    assert capsys.readouterr().err.startswith("ingestImages.py: ")
    lines = path.read_text().splitlines()
    assert "ERROR persistence.cli: " in lines[-1]
    assert all(line[10] == "T" for line in lines if line[:2] == "20")
    assert ingest_images.main([*words[:-1], "/nowhere/log"]) == 2
    assert "--log-file /nowhere/log: No such file" in capsys.readouterr().err


def test_triples_need_their_own_command(root: Path, triples: Path, capsys: Any) -> None:
    words = [str(root), f"{triples}/instcal/*.fits.fz", "--filetype=instcal"]
    with pytest.raises(SystemExit) as caught:
        ingest_images.main(words)
    assert caught.value.code == 2
    assert ingest_images.main(words, prog="ingestImagesDecam.py", filetypes=True) == 0
    assert Butler(root).queryMetadata("instcal", "visit", ccdnum=25) == [500001, 500002]
    assert ingest_images.main([*words[:2], "--filetype=instcall"], filetypes=True) == 2


def test_the_commands_are_installed() -> None:
    folder = Path(sys.executable).parent
    for name in ("ingestImages.py", "ingestImagesDecam.py", "generateDecam.py"):
        done = subprocess.run([str(folder / name), "--help"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert name in done.stdout


def test_a_reader_that_has_seen_enough_ends_a_dry_run_in_silence(
    root: Path, raws: list[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # as `head` does when it has its lines
    command = [sys.executable, "-m", "persistence.cli.ingest_images", str(root), *raws, "-n"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
