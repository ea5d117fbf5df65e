"""Files that are registered where they lie: read as others are, and nothing of them in the tree."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam import DecamMapper
from persistence import Butler
from persistence.butler.open import open_one
from persistence.cli import ingest_calibs, ingest_images
from persistence.cli.main import main
from persistence.errors import NoResults, PolicyError
from persistence.files import atomic
from persistence.ingest import config
from persistence.ingest.config import override
from persistence.ingest.report import Report
from persistence.ingest.task import IngestTask

DECAM = config.load(DecamMapper.ingestFile)
PLACE = "2014-02-27/g/decam0410877.fits.fz"
ID = {"visit": 410877, "ccdnum": 28}
SIDE = ".persistence/direct.sqlite3"


def ingest(root: Path, paths: list[str], mode: Any = "direct", **settings: Any) -> Report:
    made = DECAM
    for name in ("clobber",):
        made = override(made, name, settings.pop(name, False))
    return IngestTask(open_one(str(root), None, (), {}).inputs[0], made, mode=mode, **settings).run(
        paths
    )


def counts(report: Report) -> tuple[int, int, int, int]:
    return len(report.new), len(report.placed), len(report.same), len(report.failed)


def rows(path: Path, table: str, columns: str) -> list[Any]:
    """Read a table by a back door; nothing if it is not there."""
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    query = "select name from sqlite_master where name = ?"
    is_there = connection.execute(query, [table]).fetchall()
    found = connection.execute(f"select {columns} from {table}").fetchall() if is_there else []
    connection.close()
    return found


def kept(root: Path) -> list[tuple[str, str]]:
    """Read the side file by a back door."""
    return sorted(rows(root / SIDE, "direct", "path, file"))


@pytest.fixture
def copies(raws: list[str], tmp_path: Path) -> list[str]:
    """Return copies of the raw files, which may be moved or ruined."""
    (tmp_path / "archive").mkdir()
    return [str(shutil.copy(path, tmp_path / "archive")) for path in raws]


def pixels(path: str) -> Any:
    """Read chip 28 without this project."""
    with fits.open(path) as hdus:
        return next(hdu.data for hdu in hdus[1:] if hdu.header["CCDNUM"] == 28)


# -- what is read
# ------------------------------------------------------------------------------------------------


def test_nothing_is_made_in_the_tree_but_registries_and_everything_is_read(
    root: Path, copies: list[str], capsys: Any
) -> None:
    before = {path: (os.stat(path).st_mtime_ns, os.stat(path).st_nlink) for path in copies}
    assert counts(ingest(root, copies)) == (2, 0, 0, 0)
    names = sorted(path.name for path in root.rglob("*") if path.suffix != ".jsonl")
    ours = [".persistence", "direct.sqlite3", "journal"]
    assert names == sorted(["_mapper", "registry.sqlite3", *ours])
    assert before == {path: (os.stat(path).st_mtime_ns, os.stat(path).st_nlink) for path in copies}
    butler = Butler(root)
    assert np.array_equal(butler.get("raw", ID).image, pixels(copies[0]))
    assert butler.get("raw_md", ID)["CCDNUM"] == 28
    assert butler.datasetExists("raw", ID)
    assert not butler.datasetExists("raw", visit=410877, ccdnum=63)
    assert len(butler.subset("raw", visit=410877)) == 61
    (name,) = butler.get("raw_filename", ID)
    assert re.fullmatch(re.escape(copies[0]) + r"\[\d+\]", name)
    assert butler.getUri("raw", ID) == name
    assert main(["uri", str(root), "raw", "--id", "visit=410877", "ccdnum=28"]) == 0
    assert capsys.readouterr().out.strip() == name
    assert main(["show-data", str(root), "raw", "--id", "ccdnum=28"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    rerun = Butler(inputs=root, outputs=root / "rerun/one")
    assert np.array_equal(rerun.get("raw", ID).image, pixels(copies[0]))
    again = Butler(root / "rerun/one")
    assert again.datasetExists("raw", ID)


def test_the_command_registers_files_and_a_dry_run_makes_nothing(
    root: Path, copies: list[str], capsys: Any
) -> None:
    words = [str(root), *copies, "--mode", "direct"]
    assert ingest_images.main([*words, "-n"]) == 0
    assert f"would register  {copies[0]}  ->  {root}/{PLACE}" in capsys.readouterr().out
    assert [path.name for path in root.iterdir()] == ["_mapper"]
    assert ingest_images.main(words) == 0
    assert capsys.readouterr().out == "2 new, 0 already there, 0 failed\n"
    assert ingest_images.main([*words, "-n"]) == 0
    assert "same  " in capsys.readouterr().out


def test_a_triple_is_registered_where_it_lies(root: Path, triples: Path) -> None:
    paths = sorted(map(str, (triples / "instcal").iterdir()))
    assert counts(ingest(root, paths, filetype="instcal")) == (2, 0, 0, 0)
    assert len(kept(root)) == 6
    assert not list(root.rglob("*.fz"))
    exposure = Butler(root).get("instcal", visit=500001, ccdnum=25)
    assert exposure.mask is not None


def test_a_butler_that_is_open_sees_what_is_registered_afterwards(
    root: Path, copies: list[str]
) -> None:
    ingest(root, copies[1:], mode="copy")
    butler, rerun = Butler(root), Butler(inputs=root, outputs=root / "out")
    assert not butler.datasetExists("raw", ID)
    ingest(root, copies[:1])
    assert butler.datasetExists("raw", ID)
    assert rerun.get("raw_md", ID)["CCDNUM"] == 28


def test_a_file_in_the_tree_goes_before_one_that_is_registered_outside(
    root: Path, copies: list[str]
) -> None:
    ingest(root, copies)
    (root / PLACE).parent.mkdir(parents=True)
    shutil.copy(copies[0], root / PLACE)
    assert Butler(root).getUri("raw", ID).startswith(str(root / PLACE))


def test_the_repository_of_a_child_goes_before_its_parents(
    root: Path, copies: list[str], tmp_path: Path
) -> None:
    ingest(root, copies[:1], mode="copy")
    child = tmp_path / "child"
    Butler(inputs=root, outputs=child)
    with fits.open(copies[0]) as hdus:
        hdus[1].header["MARK"] = "of the child"
        hdus.writeto(tmp_path / "other.fits.fz")
    ingest(child, [str(tmp_path / "other.fits.fz")])
    assert Butler(child).getUri("raw", ID).startswith(str(tmp_path / "other.fits.fz"))


# -- again, and otherwise
# ------------------------------------------------------------------------------------------------


def test_ingesting_again_changes_nothing_and_says_so(root: Path, copies: list[str]) -> None:
    ingest(root, copies)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert counts(ingest(root, copies)) == (0, 0, 2, 0)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("mode", atomic.MODES)
def test_a_registered_file_is_there_for_every_other_mode_and_is_never_removed(
    root: Path, copies: list[str], raws: list[str], mode: Any
) -> None:
    ingest(root, copies)
    assert counts(ingest(root, copies, mode=mode)) == (0, 0, 2, 0)
    others = [str(shutil.copy(path, root.parent)) for path in raws]
    assert counts(ingest(root, others, mode=mode)) == (0, 0, 2, 0)
    assert all(map(os.path.exists, copies + others))
    assert Butler(root).datasetExists("raw", ID)


@pytest.mark.parametrize("mode", ["link", "relsymlink", "hardlink", "copy", "move"])
def test_a_file_in_its_place_is_not_registered_once_more(
    root: Path, copies: list[str], raws: list[str], mode: Any
) -> None:
    ingest(root, copies, mode=mode)
    assert counts(ingest(root, raws)) == (0, 0, 2, 0)
    assert not (root / SIDE).exists()


def test_without_its_side_file_the_files_are_missing_and_a_run_restores_them(
    root: Path, copies: list[str]
) -> None:
    ingest(root, copies)
    butler = Butler(root)
    assert butler.datasetExists("raw", ID)
    shutil.rmtree(root / ".persistence")
    assert not butler.datasetExists("raw", ID)
    assert not Butler(root).datasetExists("raw", ID)
    assert counts(ingest(root, copies)) == (2, 0, 0, 0)
    assert butler.datasetExists("raw", ID)


def test_without_its_rows_a_run_restores_them(root: Path, copies: list[str]) -> None:
    ingest(root, copies)
    (root / "registry.sqlite3").unlink()
    assert counts(ingest(root, copies)) == (0, 2, 0, 0)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        *(("direct", mode) for mode in ("direct", "link", "copy", "move")),
        ("copy", "direct"),
        ("link", "direct"),
    ],
)
def test_another_file_is_a_conflict_unless_told_otherwise(
    root: Path, copies: list[str], tmp_path: Path, first: Any, then: Any
) -> None:
    ingest(root, copies[:1], mode=first)
    other = str(tmp_path / "other.fits.fz")
    with fits.open(copies[0]) as hdus:
        hdus[1].header["MARK"] = "another"
        hdus.writeto(other)
    content = Path(other).read_bytes()
    ((_, problem),) = ingest(root, [other], mode=then).failed
    where = (
        f"{copies[0]}; -c clobber"
        if first == "direct"
        else f"another file exists at {root}/{PLACE}"
    )
    assert problem.endswith("clobber=True replaces it")
    assert where in problem
    assert counts(ingest(root, [other], mode=then, clobber=True)) == (1, 0, 0, 0)
    uri = Butler(root).getUri("raw", ID).partition("[")[0]
    assert Path(uri).read_bytes() == content
    assert (uri == other) == (then == "direct")
    assert os.path.exists(copies[0])
    assert len(kept(root)) == (then == "direct")


def test_an_empty_file_that_a_power_cut_left_in_its_place_goes(
    root: Path, copies: list[str]
) -> None:
    ingest(root, copies, mode="copy")
    (root / PLACE).write_bytes(b"")
    assert counts(ingest(root, copies)) == (1, 0, 1, 0)
    assert np.array_equal(Butler(root).get("raw", ID).image, pixels(copies[0]))


# -- what is gone, and what moves
# ------------------------------------------------------------------------------------------------


def test_a_file_that_is_gone_is_told_with_where_it_lay(
    root: Path, copies: list[str], raws: list[str], capsys: Any, monkeypatch: Any
) -> None:
    ingest(root, copies)
    Path(copies[0]).unlink()
    monkeypatch.chdir(root.parent)
    told = f"repo/{PLACE} is registered for {copies[0]}, which is not there"
    butler = Butler(root)
    assert not butler.datasetExists("raw", ID)
    with pytest.raises(NoResults, match=re.escape(told)):
        butler.get("raw", ID)
    with pytest.raises(NoResults, match=re.escape(told)):
        butler.getUri("raw", ID)
    assert butler.get("raw_filename", ID)[0].startswith(copies[0])
    assert main(["show-data", str(root), "raw", "--id", "ccdnum=28"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert told in captured.err
    ((_path, problem),) = ingest(root, raws[:1]).failed
    assert problem == f"{root.parent}/{told}; -c clobber=True replaces it"
    assert counts(ingest(root, raws[:1], clobber=True)) == (1, 0, 0, 0)
    assert butler.datasetExists("raw", ID)


def test_an_archive_stays_where_it_is_when_the_repository_is_moved(
    root: Path, copies: list[str], tmp_path: Path
) -> None:
    ingest(root, copies)
    (tmp_path / "deep/down").mkdir(parents=True)
    shutil.move(root, tmp_path / "deep/down/moved")
    butler = Butler(tmp_path / "deep/down/moved")
    assert butler.getUri("raw", ID).startswith(copies[0])
    assert counts(ingest(tmp_path / "deep/down/moved", copies)) == (0, 0, 2, 0)


def test_files_that_lie_in_the_repository_move_with_it(
    root: Path, raws: list[str], tmp_path: Path, monkeypatch: Any
) -> None:
    (root / "incoming").mkdir()
    (tmp_path / "way").symlink_to(root)
    monkeypatch.chdir(tmp_path / "way/incoming")
    paths = [os.path.basename(shutil.copy(path, ".")) for path in raws]
    assert counts(ingest(root, paths)) == (2, 0, 0, 0)
    assert [file for _path, file in kept(root)] == [f"incoming/{name}" for name in paths]
    shutil.copytree(root, tmp_path / "copied")
    monkeypatch.chdir(tmp_path)
    assert Butler("copied").getUri("raw", ID).startswith(f"{tmp_path}/copied/incoming/")
    shutil.rmtree(root)
    assert np.array_equal(Butler("copied").get("raw", ID).image, pixels(raws[0]))


def test_a_link_in_the_repository_moves_with_it_wherever_it_leads(
    root: Path, copies: list[str]
) -> None:
    (root / "incoming").symlink_to(Path(copies[0]).parent)
    (root / "one.fits.fz").symlink_to(copies[1])
    paths = [f"{root}/incoming/{os.path.basename(copies[0])}", f"{root}/one.fits.fz"]
    ingest(root, paths)
    assert [file for _path, file in kept(root)] == [paths[0], "one.fits.fz"]


# -- several runs, and killed ones
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modes", [("direct", "direct", "direct"), ("direct", "link", "copy")])
def test_runs_at_once_register_every_file_once(
    root: Path, copies: list[str], modes: tuple[str, ...]
) -> None:
    command = [sys.executable, "-m", "persistence.cli.ingest_images", str(root), *copies]
    runs = [
        subprocess.Popen([*command, "--mode", mode], stderr=subprocess.PIPE, text=True)
        for mode in modes
    ]
    told = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], told
    butler = Butler(root)
    references = list(butler.subset("raw"))
    assert len(references) == 122
    assert all(reference.datasetExists() for reference in references)


@pytest.mark.slow
def test_whatever_instant_it_is_killed_at_no_row_is_without_its_file_and_the_next_run_ends_it(
    root: Path, copies: list[str]
) -> None:
    is_killed, steps = True, 0
    while is_killed:
        steps += 1
        target = root / str(steps)
        target.mkdir()
        (target / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
        is_killed = _fork_and_die(target, copies, steps)
        visits = rows(target / "registry.sqlite3", "raw", "distinct visit")
        assert len(rows(target / SIDE, "direct", "path")) >= len(visits)
        assert ingest(target, copies).failed == []
        butler = Butler(target)
        assert len(butler.subset("raw")) == 122
        assert all(reference.datasetExists() for reference in butler.subset("raw"))
        names = {path.name for path in target.rglob("*") if path.is_file()}
        assert {name for name in names if not name.endswith(".jsonl")} == {
            "_mapper",
            "direct.sqlite3",
            "registry.sqlite3",
        }
    assert steps > 10


def _fork_and_die(root: Path, paths: list[str], steps: int) -> bool:
    """Ingest in a forked process that kills itself after some operations; return whether it did."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    left = [steps]

    def step(event: str, _arguments: Any) -> None:
        # Python tells of each such operation before it does it.
        if event.startswith(("os.", "open", "sqlite3.")):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(step)
        ingest(root, paths)
    finally:
        os._exit(0)


