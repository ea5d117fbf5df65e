"""Datasets, told in short or written to a file."""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.table import Table

from persistence import Butler, CameraMapper
from persistence.cli import get, ingest_images

ONE = ("--id", "visit=410877", "ccdnum=28")


def told(run: Any, *words: object) -> dict[str, Any]:
    done = run("get", *words, "--format", "json")
    assert (done.status, done.err) == (0, "")
    return {row["name"]: row["value"] for row in json.loads(done.out)}


def test_an_exposure_is_told_in_short(run: Any, rerun: Path) -> None:
    found = told(run, rerun, "calexp", *ONE)
    raw = Butler(rerun).get("raw", visit=410877, ccdnum=28)
    assert found["shape"] == list(raw.image.shape)
    assert (found["detector_id"], found["filter"], found["exposure_time"]) == (28, "g", 90.0)
    assert found["pixel_scale_arcsec"] == pytest.approx(33.58, abs=0.01)  # the sample is binned
    assert list(found["mask"]) == ["SAT"]
    assert found["mask"]["SAT"] == int((raw.image > np.median(raw.image) + 50).sum()) > 0


def test_a_table_of_the_terminal_has_a_line_for_each_name(run: Any, rerun: Path) -> None:
    lines = run("get", rerun, "calexp", *ONE).out.splitlines()
    assert lines[0].split() == ["name", "value"]
    assert any(re.fullmatch(r"filter +g", line) for line in lines)
    assert any(re.fullmatch(r"mask +\{\"SAT\": \d+\}", line) for line in lines)


def test_columns_are_told_with_units(run: Any, rerun: Path) -> None:
    found = list(csv.DictReader(io.StringIO(run("get", rerun, "src", *ONE, "--format=csv").out)))
    assert [(row["column"], row["unit"], row["shape"]) for row in found] == [
        ("id", "", "[3]"),
        ("flux", "nJy", "[3]"),
        ("name", "", "[3]"),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("processCcd_metadata", *ONE), {"nan": None, "list": [1, 2], "text": "a\nb"}),
        (("processCcd_config",), {"isr.doBias": True}),
        (("ossThumb", *ONE), {"type": "str", "value": "one\ntwo\n"}),
        (
            ("starGalaxy_classifier", "--id", "label=x"),
            {"type": "ndarray", "shape": [2, 3], "dtype": "float64"},
        ),
        (("src_len", *ONE), {"type": "int", "value": 3}),
        (("ccdExposureId", *ONE), {"type": "int", "value": 41087728}),
    ],
)
def test_each_kind_of_dataset_is_told(
    run: Any, rerun: Path, words: tuple[str, ...], expected: dict[str, Any]
) -> None:
    assert told(run, rerun, *words) == expected


def test_views_are_told_too(run: Any, filled: Path) -> None:
    assert told(run, filled, "raw_md", *ONE)["CCDNUM"] == 28
    assert told(run, filled, "raw_visitInfo", *ONE)["exposure_time"] == 90.0
    assert told(run, filled, "raw_detector", *ONE)["id"] == 28
    assert told(run, filled, "raw_sub", *ONE, "--bbox", 10, 20, 5, 4)["bbox"] == [10, 20, 5, 4]


