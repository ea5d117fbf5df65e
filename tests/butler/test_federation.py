"""Several cameras as one: their own registries and files are the oracle."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from persistence import (
    AmbiguousDataId,
    Butler,
    DataIdError,
    Federation,
    NoResults,
    PolicyError,
    TemplateUndefined,
    UnknownDatasetType,
    UnknownKey,
)
from persistence.cli import ingest_images, main

TOY = """
aliases: {detector: chip}
exposures:
  raw: {template: 'raw/%(visit)d_%(chip)02d.fits', python: lsst.afw.image.ExposureF, tables: raw}
  calexp: {template: 'calexp/%(visit)d_%(chip)02d.fits', tables: raw}
ingest:
  parse: {translation: {visit: EXPNUM, chip: CHIP, object: OBJECT}}
  register:
    columns: {visit: int, chip: int, object: text}
    unique: [visit, chip]
    visit: [visit, object]
"""


@pytest.fixture(scope="module")
def folder(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a repository of DECam, one of a made camera, and their federation."""
    folder = tmp_path_factory.mktemp("federation")
    shutil.copytree(filled, folder / "decam", symlinks=True)
    (folder / "toy").mkdir()
    (folder / "toy" / "toy.yaml").write_text(TOY)
    (folder / "toy" / "_mapper").write_text("toy.yaml\n")
    paths = []
    for visit in (1, 2, 410877):
        for chip in (1, 2):
            header = fits.Header({"EXPNUM": visit, "CHIP": chip, "OBJECT": f"M{visit}"})
            paths.append(str(folder / f"{visit}_{chip}.fits"))
            fits.PrimaryHDU(np.full((3, 4), 10.0 * visit + chip), header).writeto(paths[-1])
    assert ingest_images.main([str(folder / "toy"), *paths]) == 0
    (folder / "both.yaml").write_text("decam: decam\ntoy: {root: toy}\n")
    return folder


@pytest.fixture
def both(folder: Path) -> Federation:
    return Federation(folder / "both.yaml")


def registered(folder: Path, condition: str = "1") -> list[tuple[Any, ...]]:
    """Return what the two registries have, by SQLite."""
    rows = []
    for name, key in (("decam", "ccdnum"), ("toy", "chip")):
        query = f"SELECT '{name}', visit, {key} AS detector, object FROM raw WHERE {condition}"
        with contextlib.closing(sqlite3.connect(folder / name / "registry.sqlite3")) as registry:
            rows += registry.execute(query).fetchall()
    return sorted(rows)


COLUMNS = ["instrument", "visit", "detector", "object"]


@pytest.mark.parametrize(
    ("where", "data_id", "condition"),
    [
        ("", {}, "1"),
        ("detector < 3", {}, "detector < 3"),
        ("", {"detector": 2}, "detector = 2"),
        ("visit == 410877", {"detector": [1, 2]}, "visit = 410877 AND detector IN (1, 2)"),
        ("object == 'M2' or detector == 60", {}, "object = 'M2' OR detector = 60"),
    ],
)
def test_one_query_is_of_all_cameras(
    folder: Path, both: Federation, where: str, data_id: dict[str, Any], condition: str
) -> None:
    expected = registered(folder, condition)
    assert sorted(both.query("raw", where, COLUMNS, data_id).tuples()) == expected
    if not where:
        assert sorted(both.queryMetadata("raw", COLUMNS, data_id)) == expected


@pytest.mark.parametrize(
    ("where", "data_id"),
    [
        ("instrument == 'toy'", {}),
        ("instrument != 'decam' and visit > 0", {}),
        ("instrument == 'toy' or visit < 0", {}),
        ("", {"instrument": "toy"}),
        ("", {"instrument": ["toy"]}),
        ("object like 'M%'", {}),
        ("chip > 0", {}),
    ],
)
def test_the_instrument_is_a_key(
    folder: Path, both: Federation, where: str, data_id: dict[str, Any]
) -> None:
    expected = [row for row in registered(folder) if row[0] == "toy"]
    assert sorted(both.query("raw", where, COLUMNS, data_id).tuples()) == expected