# -- who may not
# ------------------------------------------------------------------------------------------------


def test_calibrations_are_not_registered_outside_their_root(
    root: Path, master: Any, tmp_path: Path, capsys: Any
) -> None:
    with pytest.raises(SystemExit):
        ingest_calibs.main([str(root), master(), "--mode", "direct", "--validity", "9"])
    assert "invalid choice: 'direct'" in capsys.readouterr().err


def test_what_cannot_be_removed_from_the_place_is_told(
    root: Path, copies: list[str], raws: list[str]
) -> None:
    (root / PLACE / "x").mkdir(parents=True)
    ((path, problem),) = ingest(root, copies[:1], clobber=True).failed
    assert path == copies[0]
    assert problem.startswith(f"{root}/{PLACE} stands in the way: ")
    assert not (root / "registry.sqlite3").exists()


@pytest.mark.parametrize("content", ["text", "a row", "nothing"])
def test_a_damaged_side_file_is_named_where_its_answer_is_needed(
    root: Path, copies: list[str], content: str
) -> None:
    ingest(root, copies[:1])
    ingest(root, copies[1:], mode="copy")
    side = root / ".persistence/direct.sqlite3"
    if content == "a row":
        connection = sqlite3.connect(side)
        connection.execute("update direct set file = x'00ff'")
        connection.commit()
        connection.close()
    else:
        side.write_text("no database" * (content == "text"))
    butler = Butler(root)
    assert butler.datasetExists("raw", visit=410878, ccdnum=28)
    if content == "nothing":  # as a kill may leave it
        assert not butler.datasetExists("raw", ID)
        return
    with pytest.raises(RuntimeError, match=r"direct\.sqlite3 is .*damaged"):
        butler.datasetExists("raw", ID)


def test_two_files_for_one_place_in_one_run_fail_the_later_alone(
    root: Path, copies: list[str], monkeypatch: Any
) -> None:
    """Another run registers the first file otherwise between planning and registering."""
    from persistence.ingest import direct

    register = direct.register

    def late(plans: Any, writer: Any, in_place: Any) -> Any:
        with writer.transaction():
            writer.register({f"{root}/{PLACE}": copies[1]})
        return register(plans, writer, in_place)

    monkeypatch.setattr(direct, "register", late)
    report = ingest(root, copies)
    assert counts(report) == (1, 0, 0, 1)
    assert f"registered for {copies[1]}" in report.failed[0][1]
    assert Butler(root).queryMetadata("raw", "visit") == [410878]


def test_calibrations_refuse_the_mode_from_a_program_too(root: Path, tmp_path: Path) -> None:
    from persistence.ingest import calibconfig
    from persistence.ingest.calibs import CalibTask, calibs_file

    repository = open_one(str(root), None, (), {}).inputs[0]
    made = calibconfig.load(calibs_file(repository), "DecamMapper")
    with pytest.raises(PolicyError, match="no mode 'direct'"):
        CalibTask(repository, made, mode="direct", root=str(tmp_path), days=9)
