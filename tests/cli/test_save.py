"""Datasets as files of the user's own."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.table import QTable, Table

from persistence import Config, Exposure, FileConflict, FormatterError, IsrCalib, Mask
from persistence.cli import save
from persistence.cli.usage import WrongUse
from persistence.dataids.location import Location
from persistence.formatters import formatter

PLACE = Location("", "", None, "", None, "thing", {})
TABLE = Table({"id": [1, 2], "flux": [1.5, 2.5]}, units={"flux": "nJy"})
HEADER = fits.Header([("A", 1), ("COMMENT", "one"), ("COMMENT", "two"), ("NOTHING", None)])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b.fits", ".fits"),
        ("a.b/c", ""),
        ("c4d.fits.fz", ".fits.fz"),
        ("x.1.csv.gz", ".csv.gz"),
        ("x.gz", ".gz"),
        ("-_0,0.fits", ".fits"),
    ],
)
def test_the_end_of_a_name_tells_the_format(path: str, expected: str) -> None:
    assert save.ending(path) == expected


@pytest.mark.parametrize("name", ["x.ecsv", "x.csv", "x.fits"])
def test_a_table_comes_back_from_each_format(tmp_path: Path, name: str) -> None:
    save.write(TABLE, str(tmp_path / name), PLACE)
    again = Table.read(tmp_path / name)
    assert again["flux"].tolist() == [1.5, 2.5]
    assert again["id"].tolist() == [1, 2]
    assert str(again["flux"].unit) == ("None" if name.endswith(".csv") else "nJy")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_parquet_table_can_be_written_as_text(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from persistence import ParquetTable

    save.write(ParquetTable(table=pyarrow.table({"id": [1, 2]})), str(tmp_path / "x.csv"), PLACE)
    assert (tmp_path / "x.csv").read_text().split() == ["id", "1", "2"]


def test_an_exposure_is_laid_out_as_the_policys_type_says_but_loses_no_plane(
    tmp_path: Path,
) -> None:
    image = PLACE._replace(python="lsst.afw.image.ImageF")
    exposure = Exposure(np.ones((2, 3), "f4"), fits.Header({"A": 1}))
    save.write(exposure, str(tmp_path / "i.fits"), image)
    save.write(
        exposure.replaced(mask=Mask.from_flags({"SAT": np.eye(2, 3) > 0})),
        str(tmp_path / "e.fits"),
        image,
    )
    with fits.open(tmp_path / "e.fits") as hdus:
        assert [hdu.header.get("EXTTYPE") for hdu in hdus] == [None, "IMAGE", "MASK"]
    with fits.open(tmp_path / "i.fits") as hdus:
        assert [hdu.data is not None for hdu in hdus][-1]
        assert "EXTTYPE" not in hdus[-1].header


def test_an_array_is_written_as_an_image(tmp_path: Path) -> None:
    save.write(np.arange(6.0).reshape(2, 3), str(tmp_path / "a.fits"), PLACE)
    assert fits.getdata(tmp_path / "a.fits").tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({"a": (1, 2.5), "b": {"c": None}}, {"a": [1, 2.5], "b": {"c": None}}),
        (Config({"isr.doBias": True, "name": "x"}), {"isr.doBias": True, "name": "x"}),
        (HEADER, {"A": 1, "COMMENT": "one\ntwo", "NOTHING": None}),
        ({"array": np.arange(2000)}, {"array": list(range(2000))}),
        ([1, "a"], [1, "a"]),
        (7, 7),
    ],
)
def test_plain_data_come_back_from_yaml_and_json(tmp_path: Path, obj: Any, expected: Any) -> None:
    save.write(obj, str(tmp_path / "x.yaml"), PLACE)
    save.write(obj, str(tmp_path / "x.json"), PLACE)
    assert yaml.safe_load((tmp_path / "x.yaml").read_text()) == expected
    assert json.loads((tmp_path / "x.json").read_text()) == expected


@pytest.mark.parametrize(
    ("obj", "name", "message"),
    [
        (TABLE, "x.txt", "x.txt: thing is of type Table: write it as .fits, .parquet, .ecsv, .csv"),
        (np.zeros((2, 2)), "x", "x: thing is of type ndarray: write it as .fits, .png"),
        ({"deep": [1 + 2j]}, "x.json", r"not <class 'complex'>: \(1\+2j\)"),
        ({"deep": [b"x"]}, "x.yaml", "not <class 'bytes'>: b'x'"),
        (TABLE, "x.parqet", "did you mean '.parquet'"),
        (np.zeros(3), "x.png", "a picture is of numbers in rows and columns"),
        ({}, "x.fits", "x.fits: thing is of type dict: write it as .yaml, .json"),
        (object(), "x.json", "x.json: thing is of type object: no file format is known for it"),
    ],
)
def test_what_a_format_cannot_hold_is_told_with_what_can(
    tmp_path: Path, obj: Any, name: str, message: str
) -> None:
    with pytest.raises((WrongUse, FormatterError), match=message):
        save.write(obj, str(tmp_path / name), PLACE)
    assert list(tmp_path.iterdir()) == []


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("old")
    with pytest.raises(FormatterError, match="thing"):
        save.write(QTable({"deep": [object(), object()]}), str(tmp_path / "x.fits"), PLACE)
    with pytest.raises(
        FormatterError, match=r"thing cannot be written as ascii\.csv: .*dimension > 1"
    ):
        save.write(Table({"pairs": np.zeros((2, 2))}), str(target), PLACE)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x.csv": "old"}


def test_a_file_without_a_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such directory"):
        save.check(str(tmp_path / "nodir" / "x"), False, [])
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_replaced_only_if_one_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    with pytest.raises(FileConflict, match="is there already; --force replaces it"):
        save.check(str(tmp_path / "x"), False, [])
    save.check(str(tmp_path / "x"), True, [])
    save.check(str(tmp_path / "y"), False, [])


def test_a_link_that_leads_nowhere_is_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(FileConflict, match="--force replaces it"):
        save.check(str(tmp_path / "link"), False, [])


@pytest.mark.parametrize("path", ["/dev/null", os.path.dirname(__file__)])
def test_devices_and_directories_are_never_replaced(path: str) -> None:
    with pytest.raises(FileConflict, match="is not a file that could be replaced"):
        save.check(path, True, [])


def test_a_file_of_a_repository_is_never_replaced_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "repo" / "sub").mkdir(parents=True)
    (tmp_path / "repo" / "sub" / "x").touch()
    (tmp_path / "alias").symlink_to(tmp_path / "repo" / "sub")
    for path in ("repo/sub/x", "alias/x"):
        with pytest.raises(FileConflict, match="a file of the repository"):
            save.check(str(tmp_path / path), True, [str(tmp_path / "repo")])
    save.check(str(tmp_path / "repo" / "new"), False, [str(tmp_path / "repo")])
    (tmp_path / "repo2").touch()
    save.check(str(tmp_path / "repo2"), True, [str(tmp_path / "repo")])


def test_a_full_disk_is_told_with_the_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", target)

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(OSError, match="cannot be written: No space left on device") as caught:
        save.copy("/etc/hostname", str(tmp_path / "x"))
    assert caught.value.filename == str(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.fits", "x.yaml"])
def test_a_calibration_is_written_as_its_own_formatter_does(tmp_path: Path, name: str) -> None:
    calib = IsrCalib("CROSSTALK", {"OBSTYPE": "CROSSTALK"}, (Table({"CT_COEFFS": [[0.0, 0.1]]}),))
    place = PLACE._replace(root=str(tmp_path), path=name, python="lsst.ip.isr.CrosstalkCalib")
    save.write(calib, str(tmp_path / name), place)
    found = formatter("FitsCatalogStorage", place.python).read(place)
    assert (found.kind, found["CT_COEFFS"].tolist()) == ("CROSSTALK", [[0.0, 0.1]])