# -- files
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("src", *ONE), "src.fits"),
        (("calexp", *ONE), "a b.fits"),
        (("processCcd_config",), "config.py"),
        (("processCcd_metadata", *ONE), "m.yaml"),
        (("ossThumb", *ONE), "thumb.png"),
        (("starGalaxy_classifier", "--id", "label=x"), "p.pickle"),
        (("deepCoadd_obj", "--id", "tract=0", "patch=0,0"), "obj.parq"),
    ],
)
def test_a_plain_file_is_copied_byte_by_byte(
    run: Any, rerun: Path, tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    source = Path(run("uri", rerun, *words).out.rstrip("\n"))
    done = run("get", rerun, *words, "-o", tmp_path / name)
    assert (done.status, done.err) == (0, "")
    assert (tmp_path / name).read_bytes() == source.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert not (tmp_path / name).is_symlink()


def test_an_image_in_a_file_of_many_becomes_a_file_of_its_own(
    run: Any, filled: Path, tmp_path: Path
) -> None:
    assert run("get", filled, "raw", *ONE, "-o", tmp_path / "raw.fits").status == 0
    raw = Butler(filled).get("raw", visit=410877, ccdnum=28)
    with fits.open(tmp_path / "raw.fits") as hdus:
        (image,) = [hdu for hdu in hdus if hdu.data is not None]
        assert np.array_equal(image.data, raw.image)
        assert image.header["CCDNUM"] == 28


@pytest.mark.parametrize(("name", "kept"), [("t.ecsv", "nJy"), ("t.csv", "None")])
def test_a_catalog_can_become_text(
    run: Any, rerun: Path, tmp_path: Path, name: str, kept: str
) -> None:
    assert run("get", rerun, "src", *ONE, "-o", tmp_path / name).status == 0
    table = Table.read(tmp_path / name)
    assert table["id"].tolist() == [1, 2, 3]
    assert str(table["flux"].unit) == kept


def test_a_catalog_can_become_parquet_and_an_image_a_picture(
    run: Any, rerun: Path, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    image = pytest.importorskip("matplotlib.image")
    assert run("get", rerun, "src", *ONE, "-o", tmp_path / "t.parquet").status == 0
    assert parquet.read_table(tmp_path / "t.parquet")["id"].to_pylist() == [1, 2, 3]
    assert run("get", rerun, "calexp", *ONE, "-o", tmp_path / "x.png").status == 0
    pixels = Butler(rerun).get("calexp", visit=410877, ccdnum=28).image
    assert image.imread(tmp_path / "x.png").shape[:2] == pixels.shape


def test_metadata_can_become_json_and_says_where(run: Any, rerun: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.json"
    done = run("get", rerun, "processCcd_metadata", *ONE, "-o", target, "--format=json")
    assert json.loads(target.read_text()) == {"nan": None, "list": [1, 2], "text": "a\nb"}
    assert json.loads(done.out) == [{"dataset": "processCcd_metadata", "file": str(target)}]


def test_what_a_hook_makes_can_be_written(run: Any, filled: Path, tmp_path: Path) -> None:
    assert run("get", filled, "ccdExposureId", *ONE, "-o", tmp_path / "id.json").status == 0
    assert (tmp_path / "id.json").read_text() == "41087728\n"


def test_a_composite_is_assembled_rather_than_copied(
    run: Any, root: Path, triples: Path, tmp_path: Path
) -> None:
    words = [str(root), f"{triples}/instcal/*.fits.fz", "--filetype=instcal"]
    assert ingest_images.main(words, prog="ingestImagesDecam.py", filetypes=True) == 0
    ids = ("--id", "visit=500001", "ccdnum=25")
    assert run("get", root, "instcal", *ids, "-o", tmp_path / "whole.fits").status == 0
    with fits.open(tmp_path / "whole.fits") as hdus:
        assert [hdu.header.get("EXTTYPE") for hdu in hdus] == [None, "IMAGE", "MASK", "VARIANCE"]


def test_a_composite_with_a_file_of_its_own_is_more_than_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def assemble(dataId: Any, componentInfo: Any, cls: type) -> dict[str, Any]:
        return {name: part.obj for name, part in componentInfo.items()}

    toy = ModuleType("persistence_test_toy")
    vars(toy)["assemble"] = assemble
    monkeypatch.setitem(sys.modules, toy.__name__, toy)
    (tmp_path / "camera.yaml").write_text(
        "datasets:\n"
        "  a: {template: a.yaml, storage: YamlStorage}\n"
        "  whole:\n"
        "    {template: whole.yaml, storage: YamlStorage, python: builtins.dict,\n"
        "     assembler: persistence_test_toy.assemble,\n"
        "     composite: {a: {datasetType: a}, b: {datasetType: whole}}}\n"
    )
    (tmp_path / "_mapper").write_text("toy.Mapper")
    (tmp_path / "a.yaml").write_text("1")
    (tmp_path / "whole.yaml").write_text("2")
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    target = tmp_path / "copy.yaml"
    words = argparse.Namespace(
        type="whole", id=[], bbox=None, at=None, output=str(target), force=False, format="csv"
    )
    assert get.run(butler, words) == 0
    assert yaml.safe_load(target.read_text()) == {"a": 1, "b": 2}


def test_a_file_that_is_there_stays_unless_forced(run: Any, rerun: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.yaml"
    target.write_text("old")
    done = run("get", rerun, "processCcd_metadata", *ONE, "-o", target)
    assert (done.status, done.err) == (
        1,
        f"persistence: {target} is there already; --force replaces it\n",
    )
    assert target.read_text() == "old"
    assert run("get", rerun, "processCcd_metadata", *ONE, "-o", target, "--force").status == 0
    assert "list" in target.read_text()


def test_the_dataset_itself_is_not_replaced(run: Any, own: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in own.rglob("*")}
    done = run(
        "get", own, "raw", *ONE, "-o", own / "2014-02-27" / "g" / "decam0410877.fits.fz", "--force"
    )
    assert done.status == 1
    assert f"is a file of the repository {own.resolve()}" in done.err
    assert {path: path.lstat().st_mtime_ns for path in own.rglob("*")} == before


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ("src", *ONE, "-o", "x.txt"),
            2,
            r"x.txt: src is of type Table: write it as .fits, .parquet, .ecsv, .csv",
        ),
        # The file holds other things too, or the view is not the file: no copy is what was asked
        # for.
        (
            ("raw", *ONE, "-o", "x.fits.fz"),
            2,
            r"x.fits.fz: raw is of type Exposure: write it as .fits, .png",
        ),
        (
            ("src_len", *ONE, "-o", "x.fits"),
            2,
            r"x.fits: src_len is of type int: write it as .yaml, .json",
        ),
        (("raw_wcs", *ONE, "-o", "x.fits"), 2, r"raw_wcs is of type WCS: no file format is known"),
        (
            ("src", *ONE, "-o", "nodir/x.csv"),
            1,
            r"nodir: there is no such directory; -o does not create it",
        ),
        (
            ("src", "--id", "visit=410877", "ccdnum=1", "-o", "x.fits"),
            1,
            r"No locations for get: src",
        ),
        (
            ("src", "--id", "visit=410877", "ccdnum=1"),
            1,
            r"No locations for get: src .*\n  looked for",
        ),
        (("raw", "--id", "filter=g"), 1, r"No locations for get: raw .*\n  \d+ rows match"),
        (
            ("raw", "--id", "visit=1^2"),
            2,
            r"get takes one data ID; --id matches 2: visit=1; visit=2",
        ),
        (("raww", *ONE), 2, r"DecamMapper has no dataset type 'raww'; did you mean 'raw'"),
        (("raw", "--id", "vist=1"), 2, r"unknown key 'vist'; did you mean 'visit'"),
        (("raw_sub", *ONE), 2, r"raw_sub needs --bbox X0 Y0 WIDTH HEIGHT"),
        (
            ("raw_sub", *ONE, "--bbox", "0", "0", "9999", "1"),
            2,
            r"is not inside .*, which has 28 columns",
        ),
        (
            ("raw", *ONE, "--bbox", "0", "0", "1", "1"),
            2,
            r"--bbox needs a dataset type .*, not raw",
        ),
    ],
)
def test_what_cannot_be_done_is_explained(
    run: Any,
    rerun: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("get", rerun, *words)
    assert (done.status, done.out) == (status, "")
    assert re.match(f"persistence: .*{message}", done.err)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_named(run: Any, own: Path) -> None:
    (own / "config").mkdir()
    (own / "config" / "packages.pickle").write_text("no pickle")
    done = run("get", own, "packages")
    assert done.status == 1
    assert f"persistence: {own}/config/packages.pickle is not a pickle, or is damaged" in done.err


def test_a_plain_name_is_told_and_copied_at_its_stage(run: Any, tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(
        "datasets: {note: {template: 'note/%(visit)d.txt', storage: TextStorage}}"
    )
    repo = tmp_path / "repo"
    butler = Butler(
        outputs={"root": str(repo), "mapper": str(tmp_path / "camera.yaml"), "mode": "rw"}
    )
    butler.put("first", "note", visit=1)
    butler.defineDataset("note:second", template="second/%(visit)d.txt", storage="TextStorage")
    butler.put("second", "note:second", visit=1)
    butler.defineStage("note", "second")
    assert told(run, repo, "note", "--id", "visit=1")["value"] == "second"
    assert run("get", repo, "note", "--id", "visit=1", "-o", tmp_path / "note.txt").status == 0
    assert (tmp_path / "note.txt").read_text() == "second"
    assert run("uri", repo, "note", "--id", "visit=1") == (0, f"{repo}/second/1.txt\n", "")


def test_a_component_is_told_by_its_name(run: Any, rerun: Path) -> None:
    assert "SAT" in told(run, rerun, "calexp.mask", *ONE)["planes"]