def test_each_name_that_all_know_stands_for_a_key(both: Federation) -> None:
    assert list(both.getKeys("calexp")) == ["instrument", "visit", "detector"]
    first = next(iter(both.query("raw", "instrument == 'toy'", limit=1)))
    assert first == {
        "instrument": "toy", "date": None, "filter": None, "visit": 1, "hdu": None, "detector": 1,
        "object": "M1",
    }  # fmt: skip


def test_rows_are_ordered_limited_and_distinct_over_all(folder: Path, both: Federation) -> None:
    rows = both.query("raw", columns=["visit"], order=["-visit"], distinct=True, limit=3)
    assert [row["visit"] for row in rows] == [410878, 410877, 2]
    table = both.query("raw", columns=["instrument", "detector"], order="detector").to_table()
    assert table["detector"].tolist() == sorted(row[2] for row in registered(folder))


def test_each_dataset_comes_from_its_own_butler(folder: Path, both: Federation) -> None:
    toy = both.get("raw", instrument="toy", visit=410877, detector=2)
    assert toy.image[0, 0] == 4108772
    decam = both.get("raw", instrument="decam", visit=410877, detector=2)
    assert (
        decam.image.shape == Butler(folder / "decam").get("raw", visit=410877, ccdnum=2).image.shape
    )
    assert both.get("raw", visit=1, detector=2).image[0, 0] == 12  # only one has it
    assert both.getUri("raw", visit=410878, detector=2).startswith(str(folder / "decam"))
    for number, reference in both.subset("raw", detector=2, instrument="toy"):
        assert (number, reference.get("raw").image[0, 0] % 10) == ("toy", 2)
    refs = both.query("raw", "detector == 2 and instrument == 'toy'").refs()
    assert [ref.get("raw").image[0, 0] for ref in refs] == [12, 22, 4108772]


def test_references_are_limited_and_ordered_as_rows_are(both: Federation) -> None:
    assert [len(both.query("raw", limit=limit).refs()) for limit in (0, 2, 1000)] == [
        0, 2, len(both.query("raw")),
    ]  # fmt: skip
    last = ["-visit", "detector", "instrument"]
    for order in (last, ["detector", *last], ["-size", *last]):
        rows = both.query("raw", order=order, limit=5, columns=["visit", "detector"])
        ids = [reference.dataId for reference in rows.refs()]
        assert [(one["visit"], one.get("chip", one.get("ccdnum"))) for one in ids] == list(
            rows.tuples()
        )


def test_columns_of_registries_and_files_have_the_types_that_a_butler_gives(
    both: Federation,
) -> None:
    table = both.query("raw", columns=["instrument", "expTime", "size", "object"]).to_table()
    assert [table[name].dtype.kind for name in table.colnames] == ["U", "f", "i", "U"]
    assert np.ma.max(table["expTime"]) == 90.0
    written = both.query("raw", limit=1, columns="written").to_table()["written"]
    assert isinstance(written, Time)


def test_a_camera_without_a_place_for_a_type_is_passed_over(both: Federation) -> None:
    with pytest.raises(TemplateUndefined):
        Butler(both["toy"].chain.inputs[0].root).query("wcs")
    assert list(both.query("wcs")) == []
    assert not both.datasetExists("wcs", visit=410877, detector=2)


