"""Alert production: its steps in their order, and the tutorial's lines on the realistic sky."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.table import Table
from scipy.spatial import cKDTree

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sep", reason="pip install '.[tasks]'")
pytest.importorskip("sqlalchemy", reason="pip install '.[ap]'")

import sqlalchemy
from lsst.pex.config import Config

import lsst.ap.pipe
import obs_decam
from obs_decam.sample.realistic import generate
from obs_decam.sample.realistic.scene import Numbers
from persistence import Butler
from persistence.apdb import backends
from persistence.apdb.config import ApdbConfig
from persistence.cli import ingest_calibs, ingest_curated, ingest_images
from persistence.pipe.struct import Struct
from persistence.pipe.task import Task
from persistence.tasks import dia_sources
from persistence.tasks.ap_pipe import ApPipeTask
from persistence.tasks.dia_pipe_config import DiaPipelineConfig
from persistence.tasks.difference.template import GetCalexpAsTemplateTask
from persistence.tasks.process_ccd import ProcessCcdTask
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.psf.psf import SingleGaussianPsf
from persistence.types.table.catalog import Catalog

TOP = Path(__file__).resolve().parents[2]
STEPS = ["ccdProcessor", "differencer", "diaPipe"]
done: list[Any] = []


class Step(Task):
    """Notes that it was run."""

    ConfigClass = Config

    def runDataRef(self, *args: Any) -> Struct:
        done.append((self._name, *args[1:2]))
        return Struct(name=self._name)


class Differencer(Step):
    class ConfigClass(Config):  # type: ignore[no-redef]
        doWriteSources = True


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> ApPipeTask:
    """Return the task with steps that only note that they were run."""
    done.clear()
    config = ApPipeTask.ConfigClass()
    for name in STEPS:
        getattr(config, name).retarget(Differencer if name == "differencer" else Step)
    made = ApPipeTask(config=config)
    monkeypatch.setattr(made, "_stored", made.diaPipe.runDataRef)
    return made


def reference(*there: str) -> Any:
    return SimpleNamespace(datasetExists=lambda name, write: write and name in there)


@pytest.mark.parametrize(
    ("reuse", "there", "expected"),
    [
        ([], ["calexp"], STEPS),
        (["ccdProcessor"], ["calexp"], STEPS[1:]),
        (["ccdProcessor"], [], STEPS),
        (STEPS, ["calexp", "deepDiff_differenceExp"], STEPS[2:]),
        (STEPS, ["calexp", "deepDiff_differenceExp", "apdb_marker"], []),
    ],
)
def test_steps_come_in_order_and_what_is_there_may_be_taken(
    task: ApPipeTask, reuse: list[str], there: list[str], expected: list[str]
) -> None:
    result = task.runDataRef(reference(*there), [{"visit": 2}], reuse)
    assert [name for name, *_ in done] == expected
    assert [name for name in STEPS if getattr(result, name) is not None] == expected
    if "differencer" in expected:
        assert ("differencer", [{"visit": 2}]) in done


def test_what_the_next_step_reads_has_to_be_written() -> None:
    config = ApPipeTask.ConfigClass()
    config.diaPipe.apdb.db_url = "sqlite:///apdb/association.db"
    config.validate()
    config.differencer.doWriteSources = False
    with pytest.raises(ValueError, match=r"differencer\.doWriteSources must be True"):
        config.validate()


def test_the_settings_of_gen2s_package_are_where_its_variable_would_point_to() -> None:
    assert lsst.ap.pipe.ApPipeTask is ApPipeTask
    config = ApPipeTask.ConfigClass()
    folder = os.path.dirname(lsst.ap.pipe.__file__)
    config.load(os.path.join(folder, "config", "calexpTemplates.py"))
    assert config.differencer.getTemplate.target is GetCalexpAsTemplateTask


def test_raws_are_calibrated_as_process_ccd_does_it() -> None:
    folder = Path(obs_decam.__file__).parent / "config"
    alone, step = ProcessCcdTask.ConfigClass(), ApPipeTask.ConfigClass()
    alone.load(folder / "processCcd.py")
    step.load(folder / "apPipe.py")
    assert step.ccdProcessor.target is ProcessCcdTask
    assert step.ccdProcessor.toDict() == alone.toDict()
    assert alone.toDict() != ProcessCcdTask.ConfigClass().toDict()


def test_a_repository_of_templates_that_is_not_there_is_told(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(own), "--rerun", "out", "--id", "visit=410877", "--template", "nowhere"]
    with pytest.raises(SystemExit) as end:
        ApPipeTask.parseAndRun([*words, "-c", "diaPipe.apdb.db_url=sqlite:///x.db"])
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert f"--template nowhere is not a directory, neither here nor in {own}" in told
    assert not (own / "rerun").exists()


def test_without_an_address_nothing_is_begun(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ApPipeTask.parseAndRun([str(own), "--rerun", "out", "--id", "visit=410877"])
    assert "apdb.db_url is not set" in capsys.readouterr().err
    assert not (own / "rerun").exists()


# -- databases that cannot be used
# -----------------------------------------------------------------------------------------


def _of_another_version(path: Path) -> None:
    config = ApdbConfig()
    config.db_url = f"sqlite:///{path}"
    backends.create(config).makeSchema()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE metadata SET value = '9.0.0' WHERE name = 'version:schema'")


def _of_something_else(path: Path) -> None:
    path.write_bytes(b"SIMPLE  =                    T" * 100)


@pytest.mark.parametrize(
    ("spoil", "settings", "message"),
    [
        (Path.mkdir, [], "is a directory"),
        (_of_another_version, [], "is of schema 9.0.0, and this program writes 10.0.0"),
        (_of_something_else, [], "is no SQLite database"),
        (
            lambda path: path.parent.rmdir(), [],
            "association.db could not be created: there is no directory",
        ),
        (
            lambda path: None, ["diaPipe.apdb.isolation_level=READ_COMMITTED"],
            "SQLite does not know isolation_level=READ_COMMITTED, but READ_UNCOMMITTED",
        ),
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_used_is_told_before_anything_is_done(
    own: Path, tmp_path: Path, caplog: Any, spoil: Any, settings: list[str], message: str
) -> None:
    path = tmp_path / "apdb" / "association.db"
    path.parent.mkdir()
    spoil(path)
    words = ["--rerun", "out", "--id", "visit=410877", "ccdnum=1"]
    with pytest.raises(SystemExit) as end:
        ApPipeTask.parseAndRun(
            [str(own), *words, "-c", f"diaPipe.apdb.db_url=sqlite:///{path}", *settings]
        )
    assert end.value.code == 1
    assert "nothing was run: sqlite:///" in caplog.text
    assert message in caplog.text
    assert not (own / "rerun" / "out" / "config").exists()


def test_an_isolation_level_that_no_database_has_is_mistyped(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["diaPipe.apdb.db_url=sqlite:///x.db", "diaPipe.apdb.isolation_level=DIRTY"]
    with pytest.raises(SystemExit) as end:
        ApPipeTask.parseAndRun(
            [str(own), "--rerun", "out", "--id", "visit=410877", "-c", *settings]
        )
    assert end.value.code == 2
    assert "DIRTY" in (told := capsys.readouterr().err)
    assert "READ_UNCOMMITTED" in told


def test_a_locked_database_is_waited_for_and_told(own: Path, tmp_path: Path, caplog: Any) -> None:
    path = tmp_path / "association.db"
    settings = [f"diaPipe.apdb.db_url=sqlite:///{path}", "diaPipe.apdb.connection_timeout=0.05"]
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(SystemExit):
            ApPipeTask.parseAndRun(
                [str(own), "--rerun", "out", "--id", "visit=410877", "ccdnum=1", "-c", *settings]
            )
    assert "nothing was run: sqlite:///" in caplog.text
    assert "association.db is locked by" in caplog.text


# -- on a visit that is calibrated, or subtracted
# -----------------------------------------------------------------------------------------


@pytest.fixture
def subtracted(own: Path, make: Callable[..., Any]) -> Path:
    """Return a repository whose rerun ``out`` has a calexp and a difference, with two sources."""
    blank = make([]).replaced(
        photo_calib=PhotoCalib(2.0), psf=SingleGaussianPsf((21, 21), 1.4), cutout=(0, 0)
    )
    header = Butler(own).get("raw", visit=410877, ccdnum=25)
    blank = blank.replaced(visit_info=header.visit_info, filter=header.filter)
    table = Catalog(
        meta={"aliases": {"slot_Centroid": "base_SdssCentroid", "slot_PsfFlux": "base_PsfFlux"}}
    )
    table["id"] = [1, 2]
    for axis, values in (("x", [30.0, 90.0]), ("y", [20.0, 60.0])):
        table[f"base_SdssCentroid_{axis}"] = values
        table[f"base_SdssCentroid_{axis}Err"] = [0.1, 0.1]
    table["base_PsfFlux_instFlux"], table["base_PsfFlux_instFluxErr"] = [500.0, -300.0], [9.0, 9.0]
    butler = Butler(inputs=str(own), outputs=str(own / "rerun" / "out"))
    for name, value in (
        ("calexp", blank), ("src", table), ("deepDiff_diaSrc", table), ("deepDiff_differenceExp", blank),
    ):  # fmt: skip
        butler.put(value, name, visit=410877, ccdnum=25)
    return own


def run(root: Path, database: Path, step: str = "differencer", *more: str) -> int:
    """Return the exit status of the command, which takes what a step has left."""
    try:
        ApPipeTask.parseAndRun(
            [str(root), "--rerun", "out", "--id", "visit=410877", "ccdnum=25",
             "--reuse-outputs-from", step, "-c", f"diaPipe.apdb.db_url=sqlite:///{database}", *more]
        )  # fmt: skip
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def number(database: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0])


def test_a_marker_that_disagrees_with_the_database_fails_the_visit(
    subtracted: Path, tmp_path: Path, caplog: Any
) -> None:
    database = tmp_path / "association.db"
    assert run(subtracted, database) == 0
    assert (number(database, "DiaSource"), number(database, "DiaForcedSource")) == (2, 2)
    assert run(subtracted, database) == 0
    assert number(database, "DiaSource") == 2
    database.unlink()
    assert run(subtracted, database) == 1
    assert "apdb_marker says that visit 410877 detector 25 is stored in sqlite:///" in caplog.text
    assert "which does not have it" in caplog.text
    assert number(database, "DiaSource") == 0


def test_a_database_that_may_only_be_read_is_told_and_the_visit_is_not_marked(
    subtracted: Path, tmp_path: Path, caplog: Any
) -> None:
    database = tmp_path / "association.db"
    config = ApdbConfig()
    config.db_url = f"sqlite:///{database}"
    backends.create(config).makeSchema()

    def forbid(connection: Any, record: Any) -> None:
        # What SQLite then says is what it says of a file without permission, also to root.
        connection.execute("PRAGMA query_only = ON")

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", forbid)
    try:
        assert run(subtracted, database) == 1
    finally:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "connect", forbid)
    assert "association.db cannot be written: attempt to write a readonly database" in caplog.text
    assert number(database, "DiaSource") == 0
    assert run(subtracted, database) == 0
    assert number(database, "DiaSource") == 2


def test_a_template_of_another_field_fails_the_visit(
    subtracted: Path, tmp_path: Path, caplog: Any
) -> None:
    calexp = Butler(str(subtracted / "rerun" / "out")).get("calexp", visit=410877, ccdnum=25)
    assert calexp.wcs is not None
    elsewhere = calexp.wcs.deepcopy()
    elsewhere.wcs.crval = [40.0, 20.0]
    elsewhere.wcs.set()
    templates = tmp_path / "templates"
    Butler(
        outputs={"root": str(templates), "mode": "rw", "mapper": "lsst.obs.decam.DecamMapper"}
    ).put(calexp.replaced(wcs=elsewhere), "calexp", visit=410000, ccdnum=25)
    database = tmp_path / "association.db"
    words = "--template", str(templates), "--templateId", "visit=410000"
    assert run(subtracted, database, "ccdProcessor", *words) == 1
    assert "no template overlaps with the science exposure; tried: " in caplog.text
    assert "visit=410000" in caplog.text
    assert number(database, "DiaSource") == 0


def test_two_processes_with_one_visit_store_it_once(subtracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "association.db"
    context = multiprocessing.get_context("fork")
    ways = [context.Process(target=lambda: os._exit(run(subtracted, database))) for _ in range(2)]
    for way in ways:
        way.start()
    for way in ways:
        way.join()
    assert [way.exitcode for way in ways] == [0, 0]
    assert [number(database, name) for name in ("DiaSource", "DiaObject", "DiaForcedSource")] == [
        2
    ] * 3


# -- as the tutorial has it
# -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of two visits of the realistic sky, whose first is calibrated."""
    folder = tmp_path_factory.mktemp("ap")
    made = generate.write(str(folder / "sky"), 4, numbers=Numbers(1000, 500, 100), rays=20)
    root = folder / "repo"
    calib = root / "calibs"
    calib.mkdir(parents=True)
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    assert ingest_images.main([str(root), *made.raws]) == 0
    words = ["--calib", str(calib), "--validity", "999", "--mode", "copy"]
    assert ingest_calibs.main([str(root), *made.masters, *words]) == 0
    assert ingest_curated.main([str(root), made.curated, "--calib", str(calib)]) == 0
    (root / "ref_cats").symlink_to(made.references)
    return folder


