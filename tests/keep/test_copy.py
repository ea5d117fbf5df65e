"""Datasets in a repository of their own, with all that they need, whatever kills the copy."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler, RepositoryError
from persistence.errors import FileConflict, UsageError
from persistence.keep import doctor, same
from persistence.keep.copying import copy
from tests.killed import killed_after

DATA_ID = {"visit": 410877, "ccdnum": 28}


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_a_copy_stands_alone(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copied = copy(source, target, ["src", "note", "raw"], "visit == 410877")
    assert (len(copied.files), copied.present) == (3, 0)
    source.parent.parent.rename(tmp_path / "gone")
    butler = Butler(str(target))
    assert butler.get("src", DATA_ID)["id"].tolist() == [1, 410877]
    assert butler.get("note", visit=410877) == "of the night"
    assert butler.get("raw", DATA_ID).image.size
    assert butler.queryMetadata("raw", "visit") == [410877]
    assert not butler.datasetExists("src", visit=410878, ccdnum=28)
    assert {path.suffix for path in target.rglob("*") if path.is_symlink()} == set()
    assert doctor(target).findings == []


def test_calibrations_come_with_their_windows(source: Path, tmp_path: Path) -> None:
    root, target = source.parent.parent, tmp_path / "mine"
    copy(source, target, ["bias"], "ccdnum == 28", calibRoot=str(root / "CALIB"))
    query = "SELECT ccdnum, calibDate, validStart, validEnd FROM bias ORDER BY calibDate"
    expected = [row for row in rows(root / "CALIB/calibRegistry.sqlite3", query) if row[0] == 28]
    assert rows(target / "CALIB/calibRegistry.sqlite3", query) == expected
    assert len(expected) == 2
    text = (target / "repositoryCfg.yaml").read_text()
    assert "calibRoot: CALIB" in text
    assert Butler(str(target)).get("bias", ccdnum=28, calibDate="2015-02-18").image.size


def test_a_calibration_brings_no_rows_of_exposures(source: Path, tmp_path: Path) -> None:
    calib = str(source.parent.parent / "CALIB")
    copy(source, tmp_path / "mine", ["src", "raw"], "visit == 410877")
    copy(source, tmp_path / "mine", ["bias"], "ccdnum == 28", calibRoot=calib)
    query = "SELECT DISTINCT visit FROM raw"
    assert rows(tmp_path / "mine/registry.sqlite3", query) == [(410877,)]
    assert doctor(tmp_path / "mine").findings == []


def test_tables_of_the_registry_are_those_of_the_source(source: Path, tmp_path: Path) -> None:
    copy(source, tmp_path / "mine", ["src"])
    query = "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    paths = [source.parent.parent / "registry.sqlite3", tmp_path / "mine/registry.sqlite3"]
    assert rows(paths[0], query) == rows(paths[1], query)
    for table in ("raw", "raw_visit"):
        count = f"SELECT count(*) FROM {table}"
        assert rows(paths[1], count) == ([(2,)])


def test_inputs_come_by_provenance(source: Path, tmp_path: Path) -> None:
    assert not list(copy_types(source, tmp_path / "without"))
    copied = copy(source, tmp_path / "mine", ["src"], "visit == 410877", with_inputs=1)
    assert sorted(file.datasetType for file in copied.files) == ["raw", "src"]
    assert copied.missing == []
    assert Butler(str(tmp_path / "mine")).get("raw", DATA_ID).image.size


def copy_types(source: Path, target: Path) -> list[str]:
    copied = copy(source, target, ["src"], "visit == 410877")
    return [file.datasetType for file in copied.files if file.datasetType != "src"]


@pytest.mark.parametrize("transfer", ["link", "relsymlink", "hardlink"])
def test_files_are_linked(source: Path, tmp_path: Path, transfer: str) -> None:
    copy(source, tmp_path / "mine", ["src"], transfer=transfer)
    (one, _other) = sorted((tmp_path / "mine").rglob("src*.fits"))
    assert one.is_symlink() == (transfer != "hardlink")
    assert one.samefile(source / one.relative_to(tmp_path / "mine"))
    if one.is_symlink():
        assert os.readlink(one).startswith("/") == (transfer == "link")


def test_a_second_copy_adds_to_the_first_and_the_same_adds_nothing(
    source: Path, tmp_path: Path
) -> None:
    copy(source, tmp_path / "mine", ["src"], "visit == 410877")
    second = copy(source, tmp_path / "mine", ["src"])
    assert (len(second.files), second.present) == (2, 1)
    again = copy(source, tmp_path / "mine", ["src"])
    assert (again.present, again.rows, again.bytes) == (2, 0, 0)


def test_a_dry_run_writes_nothing(source: Path, tmp_path: Path) -> None:
    copied = copy(source, tmp_path / "mine", ["src"], dry_run=True)
    assert len(copied.files) == 2
    assert not (tmp_path / "mine").exists()


def test_what_is_in_the_way_is_kept(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy(source, target, ["src"])
    path = next(target.rglob("src-0410877_28.fits"))
    path.write_text("mine")
    with pytest.raises(FileConflict, match="is another file than"):
        copy(source, target, ["src"])
    assert path.read_text() == "mine"
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.tex").touch()
    with pytest.raises(RepositoryError, match="is not empty, and no repository"):
        copy(source, tmp_path / "other", ["src"])
    with pytest.raises(RepositoryError, match="is inside"):
        copy(source, source / "copy", ["src"])
    with pytest.raises(UsageError, match="is a part of calexp"):
        copy(source, tmp_path / "new", ["calexp.bbox"])
    with pytest.raises(UsageError, match="no transfer 'cpy'"):
        copy(source, tmp_path / "new", ["src"], transfer="cpy")


@pytest.mark.slow
def test_a_copy_that_is_killed_at_any_call_goes_on(source: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    copy(source, whole, ["src", "note"])
    killed, number = True, 0
    while killed:
        target = tmp_path / f"mine{number}"
        killed = killed_after(number, lambda target=target: copy(source, target, ["src", "note"]))
        copy(source, target, ["src", "note"])
        assert same(whole, target), number
        assert doctor(target).findings == []
        assert not (target / ".persistence/copying").exists()
        number += 1
    assert number > 20


def test_pixels_are_the_same(source: Path, tmp_path: Path) -> None:
    copy(source, tmp_path / "mine", ["raw"])
    first, second = (Butler(str(root)).get("raw", DATA_ID) for root in (source, tmp_path / "mine"))
    assert np.array_equal(first.image, second.image)
