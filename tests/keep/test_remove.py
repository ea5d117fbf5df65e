"""Datasets and reruns go into the trash, after what depends on them is told."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from persistence import Butler, RepositoryError
from persistence.errors import UsageError
from persistence.keep import doctor, trash, verify
from persistence.keep.removal import remove, remove_rerun
from tests.killed import killed_after

DATA_ID = {"visit": 410877, "ccdnum": 28}


@pytest.fixture
def rerun(own: Path) -> Path:
    """Return a rerun with tables of two detectors, one of which something was made of."""
    output = {"root": str(own / "rerun/a"), "mode": "rw"}
    butler = Butler(inputs=str(own), outputs=output, durable=False, record=True)
    for ccd in (5, 28):
        butler.put(Table({"id": [ccd]}), "src", visit=410877, ccdnum=ccd)
    with butler.recording():
        butler.get("src", DATA_ID)
        butler.put({"a": 1}, "processCcd_metadata", DATA_ID)
    return own / "rerun/a"


def names(root: Path) -> list[str]:
    return sorted(
        path.name
        for path in root.rglob("*")
        if path.is_file() and ".persistence" not in path.relative_to(root).parts
    )


def test_what_nothing_depends_on_is_moved_and_brought_back(rerun: Path) -> None:
    before = names(rerun)
    removed = remove(rerun, ["src"], "ccdnum == 5")
    assert [Path(path).name for path in removed.paths] == ["src-0410877_05.fits"]
    assert (removed.dependents, removed.refused) == ([], [])
    assert not Butler(str(rerun)).datasetExists("src", visit=410877, ccdnum=5)
    assert names(rerun) == [name for name in before if name != "src-0410877_05.fits"]
    assert trash.undo(str(rerun), removed.trash)[1] == []
    assert names(rerun) == before
    assert Butler(str(rerun)).get("src", visit=410877, ccdnum=5)["id"].tolist() == [5]


def test_nothing_is_moved_while_something_depends_on_it(rerun: Path) -> None:
    before = names(rerun)
    removed = remove(rerun, ["src"])
    (dependent,) = removed.dependents
    assert "metadata" in dependent.name
    assert dependent.of == "src visit=410877 ccdnum=28"
    assert (removed.paths, removed.trash, names(rerun)) == ([], "", before)
    assert len(remove(rerun, ["src"], force=True).paths) == 2
    assert not [name for name in names(rerun) if name.startswith("src")]


def test_what_is_removed_together_does_not_depend_on_each_other(rerun: Path) -> None:
    removed = remove(rerun, ["src", "processCcd_metadata"])
    assert (len(removed.paths), removed.dependents) == (3, [])


def test_verify_knows_what_was_removed(rerun: Path) -> None:
    verify(rerun)
    remove(rerun, ["src"], "ccdnum == 5")
    found = verify(rerun)
    assert [result.state for result in found.results] == ["removed"]
    assert found.is_well


def test_a_dry_run_moves_nothing(rerun: Path) -> None:
    before = names(rerun)
    assert len(remove(rerun, ["src"], "ccdnum == 5", dry_run=True).paths) == 1
    assert names(rerun) == before
    assert not (rerun / ".persistence/trash").exists()


def test_a_link_goes_and_its_target_stays(rerun: Path, tmp_path: Path) -> None:
    path = next(rerun.rglob("src-0410877_05.fits"))
    path.rename(tmp_path / "archived.fits")
    path.symlink_to(tmp_path / "archived.fits")
    remove(rerun, ["src"], "ccdnum == 5")
    assert not path.is_symlink()
    assert (tmp_path / "archived.fits").exists()


def test_nothing_is_moved_through_a_linked_directory(rerun: Path, tmp_path: Path) -> None:
    folder = next(rerun.rglob("src-0410877_05.fits")).parent
    folder.rename(tmp_path / "others")
    folder.symlink_to(tmp_path / "others")
    removed = remove(rerun, ["src"], "ccdnum == 5")
    assert removed.paths == []
    assert "is reached through a link" in removed.refused[0]
    assert len(list((tmp_path / "others").iterdir())) == 2


def test_what_others_own_stays(rerun: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a file away")
    os.chown(next(rerun.rglob("src-0410877_05.fits")), 12345, -1)
    removed = remove(rerun, ["src"], "ccdnum == 5")
    assert removed.paths == []
    assert "belongs to uid 12345" in removed.refused[0]


def rows(root: Path, table: str, name: str = "registry.sqlite3") -> list[Any]:
    with closing(sqlite3.connect(root / name)) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}"), key=str)


def test_a_raw_goes_with_its_rows_and_both_come_back(own: Path) -> None:
    raws, visits = rows(own, "raw"), rows(own, "raw_visit")
    before = names(own)
    told = remove(own, ["raw"], "visit == 410877", dry_run=True)
    assert (len(told.paths), told.rows, rows(own, "raw")) == (1, 0, raws)
    removed = remove(own, ["raw"], "visit == 410877")
    gone = [row for row in raws if 410877 in row]
    assert removed.rows == len(gone) + 1
    assert rows(own, "raw") == [row for row in raws if row not in gone]
    assert rows(own, "raw_visit") == [row for row in visits if 410877 not in row]
    assert Butler(own).queryMetadata("raw", "visit") == [410878]
    assert doctor(own).findings == []
    undone = trash.undo(str(own), removed.trash)
    assert (undone.blocked, undone.rows) == ([], removed.rows)
    assert (rows(own, "raw"), rows(own, "raw_visit"), names(own)) == (raws, visits, before)
    assert Butler(own).get("raw", DATA_ID).image.size
    assert not (own / ".persistence/trash" / removed.trash).exists()


def test_a_file_of_which_a_part_is_chosen_stays(own: Path) -> None:
    removed = remove(own, ["raw"], "visit == 410877 and ccdnum == 28")
    assert (removed.paths, removed.rows) == ([], 0)
    assert "other datasets, too, which are not chosen" in removed.refused[0]


def test_a_calibration_goes_with_its_rows_and_both_come_back(
    own: Path, make_calibs: Callable[..., Path]
) -> None:
    make_calibs(own / "CALIB")
    Butler(own, calibRoot=str(own / "CALIB"))
    name = "CALIB/calibRegistry.sqlite3"
    before, files = rows(own, "bias", name), names(own)
    removed = remove(own, ["bias"], "ccdnum == 28", calibRoot=str(own / "CALIB"))
    assert len(removed.paths) == removed.rows == 2
    assert len(rows(own, "bias", name)) == len(before) - 2
    assert trash.undo(str(own), removed.trash).blocked == []
    assert (rows(own, "bias", name), names(own)) == (before, files)


def test_rows_that_were_ingested_again_block_and_nothing_is_lost(own: Path) -> None:
    removed = remove(own, ["raw"], "visit == 410877")
    (own / "registry.sqlite3").rename(own / "elsewhere.sqlite3")
    undone = trash.undo(str(own), removed.trash)
    assert undone.blocked == ["registry.sqlite3"]
    (own / "elsewhere.sqlite3").rename(own / "registry.sqlite3")
    assert trash.undo(str(own), removed.trash) == ([], [], removed.rows)


@pytest.mark.slow
def test_a_removal_that_is_killed_at_any_call_can_be_undone(own: Path) -> None:
    state = rows(own, "raw"), rows(own, "raw_visit"), names(own)
    killed, number = True, 0
    while killed:
        killed = killed_after(number, lambda: remove(own, ["raw"], "visit == 410877"))
        diagnose = doctor(own, fix=True)
        assert diagnose.findings == [], number
        for session in reversed(trash.sessions(str(own))):
            assert trash.undo(str(own), session.name).blocked == []
        assert (rows(own, "raw"), rows(own, "raw_visit"), names(own)) == state, number
        number += 1
    assert number > 5


def test_composites_of_which_a_part_is_removed_are_told(own: Path) -> None:
    (own / "policy").mkdir()
    (own / "policy/pair.yaml").write_text(
        "datasets:\n"
        "  pair: {composite: {left: {datasetType: left}, right: {datasetType: right}}}\n"
        "  left: {template: 'left-%(visit)d.yaml', storage: YamlStorage, python: dict}\n"
        "  right: {template: 'right-%(visit)d.yaml', storage: YamlStorage, python: dict}\n"
    )
    butler = Butler(str(own), durable=False)
    for side in ("left", "right"):
        butler.put({"side": side}, side, visit=410877)
    removed = remove(own, ["left"])
    assert [each.name for each in removed.dependents] == ["pair visit=410877"]
    assert removed.paths == []
    assert len(remove(own, ["left", "right"]).paths) == 2


def test_datasets_of_parents_stay(rerun: Path) -> None:
    child = rerun.parent / "b"
    Butler(inputs=str(rerun), outputs=str(child), durable=False)
    assert remove(child, ["src"]).paths == []
    with pytest.raises(UsageError, match="is a part of calexp"):
        remove(rerun, ["calexp.wcs"])


def test_a_rerun_goes_as_a_whole_unless_it_is_a_parent(rerun: Path) -> None:
    root = rerun.parent.parent
    Butler(inputs=str(rerun), outputs=str(root / "rerun/b"), durable=False)
    removed = remove_rerun(root, "a")
    assert [each.name for each in removed.dependents] == ["rerun/b"]
    assert rerun.exists()
    before = names(rerun)
    assert remove_rerun(root, "b").paths == [str(root / "rerun/b")]
    removed = remove_rerun(root, "a")
    assert (removed.dependents, rerun.exists()) == ([], False)
    trash.undo(str(root), removed.trash)
    assert names(rerun) == before
    with pytest.raises(RepositoryError, match="is not a repository"):
        remove_rerun(root, "c")
    with pytest.raises(RepositoryError, match="leads out of"):
        remove_rerun(root, "../CALIB")


def test_the_command_says_how_to_bring_it_back(rerun: Path, capsys: Any) -> None:
    from persistence.cli import main

    assert main.main(["remove", str(rerun), "--type", "src", "--id", "ccdnum=28"]) == 1
    assert "nothing was moved; --force moves them all the same" in capsys.readouterr().out
    assert main.main(["remove", str(rerun), "--type", "src", "--id", "ccdnum=5", "-n"]) == 0
    assert capsys.readouterr().out.startswith("would be moved into the trash: 1, ")
    assert main.main(["remove", str(rerun), "--type", "src", "--id", "ccdnum=5"]) == 0
    assert f"persistence trash {rerun} --undo " in capsys.readouterr().out
    assert main.main(["remove", str(rerun)]) == 2