def is_on_both(truth: Table) -> np.ndarray:
    """Return what the template, which is shifted by 77 pixels, shows, too."""
    x, y = truth["x"], truth["y"]
    return np.asarray((x > 100) & (x < 1948) & (y > 100) & (y < 3996))


def lines_of(page: str, section: str) -> list[str]:
    """Return the commands that a section of a page shows."""
    text = (TOP / page).read_text()
    part = text.split(f"\n{section}\n")[1]
    part = re.split(r"\n[^\n]+\n[-=]{4,}\n", part)[0]
    block = re.sub(r"\\\n\s+", "", part)
    return [line.strip() for line in block.splitlines() if re.match(r"    [a-zA-Z_]+.*", line)]


@pytest.mark.slow
def test_the_page_takes_raws_to_objects_and_does_nothing_twice(place: Path) -> None:
    commands = lines_of("doc/ap.rst", "From raw exposures to objects")
    (produce,) = [line for line in commands if line.startswith("ap_pipe.py")]
    path = f"{TOP / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "\n".join(["set -e", *commands, f"{produce} --skip-existing"])
    ran = subprocess.run(
        ["bash", "-ec", script], cwd=place, env=os.environ | {"PATH": path},
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 done, of 1" in ran.stdout + ran.stderr
    assert "1 skipped" in ran.stdout + ran.stderr
    output = shlex.split(produce)
    butler = Butler(str(place / "repo" / "rerun" / output[output.index("--rerun") + 1]))
    data_id = {"visit": 123456, "ccdnum": 28, "filter": "g"}
    for name in ("calexp", "deepDiff_differenceExp"):
        assert butler.get(name, dataId=data_id).image.shape == (4096, 2048)
    table = butler.get("deepDiff_diaSrc", dataId=data_id)
    truth = Table.read(place / "sky" / "truth" / "transients-123456.fits")
    bright = truth[(truth["strength"] > 12) & (truth["counts"] > 0) & is_on_both(truth)]
    x, y = (np.asarray(table[f"base_SdssCentroid_{axis}"].value) for axis in "xy")
    near, _ = cKDTree(np.column_stack([x, y])).query(np.column_stack([bright["x"], bright["y"]]))
    assert len(bright) > 15
    assert (near < 2).mean() > 0.9
    with sqlite3.connect(place / "apdb" / "association.db") as database:
        counts = [
            database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("DiaSource", "DiaForcedSource", "dia_sources", "dia_objects")
        ]
    database.close()
    flagged = dia_sources.flagged(table, list(DiaPipelineConfig().badSourceFlags))
    assert flagged.mean() < 0.3
    assert counts == [len(table) - flagged.sum()] * 4
