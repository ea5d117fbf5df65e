"""Cameras whose geometry changed: the one of a date, and of an exposure."""

from __future__ import annotations

import contextlib
import pickle
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, DataIdError, NoResults, PolicyError
from persistence.cameras.yaml_camera import mapper_class

PLANE = (
    "{pixel: 0.01, size: [10, 10], scale: 20, reference: [4.5, 4.5], offsets: {ccd: {1: [%s, 0]}}}"
)
CAMERA = f"""
detectors: {{key: ccd, names: {{1: one}}}}
exposures: {{raw: {{template: 'raw/%(date)s/%(visit)d.fits'}}}}
geometry:
  versions:
    - {{valid: [null, 2013-11-30], focalPlane: {PLANE % 1}}}
    - {{valid: [2013-11-30, '2015-02-01'], camera: places}}
    - {{valid: [2015-02-01, 2020-01-01], focalPlane: {PLANE % 3}}}
"""
ROWS = [
    (1, "2013-11-29"),
    (2, "2013-11-30"),
    (3, "2015-01-31"),
    (4, "2015-02-01"),
    (5, "2020-01-01"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository of five nights, whose registry nobody of ours wrote."""
    (tmp_path / "camera.yaml").write_text(CAMERA)
    (tmp_path / "_mapper").write_text("camera.yaml\n")
    (tmp_path / "places").mkdir()
    (tmp_path / "places" / "detectors.yaml").write_text(
        "focalPlane: {pixel: 0.01, size: [10, 10], scale: 20, reference: [4.5, 4.5]}\n"
        "science: {1: {name: one, x: 2, y: 0}}\n"
    )
    with contextlib.closing(sqlite3.connect(tmp_path / "registry.sqlite3")) as database, database:
        database.execute("CREATE TABLE raw (id INTEGER PRIMARY KEY, visit INT, date TEXT, ccd INT)")
        database.executemany("INSERT INTO raw (visit, date, ccd) VALUES (?, ?, 1)", ROWS)
    return tmp_path


def place(camera: Any) -> float:
    return float(camera["one"].position[0])


def test_an_exposure_has_the_camera_of_its_date(root: Path) -> None:
    butler = Butler(root)
    places = [place(butler.get("camera", visit=visit)) for visit, _ in ROWS[:4]]
    assert places == [1.0, 2.0, 2.0, 3.0]
    assert [place(butler.get("camera", date=date)) for _, date in ROWS[:4]] == places
    assert place(butler.get("camera", visit=2, ccd=1, immediate=True)) == 2.0


def test_one_geometry_is_one_object_and_without_a_date_it_is_the_last(root: Path) -> None:
    butler = Butler(root)
    assert butler.get("camera", visit=2) is butler.get("camera", visit=3)
    assert place(butler.get("camera")) == 3.0
    assert butler.get("camera", date="2019-01-01") is butler.get("camera")


def test_a_date_without_a_geometry_lists_those_that_are_there(root: Path) -> None:
    butler = Butler(root)
    with pytest.raises(NoResults, match=r"2020-01-01(.|\n)*\.\.\. to 2013-11-30 .*camera.yaml:6"):
        butler.get("camera", visit=5)
    with pytest.raises(DataIdError, match="date='yesterday' is not a date"):
        butler.get("camera", date="yesterday")
    with pytest.raises(NoResults, match="No exposure matches: camera"):
        butler.get("camera", visit=77)


def test_exposures_of_two_geometries_have_no_one_camera(root: Path) -> None:
    butler = Butler(root)
    with contextlib.closing(sqlite3.connect(root / "registry.sqlite3")) as database, database:
        database.execute("UPDATE raw SET ccd = 2 WHERE visit IN (2, 3)")
    assert place(butler.get("camera", ccd=2)) == 2.0
    with contextlib.closing(sqlite3.connect(root / "registry.sqlite3")) as database, database:
        database.execute("UPDATE raw SET ccd = 2 WHERE visit = 1")
    with pytest.raises(NoResults, match="No unique lookup for: camera"):
        Butler(root).get("camera", ccd=2)


def test_raws_are_placed_by_the_geometry_of_their_date(root: Path) -> None:
    translator = pickle.loads(pickle.dumps(mapper_class(str(root / "camera.yaml"))().translator))

    def position(**data_id: Any) -> Any:
        return translator.placed({"ccd": 1, **data_id}, {}, None, ()).position

    assert position(date="2013-11-29") == (1, 0)
    assert position(date="2016-01-01") == (3, 0)
    assert position() is position(date="2021-01-01") is None


def test_a_camera_without_versions_is_the_same_on_all_dates(root: Path) -> None:
    (root / "camera.yaml").write_text(
        f"detectors: {{key: ccd, names: {{1: one}}}}\nfocalPlane: {PLANE % 7}\n"
    )
    mapper = mapper_class(str(root / "camera.yaml"))
    assert place(Butler(root, mapper=mapper).get("camera", visit=99)) == 7.0


ONE = f"focalPlane: {PLANE % 1}"
REFUSED: dict[str, tuple[list[str], str]] = {
    "a gap": (
        [f"valid: [null, 2013-01-01], {ONE}", f"valid: [2013-01-02, null], {ONE}"],
        r"camera.yaml:4: geometry.versions has a gap: none from 2013-01-01 \(.*camera.yaml:3\) to "
        "2013-01-02",
    ),
    "an overlap": (
        [f"valid: [null, 2013-01-02], {ONE}", f"valid: [2013-01-01, null], {ONE}"],
        r"camera.yaml:4: geometry.versions overlap, .*: one to 2013-01-02 \(.*camera.yaml:3\), the "
        "next from 2013-01-01",
    ),
    "one for ever, and another": (
        [f"valid: [null, null], {ONE}", f"valid: [2013-01-01, null], {ONE}"],
        "camera.yaml:4: geometry.versions overlap",
    ),
    "no order": (
        [f"valid: [2013-01-01, null], {ONE}", f"valid: [null, 2013-01-01], {ONE}"],
        "camera.yaml:4: geometry.versions overlap, or are not in order",
    ),
    "no day": ([f"valid: [2013-01-01, 2013-01-01], {ONE}"], "2013-01-01 to 2013-01-01 contains no date"),
    "no date": ([f"valid: [soon, null], {ONE}"], "geometry.versions.valid: 'soon' is not a date"),
    "a time": ([f"valid: ['2013-01-01T12:00', null], {ONE}"], "is not a date"),
    "one end": ([f"valid: [2013-01-01], {ONE}"], "valid is a pair: the first date, and"),
    "no range": ([ONE], "geometry.versions needs valid"),
    "no geometry": (["valid: [null, null]"], "geometry.versions needs a focalPlane or a camera"),
    "half a geometry": (
        ["valid: [null, null], focalPlane: {pixel: 1}"],
        "geometry.versions.focalPlane needs scale",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_leaves_a_date_without_one_geometry_is_refused_with_lines(
    tmp_path: Path, case: str
) -> None:
    versions, message = REFUSED[case]
    path = tmp_path / "camera.yaml"
    path.write_text("geometry:\n  versions:\n" + "".join(f"    - {{{one}}}\n" for one in versions))
    with pytest.raises(PolicyError, match=rf"camera.yaml:\d+: .*{message}|{message}"):
        mapper_class(str(path))
