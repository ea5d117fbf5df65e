"""``--mapper`` and ``--trust`` on every command, of a camera that no installed package announces."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

BIN = Path(__file__).parents[2] / "bin"
# What a command makes of the repository, if it may have the camera: (words, part of what it tells).
COMMANDS: dict[str, tuple[str, str]] = {
    "tree": ("persistence tree {root} --mapper", "owncamera.OwnMapper"),
    "get": ("persistence get {root} raw --id visit=410877 ccdnum=28 --trust", "mask_planes"),
    "images": ("ingestImages.py {root} {root}/*/*.fits.fz -n --mapper", "already there"),
    "DECam": ("ingestImagesDecam.py {root} {root}/*/*.fits.fz -n --trust", "already there"),
    "calibrations": (
        "ingestCalibs.py {root} {master} --validity 9 --calib C -n --mapper",
        "1 would be new",
    ),
    "curated ones": ("ingestCuratedCalibs.py {root} C --calib C -n --trust", "is not named after"),
    "defects": ("ingestDefects.py {root} C --calib C -n --mapper", "is not named after"),
    "a sky map": ("makeSkyMap.py {root} --rerun a -c doWrite=False --trust", "sky map has"),
    "a discrete one": (
        "makeDiscreteSkyMap.py {root} --rerun a --mapper",
        "No exposures for a tract",
    ),
    "a task": ("processCcd.py {root} --show data --id visit=410877 --trust", "'visit': 410877"),
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a camera's package, which tells when it is imported."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "owncamera.py").write_text(
        f"open({str(tmp_path / 'imported')!r}, 'w').close()\n"
        "from obs_decam import DecamMapper\n"
        "class OwnMapper(DecamMapper):\n    pass\n"
    )
    return folder


Run = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def run(package: Path, own: Path, tmp_path: Path, master: Callable[..., str]) -> Run:
    """Return a function that runs a command in a process of its own."""
    (own / "_mapper").write_text("owncamera.OwnMapper\n")
    (tmp_path / "C").mkdir()
    names = {"root": own, "master": master()}

    def act(line: str) -> subprocess.CompletedProcess[str]:
        script, *words = line.format(**names).split()
        return subprocess.run(
            [sys.executable, str(BIN / script), *words],
            capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(package)},
        )  # fmt: skip

    return act


@pytest.mark.parametrize("case", COMMANDS)
def test_a_camera_that_only_the_repository_names_is_imported_if_the_user_says_so(
    run: Run, tmp_path: Path, case: str
) -> None:
    line, expected = COMMANDS[case]
    refused = run(line.rpartition(" --")[0])
    assert refused.returncode in (1, 2)
    assert "no installed camera has the name 'owncamera.OwnMapper'" in refused.stderr
    assert "--trust owncamera.OwnMapper" in refused.stderr
    assert "trust=" not in refused.stderr
    assert "mapper=" not in refused.stderr
    assert not (tmp_path / "imported").exists()
    done = run(f"{line} owncamera.OwnMapper")
    assert expected in done.stdout + done.stderr
    assert "no installed camera" not in done.stderr
    assert (tmp_path / "imported").exists()


@pytest.mark.slow
def test_the_word_of_the_user_reaches_every_repository_of_a_chain(run: Run, own: Path) -> None:
    def made(name: str, parent: str) -> None:
        done = run(
            f"makeSkyMap.py {parent} --output {{root}}/{name} --trust owncamera.OwnMapper "
            "-c skyMap=discrete "
        )
        assert done.returncode == 0, done.stderr

    made("a", "{root}")
    made("b", "{root}/a")
    for option in ("--mapper", "--trust"):
        done = run(f"persistence tree {{root}}/b {option} owncamera.OwnMapper")
        assert (done.returncode, done.stdout.count("owncamera.OwnMapper")) == (0, 3), done.stderr
        for line in (
            "makeDiscreteSkyMap.py {root} --rerun {root}/a:{root}/c",
            "processCcd.py {root} --rerun {root}/b:c --show data --id visit=410877",
        ):
            done = run(f"{line} {option} owncamera.OwnMapper")
            assert "410877" in done.stdout or "No exposures" in done.stderr, done.stderr
    assert "--trust owncamera.OwnMapper" in run("persistence tree {root}/b").stderr


@pytest.mark.slow
def test_the_camera_of_a_repository_that_names_none_is_typed(run: Run, own: Path) -> None:
    (own / "_mapper").unlink()
    for line, expected in COMMANDS.values():
        if line.startswith(("ingestImages.py", "makeSkyMap.py", "processCcd.py")):
            line = line.rpartition(" --")[0]
            assert "or pass --mapper NAME" in run(line).stderr
            done = run(f"{line} --mapper decam")
            assert expected in done.stdout, done.stderr


@pytest.mark.slow
def test_a_camera_file_with_code_is_typed(run: Run, own: Path, package: Path) -> None:
    (package / "owntools.py").write_text("def date(header):\n    return header['DATE-OBS'][:10]\n")
    camera = own / "camera.yaml"
    camera.write_text(
        "levels: {visit: []}\ndefaultLevel: visit\n"
        "ingest: {parse: {translation: {visit: IMAGEID}, translators: {date: owntools.date}},\n"
        "  register: {columns: {visit: int, date: text}, unique: [visit], visit: [visit]}}\n"
        "exposures: {raw: {template: 'raw/%(visit)d.fits'}}\n"
    )
    (own / "_mapper").write_text("camera.yaml\n")
    (own / "registry.sqlite3").unlink()
    header = fits.Header({"IMAGEID": 7, "DATE-OBS": "2024-03-01T02:03:04"})
    for number in (7, 8, 9):
        header["IMAGEID"] = number
        fits.PrimaryHDU(np.zeros((2, 2), "f4"), header).writeto(own / f"{number}.fits")
    line = "ingestImages.py {root} {root}/7.fits {root}/8.fits {root}/9.fits -j 2"
    refused = run(line)
    assert refused.returncode == 2
    assert "names code (" in refused.stderr
    assert f"pass --mapper {camera}" in refused.stderr
    assert not (own / "registry.sqlite3").exists()
    for option in ("--mapper {root}/camera.yaml", "--trust owntools.date"):
        done = run(f"{line} {option}")
        assert done.returncode == 0, done.stderr
        rows = run(f"persistence query {{root}} raw visit date --format csv {option}").stdout
        assert rows.splitlines()[1:] == ["7,2024-03-01", "8,2024-03-01", "9,2024-03-01"]


def test_the_options_are_written_in_full(run: Run) -> None:
    done = run("processCcd.py {root} --show data --trus owncamera.OwnMapper")
    assert done.returncode == 2
    (Path(done.args[2]) / "_mapper").write_text("decam\n")
    done = run("processCcd.py {root} --show data --map owncamera.OwnMapper")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--mapper and --trust must be written in full" in done.stderr
