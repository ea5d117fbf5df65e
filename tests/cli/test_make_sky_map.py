"""``makeSkyMap.py``, as a user types it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from persistence import Butler, skymap
from persistence.cli import make_sky_map

TOP = Path(__file__).resolve().parents[2]
RINGS = skymap.make("rings", numRings=120, projection="TAN", pixelScale=0.263)
TYPED = [
    "skyMap=rings",
    "skyMap['rings'].numRings=120",
    "skyMap[rings].projection=TAN",
    'skyMap["rings"].pixelScale=.263',
]


@pytest.fixture
def run(capsys):
    """Return a function that runs the command with some words; gives status, output and errors."""

    def act(*words):
        capsys.readouterr()
        try:
            status = make_sky_map.main([str(word) for word in words])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return act


def test_a_sky_map_is_stored_in_a_rerun_and_told_on_one_screen(root, run):
    status, out, err = run(root, "--rerun", "user/sky", "-c", *TYPED)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "The rings sky map has 18938 tracts"
    assert lines[1].startswith("tract 0 has corners (135.000, -87.522), ")
    assert lines[1].endswith(" (RA, Dec deg) and 12 x 12 patches")
    assert lines[-2] == "... and 18926 more (--all tells them)"
    assert lines[-1] == f"deepCoadd_skyMap is in {root}/rerun/user/sky/deepCoadd/skyMap.pickle"
    assert len(lines) < 24
    assert Butler(str(root / "rerun/user/sky")).get("deepCoadd_skyMap") == RINGS
    assert not (root / "deepCoadd").exists()


def test_a_sky_map_is_stored_in_an_output_or_in_the_repository_itself(root, run, tmp_path):
    assert run(root, "--output", tmp_path / "out", "-c", *TYPED)[0] == 0
    assert Butler(str(tmp_path / "out")).get("deepCoadd_skyMap") == RINGS
    assert run(root, "-c", "skyMap=healpix")[0] == 0
    assert Butler(str(root)).get("deepCoadd_skyMap") == skymap.make("healpix")


def test_by_default_it_is_a_dodecahedron_and_all_is_told(root, run):
    status, out, _ = run(root)
    assert (status, out.count("\ntract ")) == (0, 12)
    assert Butler(str(root)).get("deepCoadd_skyMap") == skymap.make("dodeca")


def test_all_tracts_are_told_on_request(root, run):
    words = [root, "-c", "skyMap=discrete", "doWrite=False"]
    lists = [f"skyMap.active.{name}={[1.5] * 20}" for name in ("raList", "decList", "radiusList")]
    assert run(*words, *lists)[1].count("\ntract ") == 12
    assert run(*words, *lists, "--all")[1].count("\ntract ") == 20
    assert run(*words)[1] == "The discrete sky map has 0 tracts\n"


def test_nothing_is_written_where_that_is_not_wished_for(root, run):
    assert run(root, "-c", "doWrite=False")[0] == 0
    assert not (root / "deepCoadd").exists()


def test_another_coadd_has_another_map(root, run):
    assert run(root, "-c", "coaddName=dcr", "skyMap=equat")[0] == 0
    assert Butler(str(root)).get("dcrCoadd_skyMap").kind == "equat"


def test_settings_come_from_files_which_are_not_run_and_then_from_the_command_line(
    root, run, tmp_path
):
    path = tmp_path / "skymap.py"
    path.write_text(
        "config.skyMap.name = 'rings'\nconfig.skyMap['rings'].numRings = 3\nconfig.skyMap['rings'].raStart = 5.0\n"
        "config.skyMap['dodeca'].withTractsOnPoles = True\n"
    )
    assert run(root, "-C", path, "-c", "skyMap[rings].numRings=4")[0] == 0
    assert Butler(str(root)).get("deepCoadd_skyMap") == skymap.make("rings", numRings=4, raStart=5)
    path.write_text("open('x', 'w')\n")
    assert run(root, "-C", path)[0] == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-c", "skyMap=ringz"], "'ringz' is not a kind of sky map .*; did you mean 'rings'"),
        (
            ["-c", "skyMap=rings", "skyMap[rings].numRing=3"],
            "no field 'numRing'; did you mean 'numRings'",
        ),
        (["-c", "skyMap=rings"], "RingsConfig needs numRings"),
        (["-c", "skyMap[ring].numRings=3"], "'ring' is not a kind of sky map"),
        (["-c", "skyMap[rings].numRing=3"], "no field 'numRing'; did you mean 'numRings'"),
        (["-c", "skymap=rings"], "no field 'skymap'; did you mean 'skyMap'"),
        (["-c", "skyMap=5"], "skyMap=5: expected str"),
        (["-c", "doWrite=maybe"], "doWrite='maybe': expected bool"),
        (["-c", "skyMap"], "write -c NAME=VALUE"),
        (["-c", "pixelScale=1"], "no field 'pixelScale'"),
        (["-C", "no_such_file.py"], r"no_such_file\.py cannot be read"),
        (["--rerun", "a", "--output", "b"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_meant_is_told_and_nothing_written(root, run, words, message):
    before = sorted(root.rglob("*"))
    status, _, err = run(root, *words)
    assert status == 2
    assert re.search(message, err)
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("rerun", ["a:b:c", "", ":b", "a:"])
def test_a_rerun_of_another_form_is_refused(root, run, rerun):
    status, _, err = run(root, "--rerun", rerun)
    assert status == 1
    assert "write --rerun OUT or --rerun IN:OUT" in err


def test_a_rerun_of_a_rerun_reads_the_one_and_writes_the_other(root, run):
    assert run(root, "--rerun", "a", "-c", "skyMap=healpix")[0] == 0
    assert run(root, "--rerun", "a:b", "-c", "doWrite=False")[0] == 0
    assert Butler(str(root / "rerun/b")).get("deepCoadd_skyMap").kind == "healpix"
    status, _, err = run(root, "--rerun", "c:d")
    assert status == 1
    assert "c" in err


def test_the_script_runs(root):
    done = subprocess.run(
        [sys.executable, TOP / "bin/makeSkyMap.py", root, "-c", "skyMap=equat"], capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"The equat sky map has 4 tracts" in done.stdout