def test_what_is_put_goes_to_the_instrument(folder: Path, both: Federation) -> None:
    raw = both.get("raw", visit=1, detector=1)
    both.put(raw, "calexp", instrument="toy", visit=1, detector=1)
    assert (folder / "toy/calexp/1_01.fits").exists()
    assert both.datasetExists("calexp", visit=1, detector=1)
    assert not both.datasetExists("calexp", instrument="decam", visit=1, detector=1)
    assert both["toy"].datasetExists("calexp", visit=1, chip=1)
    with pytest.raises(DataIdError, match="give instrument: one of decam, toy"):
        both.put(raw, "calexp", visit=1, detector=2)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda one: one.get("raw", visit=410877, detector=2), AmbiguousDataId,
         "decam, toy have it: give instrument"),
        (lambda one: one.get("raw", visit=7, detector=2), NoResults, "none of decam, toy has it"),
        (lambda one: one.get("raw", instrument="tay", visit=1), DataIdError,
         "no instrument 'tay'; did you mean 'toy'"),
        (lambda one: one["decm"], DataIdError, "did you mean 'decam'"),
        (lambda one: one.query("rew"), UnknownDatasetType, "None of decam, toy has .*'rew'"),
        (lambda one: one.query("raw", "detecter == 1"), UnknownKey, "did you mean 'detector'"),
        (lambda one: one.query("raw", columns=["vist"]), UnknownKey, "did you mean 'visit'"),
        (lambda one: one.queryMetadata("raw", "vist"), UnknownKey, "did you mean 'visit'"),
        (lambda one: one.query("raw", order="siz"), UnknownKey, "did you mean 'size'"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told(
    both: Federation, act: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        act(both)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "a federation has members"),
        ({"a": 5}, "a must be the path of a repository, not 5"),
        ({"a": {"root": "."}, "b": {"rot": "."}}, "b: unknown key 'rot'; did you mean 'root'"),
        ({"a": "nowhere"}, "a: there is no directory nowhere"),
    ],
)
def test_a_federation_of_nothing_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, members: Any, message: str
) -> None:
    monkeypatch.chdir(folder / "toy")
    with pytest.raises(PolicyError, match=message):
        Federation(members)


def test_butlers_and_paths_are_members(folder: Path) -> None:
    one = Federation({"decam": Butler(folder / "decam"), "toy": folder / "toy"})
    assert (list(one), len(one)) == (["decam", "toy"], 2)
    assert "decam" in repr(one)
    assert "raw" in one.getDatasetTypes()


def test_a_file_of_it_moves_with_its_repositories(folder: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(folder, tmp_path / "moved", symlinks=True)
    assert Federation(moved / "both.yaml").getUri("raw", visit=1, detector=1).startswith(str(moved))


# -- from the shell
# ----------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    return (main.main([str(word) for word in words]), *capsys.readouterr())


def test_the_shell_asks_all_of_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "both.yaml"
    words = ("query", path, "raw", *COLUMNS, "--id", "detector=1^2", "--format=json")
    status, out, err = run(capsys, *words)
    expected = registered(folder, "detector IN (1, 2)")
    assert (status, err) == (0, "")
    assert sorted(tuple(row.values()) for row in json.loads(out)) == expected
    words = (
        "find",
        path,
        "raw",
        "--where",
        "detector < 3 and instrument == 'toy'",
        "--format=json",
    )
    status, out, err = run(capsys, *words, "--columns", "instrument,visit,detector,object")
    assert [tuple(row.values()) for row in json.loads(out)] == [
        row for row in expected if row[0] == "toy"
    ]
    status, out, err = run(capsys, "query", path, "raw", "visit", "--id", "detector=99")
    assert (status, out, "no instrument has any" in err) == (1, "", True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tree", "{}"), "is a file, and tree accepts one repository"),
        (("query", "{}", "raw", "visit", "--mapper", "decam"), "set mapper and calibRoot there"),
        (("query", "{}", "raw", "vist"), "did you mean 'visit'"),
        (("query", "{}", "raw", "visit", "--id", "detecter=1"), "did you mean 'detector'"),
    ],
)
def test_what_is_mistyped_is_status_2(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    status, out, err = run(capsys, *(word.format(folder / "both.yaml") for word in words))
    assert (status, out) == (2, "")
    assert message in err
