"""The tutorial that the project was created from: its lines and its code as they stand, on two small visits.

The stored text lost words, which are given back here, after the tutorial as its authors published it: the program's
name, ``ap_pipe.py``, at the head of each line; in the first line, what follows ``mkdir apdb/``, which is a line of its
own; and ``calexpTemplates.py`` after ``config/``.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sep", reason="pip install '.[tasks]'")
pytest.importorskip("sqlalchemy", reason="pip install '.[ap]'")

import lsst.ap.pipe
from obs_decam.sample import demo, tutorial
from obs_decam.sample.evaluate import stars
from obs_decam.sample.facts import FILTERS
from persistence import Butler
from persistence.cli import make_discrete_sky_map
from persistence.tasks.ap_pipe import ApPipeTask
from persistence.tasks.difference.warp import warp
from persistence.tasks.process_ccd import ProcessCcdTask

SHARED = Path(os.environ.get("PERSISTENCE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
BIN = Path(__file__).resolve().parents[1] / "bin"
SEED = 1

SETTINGS = (
    "-c diaPipe.apdb.isolation_level=READ_UNCOMMITTED "
    '-c diaPipe.apdb.db_url="sqlite:///apdb/association.db"'
)
MAKE = "mkdir apdb/"
RERUN = (
    f"ap_pipe.py repo --calib repo/calibs --rerun processed {SETTINGS} "
    "--id visit=123456 ccdnum=42 filter=g --template templates"
)
OUTPUT = (
    f"ap_pipe.py repo --calib repo/calibs --output path/to/put/processed/data/in {SETTINGS} "
    "--id visit=123456 ccdnum=42 filter=g --template path/to/templates"
)
CALEXP = (
    "ap_pipe.py repo --calib repo/calibs --rerun processed -C $AP_PIPE_DIR/config/calexpTemplates.py "
    f"{SETTINGS} --id visit=123456 ccdnum=42 filter=g --template /path/to/calexp/templates "
    "--templateId visit=234567"
)
SHOW = (
    "ap_pipe.py repo --calib repo/calibs --rerun processed --id visit=123456 ccdnum=42 filter=g "
    "--show data"
)
# Words that the stored text does not have.
LOST = ("ap_pipe.py ", "calexpTemplates.py")

READ = """\
import lsst.daf.persistence as dafPersist
butler = dafPersist.Butler('repo/rerun/processed')
dataId = {'visit': 123456, 'ccdnum': 42, 'filter': 'g'}
calexp = butler.get('calexp', dataId=dataId)
diffim = butler.get('deepDiff_differenceExp', dataId=dataId)
diaSourceTable = butler.get('deepDiff_diaSrc', dataId=dataId)
"""
PLOT = """\
import os
from copy import deepcopy
import numpy as np
import matplotlib.pyplot as plt
import pandas as pd
import sqlite3
import lsst.daf.persistence as dafPersist

workingDir = 'repo/rerun/processed'
butler = dafPersist.Butler(os.path.join(workingDir))

# Open and read all data from the association database
sqliteFile = os.path.join('apdb', 'association.db')
connection = sqlite3.connect(sqliteFile)
tables = {'obj': 'dia_objects', 'src': 'dia_sources', 'con': 'dia_objects_to_dia_sources'}
conTable = pd.read_sql_query('select * from {0};'.format(tables['con']), connection)
objTable = pd.read_sql_query('select * from {0};'.format(tables['obj']), connection)
srcTable = pd.read_sql_query('select * from {0};'.format(tables['src']), connection)

# Plot how many sourceIDs are attached to any given objectID
obj_id = objTable['id'].values  # object ids from the objTable
con_obj_id = conTable['obj_id'].values  # object ids from the conTable
lowerIndex = np.searchsorted(con_obj_id, obj_id, side='left')
upperIndex = np.searchsorted(con_obj_id, obj_id, side='right')
count = upperIndex - lowerIndex
plt.hist(count, bins=50)
plt.xlabel('Number of DIASources per DIAObject')
plt.ylabel('DIAObject Count')

# Plot all the DIAObjects on the sky
plt.hexbin(objTable['coord_ra'], objTable['coord_dec'],
                cmap='cubehelix', bins='log', gridsize=500, mincnt=1)
plt.title('DIA Objects', loc='right')
"""


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directories of the tutorial: repo, with raws, ref_cats, calibs and templates."""
    folder = tmp_path_factory.mktemp("seed")
    root = Path(tutorial.write(str(folder), SEED))
    visit = [f"visit={tutorial.TEMPLATE}", f"ccdnum={tutorial.DETECTOR}"]
    calexps = root / "rerun" / "calexps"
    words = [str(root), "--calib", str(root / "calibs"), "--rerun", "calexps", "--id", *visit]
    ProcessCcdTask.parseAndRun(words)
    templates = str(root / "templates")
    words = [str(calexps), "--output", templates, "--id", *visit, "-c", "skyMap.pixelScale=0.263"]
    assert make_discrete_sky_map.main(words) == 0
    # A coadd of one exposure is that exposure in the pixels of a patch.
    calexp = Butler(str(calexps)).get("calexp", visit=tutorial.TEMPLATE, ccdnum=tutorial.DETECTOR)
    butler = Butler(templates)
    (tract,) = butler.get("deepCoadd_skyMap")
    (patch,) = tract
    coadd = warp(calexp, tract.getWcs(), patch.getOuterBBox())
    butler.put(coadd, "deepCoadd", tract=0, patch="0,0", filter="g")
    return folder


