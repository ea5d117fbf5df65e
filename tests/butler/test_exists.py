"""Whether many datasets are there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, CameraMapper
from persistence.butler.exists import existing
from persistence.dataids.location import Location
from persistence.files import intents

POLICY = """
datasets:
  note: {template: 'n/%(a)s.txt', storage: FitsStorage}
  pair: {composite: {one: {datasetType: note}}, python: builtins.dict, assembler: builtins.dict}
"""


@pytest.fixture
def rerun(own: Path, tmp_path: Path) -> Butler:
    """Give a rerun with one calexp, on raws of which one exposure is gone."""
    butler = Butler(inputs=str(own), outputs=str(tmp_path / "rerun"))
    butler.put(butler.get("raw", visit=410877, ccdnum=28), "calexp", visit=410877, ccdnum=28)
    (gone,) = own.glob("*/r/*.fits.fz")
    gone.unlink()
    return Butler(tmp_path / "rerun")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("raw", 61),
        ("raw_md", 61),
        ("calexp", 1),
        ("calexp.wcs", 1),
        ("src", 0),
        ("ccdExposureId", 0),
    ],
)
def test_it_says_what_the_butler_says(rerun: Butler, name: str, number: int) -> None:
    data_ids = rerun.subset(name.partition(".")[0]).cache
    is_there = existing(rerun, name)
    found = [is_there(one) for one in data_ids]
    assert found == [rerun.datasetExists(name, one) for one in data_ids]
    assert sum(found) == number


def test_what_a_killed_writer_left_is_there_as_the_butler_says(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "n").mkdir()
    intent = tmp_path / intents.FOLDER / "elsewhere-1-ab.json"
    intent.parent.mkdir(parents=True)
    moves = [["n/x.txt", "n/.put-x", None], ["n/y.txt", None, "n/.put-y"]]
    intent.write_text(json.dumps({"writer": "", "back": False, "moves": moves}))
    os.utime(intent, (0, 0))  # of long ago
    for name in (".put-x", "y.txt", ".put-y"):
        (tmp_path / "n" / name).touch()
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    is_there = existing(butler, "note")
    for name, there in (("x", True), ("y", False)):
        assert butler.datasetExists("note", a=name) == is_there({"a": name}) == there, name


@pytest.fixture
def toy(tmp_path: Path) -> Butler:
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "n").mkdir()
    (tmp_path / "n" / "x.txt.gz").touch()
    os.symlink("nowhere", tmp_path / "n" / "y.txt")
    return Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))


@pytest.mark.parametrize("name", ["note", "pair"])
@pytest.mark.parametrize(("a", "is_there"), [("x", True), ("y", False), ("z", False)])
def test_compressed_files_are_there_and_links_to_nothing_are_not(
    toy: Butler, name: str, a: str, is_there: bool
) -> None:
    assert existing(toy, name)({"a": a}) is toy.datasetExists(name, a=a) is is_there


def test_a_cameras_own_way_to_a_file_is_asked(tmp_path: Path, toy: Butler) -> None:
    class Odd(CameraMapper):
        def map_note(self, dataId: Any, write: bool = False) -> Location:
            return Location(str(tmp_path), "n/x.txt", None, "FitsStorage", None, "note", dataId)

    butler = Butler(tmp_path, mapper=Odd(str(tmp_path / "camera.yaml")))
    assert existing(butler, "note")({"a": "z"}) is True
    assert existing(toy, "note")({"a": "z"}) is False


@pytest.mark.parametrize("a", [None, "../x", ""])
def test_a_value_that_fits_no_path_is_not_there(toy: Butler, a: str | None) -> None:
    assert existing(toy, "note")({"a": a}) is False