def copied(begin: Path, folder: Path) -> Path:
    """Copy these directories to where a reader of the tutorial is."""
    shutil.copytree(begin / "repo", folder / "repo", symlinks=True)
    (folder / "path" / "to" / "calexp").mkdir(parents=True)
    templates = folder / "path" / "to" / "templates"
    templates.symlink_to(folder / "repo" / "templates")
    calexps = folder / "path" / "to" / "calexp" / "templates"
    calexps.symlink_to(folder / "repo" / "rerun" / "calexps")
    return folder


@pytest.fixture
def place(begin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory of a reader's own."""
    monkeypatch.setenv("AP_PIPE_DIR", os.path.dirname(lsst.ap.pipe.__file__))
    monkeypatch.chdir(copied(begin, tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def processed(begin: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory in which the first line was typed. It is shared: do not change it."""
    folder = copied(begin, tmp_path_factory.mktemp("processed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        os.mkdir("apdb/")
        ApPipeTask.parseAndRun(words_of(RERUN))
    return folder


@pytest.fixture
def pyplot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return pyplot without a window."""
    pytest.importorskip("pandas", reason="pip install '.[tables]'")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    plt = pytest.importorskip("matplotlib.pyplot", reason="pip install '.[plot]'")
    plt.switch_backend("Agg")
    yield plt
    plt.close("all")


def words_of(line: str) -> list[str]:
    """Return the words of a line of the shell, without the program."""
    return [os.path.expandvars(word) for word in shlex.split(line)][1:]


def on(place: Path, line: str) -> str:
    """Return a line with directories of the reader's in the place of those that are but examples."""
    return line.replace(" /path/to", f" {place}/path/to")


def typed(place: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """Type lines in a shell."""
    path = f"{BIN}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-ec", "\n".join(lines)], cwd=place, env=os.environ | {"PATH": path},
        capture_output=True, text=True,
    )  # fmt: skip


def rows(place: Path, query: str) -> list[Any]:
    with sqlite3.connect(place / "apdb" / "association.db") as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_lines_and_code_are_those_of_the_stored_text_but_for_lost_words() -> None:
    stored = sorted((SHARED / "seeds").glob("000*"))
    if not stored:
        pytest.skip(f"the tutorial's text is not there: {SHARED / 'seeds'}")
    text = stored[0].read_text()
    for code in (READ, PLOT.rstrip("\n")):
        assert code in text
    for line in (MAKE, RERUN, OUTPUT, CALEXP, SHOW):
        for lost in LOST:
            line = line.replace(lost, "")
        assert line in text


def test_what_changed_is_read_as_the_tutorial_reads(
    begin: Path, processed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(processed)
    names: dict[str, Any] = {}
    exec(READ, names)
    truth = Table.read(begin / "sky" / "truth" / f"transients-{tutorial.VISIT}.fits")
    assert names["calexp"].getDimensions() == names["diffim"].getDimensions()
    table = names["diaSourceTable"]
    assert len(table) >= 5
    assert np.isfinite(table["base_PsfFlux_instFlux"]).all()
    found = np.column_stack([table["base_SdssCentroid_x"], table["base_SdssCentroid_y"]])
    inside = (truth["x"] > 20) & (truth["x"] < 300) & (truth["y"] > 20) & (truth["y"] < 300)
    strong = truth[(truth["strength"] > 12) & (truth["counts"] > 0) & inside]
    apart, _ = stars.nearest(np.column_stack([strong["x"], strong["y"]]), found)
    assert len(strong) > 1
    assert (apart < 2).all()


def test_the_database_is_plotted_as_the_tutorial_plots(
    processed: Path, pyplot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(processed)
    names: dict[str, Any] = {}
    cells = PLOT.split("\n# Plot")
    exec(cells[0], names)
    (number,) = {len(names[name]) for name in ("objTable", "srcTable", "conTable")}
    ((objects,),) = rows(
        processed, "SELECT COUNT(*) FROM DiaObject WHERE validityEndMjdTai IS NULL"
    )
    assert number == objects == rows(processed, "SELECT COUNT(*) FROM DiaSource")[0][0]
    exec(f"# Plot{cells[1]}", names)
    axes = pyplot.gca()
    assert axes.get_xlabel() == "Number of DIASources per DIAObject"
    assert axes.get_ylabel() == "DIAObject Count"
    assert sum(bar.get_height() for bar in axes.patches) == objects
    pyplot.figure()
    exec(f"# Plot{cells[2]}", names)
    axes = pyplot.gca()
    assert axes.get_title("right") == "DIA Objects"
    (drawn,) = axes.collections
    assert drawn.get_array().sum() == objects
    ra, dec = drawn.get_offsets().mean(axis=0)
    assert (abs(ra - 150.1), abs(dec - 2.2)) < (0.02, 0.02)
    names["connection"].close()


def test_the_tree_is_as_the_tutorial_draws_it(processed: Path) -> None:
    """But for ``0123456``, whose seven digits the drawing left out: DECam's template has them."""
    output = processed / "repo" / "rerun" / "processed"
    assert {path.name for path in output.iterdir()} == {
        ".persistence", "0123456", "config", "deepDiff", "repositoryCfg.yaml", "schema",
    }  # fmt: skip
    assert sorted(path.name for path in (output / "deepDiff" / "v123456").iterdir()) == [
        f"{name}-42.fits" for name in ("diaSrc", "diffexp", "kernelSrc", "matchexp", "warpexp")
    ]
    assert [path.name for path in (processed / "apdb").iterdir()] == ["association.db"]


def test_data_ids_are_previewed_and_nothing_is_made(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        ApPipeTask.parseAndRun(words_of(SHOW))
    assert not end.value.code
    begin = "id dataRef.dataId = {'visit': 123456, 'ccdnum': 42, 'filter': 'g', "
    assert capsys.readouterr().out.startswith(begin)
    assert not (place / "repo" / "rerun" / "processed").exists()


def test_alternatives_and_ranges_are_many_data_ids(
    filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(filled), "--rerun", "preview", "--id", "visit=410877", "ccdnum=3^6..12"]
    with pytest.raises(SystemExit):
        ApPipeTask.parseAndRun([*words, "--show", "data"])
    lines = capsys.readouterr().out.splitlines()
    numbers = [int(re.findall(r"'ccdnum': (\d+)", line)[0]) for line in lines]
    assert numbers == [3, 6, 7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (SETTINGS, "diaPipe"),
        ("--template templates", "unrecognized arguments: --template templates"),
        ("--template templates --templateId visit=234567", "--templateId"),
    ],
)
def test_process_ccd_refuses_by_name_what_only_the_pipeline_takes(
    place: Path, capsys: pytest.CaptureFixture[str], more: str, message: str
) -> None:
    line = f"processCcd.py repo --calib repo/calibs --rerun other {more} --id visit=123456 ccdnum=42 filter=g"
    with pytest.raises(SystemExit) as end:
        ProcessCcdTask.parseAndRun(words_of(line))
    assert end.value.code == 2
    assert message in capsys.readouterr().err
    assert not (place / "repo" / "rerun" / "other").exists()


@pytest.mark.slow
def test_each_line_is_typed_in_a_shell(place: Path) -> None:
    """Each begins without what the others have left, as sections of the tutorial do."""
    for line in (RERUN, OUTPUT, on(place, CALEXP)):
        done = typed(place, MAKE, "make_apdb.py " + SETTINGS, line)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 done, of 1" in done.stdout
        assert rows(place, "SELECT COUNT(*) FROM dia_objects")[0][0] > 5
        shutil.rmtree(place / "apdb")
        shutil.rmtree(place / "repo" / "rerun" / "processed", ignore_errors=True)
    diffexp = "path/to/put/processed/data/in/deepDiff/v123456/diffexp-42.fits"
    assert (place / diffexp).exists()
    done = typed(place, SHOW)
    assert (done.returncode, done.stdout.count("id dataRef.dataId")) == (0, 1)


@pytest.mark.slow
def test_the_demonstration_finds_a_transient_and_draws_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.main(["--transients", str(tmp_path / "demo")]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if " transient" in line[-20:]]
    assert len(rows) > 8
    assert (tmp_path / "demo" / "transients.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "--template templates --templateId visit=999999",
            "there is no template ccdnum=42 visit=999999",
        ),
        ("--template nothing", "neither a template of --templateId nor a sky map of deepCoadd"),
        ("--template red --templateId visit=234567", "was taken in r, the science exposure in g"),
    ],
)
def test_a_template_that_does_not_fit_fails_the_exposure(
    place: Path, caplog: pytest.LogCaptureFixture, template: str, message: str
) -> None:
    (place / "apdb").mkdir()
    calexps = str(place / "repo" / "rerun" / "calexps")
    calexp = Butler(calexps).get("calexp", visit=234567, ccdnum=42)
    label = dataclasses.replace(calexp.filter, name="r", band="r", physical=FILTERS["r"])
    red = calexp.replaced(filter=label)
    for name, exposures in (("nothing", []), ("red", [red])):
        mapper = "lsst.obs.decam.DecamMapper"
        butler = Butler(outputs={"root": str(place / name), "mode": "rw", "mapper": mapper})
        for exposure in exposures:
            butler.put(exposure, "calexp", visit=234567, ccdnum=42)
    line = RERUN.replace("--template templates", template)
    with pytest.raises(SystemExit):
        ApPipeTask.parseAndRun(words_of(line))
    assert message in caplog.text


@pytest.mark.slow
def test_the_common_error_says_what_is_missing(place: Path) -> None:
    shutil.rmtree(place / "repo" / "calibs" / "FLAT")
    done = typed(place, MAKE, RERUN)
    assert done.returncode == 1
    assert "No locations for get" in done.stdout
    assert "visit=123456 ccdnum=42" in done.stdout
