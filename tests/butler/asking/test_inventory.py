"""What is in repositories, what is missing, and what is there twice, by files that are made by hand."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, PathTemplate
from persistence.errors import (
    DataIdError,
    ExpressionError,
    NoResults,
    NotInSkyMap,
    UnknownDatasetType,
    UnknownKey,
)
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap

MAPPER = "lsst.obs.decam.DecamMapper"
CALEXP = "%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits"
SRC = "%(visit)07d/src/src-%(visit)07d_%(ccdnum)02d.fits"
WARP = "deepCoadd/%(filter)s/%(tract)d/%(patch)stempExp/v%(visit)d-f%(filter)s.fits"
START = 1_793_500_000  # date -u -d @1793500000: 2026-11-01T02:26:40


def touch(root: Path, path: str, seconds: int = 0, size: int = 10) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    os.utime(file, (START + seconds, START + seconds))


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """Return a repository with the raws 1 to 3 of two chips, and two reruns, ``new`` on ``old``."""
    root = tmp_path / "repo"
    root.mkdir()
    (root / "_mapper").write_text(f"{MAPPER}\n")
    connection = sqlite3.connect(root / "registry.sqlite3")
    connection.execute(
        "CREATE TABLE raw (id integer primary key, visit int, filter text, date text, taiObs text, "
        "expTime double, ccdnum int, ccd int, hdu int, object text)"
    )
    for visit in (1, 2, 3):
        for ccd in (1, 2):
            connection.execute(
                "INSERT INTO raw VALUES (NULL, ?, 'r', '2014-02-20', '2014-02-20T01:00:00', ?, ?, "
                "?, ?, 'COSMOS')",
                (visit, 10.0 * visit, ccd, ccd, ccd),
            )
        touch(root, f"2014-02-20/r/decam{visit:07d}.fits.fz", size=1000)
    connection.commit()
    connection.close()
    old, new = root / "rerun" / "old", root / "rerun" / "new"
    for rerun, parent in ((old, root), (new, old)):
        rerun.mkdir(parents=True)
        (rerun / "_parent").symlink_to(parent)
    for visit, ccd in ((1, 1), (1, 2), (2, 1)):
        touch(old, CALEXP % {"visit": visit, "ccdnum": ccd}, 100 * visit + ccd, size=5)
    touch(new, CALEXP % {"visit": 1, "ccdnum": 2}, 50, size=7)  # older than the one it shadows
    touch(new, CALEXP % {"visit": 3, "ccdnum": 2}, 900, size=8)
    touch(new, SRC % {"visit": 3, "ccdnum": 2}, 901, size=9)
    return root


@pytest.fixture
def butler(survey: Path) -> Butler:
    return Butler(str(survey / "rerun" / "new"))


def test_the_summary_counts_what_find_counts(butler: Butler, survey: Path) -> None:
    roots = [survey / "rerun" / "new", survey / "rerun" / "old", survey]
    expected: Counter[tuple[str, str]] = Counter()
    raw = "2014-02-20/r/decam%(visit)07d.fits.fz"
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name != "rerun"]
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), root)
                for kind, text in (("calexp", CALEXP), ("src", SRC), ("raw", raw)):
                    expected[kind, str(root)] += PathTemplate(text).parse(path) is not None
    rows = butler.index.summary()
    found = {(row["datasetType"], row["repository"]): row["count"] for row in rows}
    assert found == {key: count for key, count in expected.items() if count}
    assert [row["datasetType"] for row in rows] == ["calexp", "calexp", "raw", "src"]


def test_sizes_and_times_are_there_if_they_are_asked_for(butler: Butler, survey: Path) -> None:
    assert {row["size"] for row in butler.index.summary()} == {None}
    rows = butler.index.summary(sizes=True)
    (new, old) = (row for row in rows if row["datasetType"] == "calexp")
    assert (new["size"], old["size"]) == (15, 15)
    assert [old["oldest"].timestamp(), old["newest"].timestamp()] == [START + 101, START + 201]
    assert rows.to_table()["count"].sum() == 9
    with pytest.raises(NoResults, match="not datasets"):
        rows.refs()
    assert len(butler.index.summary(fresh=False)) == len(rows)


def test_what_is_missing_is_given_and_not_there(butler: Butler) -> None:
    rows = butler.index.missing("calexp")
    assert rows.columns == ("visit", "ccdnum")
    assert list(rows.tuples()) == [(2, 2), (3, 1)]
    assert [ref.getUri("raw").rpartition("/")[2] for ref in rows.refs()] == [
        "decam0000002.fits.fz[2]",
        "decam0000003.fits.fz[1]",
    ]
    assert list(butler.index.missing("src", given="calexp").tuples()) == [
        (1, 1),
        (1, 2),
        (2, 1),
    ]
    assert list(butler.index.missing("calexp", "raw", "expTime > 25").tuples()) == [(3, 1)]
    assert list(butler.index.missing("calexp", visit=[1, 2]).tuples()) == [(2, 2)]
    assert not butler.index.missing("raw", given="calexp")


def test_what_is_missing_may_be_told_by_data_ids(butler: Butler) -> None:
    given = [{"visit": visit, "ccdnum": "1"} for visit in (1, 2, 3, 4)]
    rows = butler.index.missing("calexp", given)
    assert list(rows.tuples()) == [(3, 1), (4, 1)]
    assert [dict(ref.dataId) for ref in rows.refs()] == list(rows)
    assert list(butler.index.missing("calexp", given, "visit < 4").tuples()) == [(3, 1)]
    assert not butler.index.missing("calexp", [])
    with pytest.raises(UnknownKey, match="calexp has no key 'vist'; did you mean 'visit'"):
        butler.index.missing("calexp", [{"vist": 3}])
    with pytest.raises(DataIdError, match="visit takes a value of type int"):
        butler.index.missing("calexp", [{"visit": "x"}])


def test_patches_without_a_file_come_from_the_sky_map(butler: Butler, survey: Path) -> None:
    config = DiscreteConfig(
        raList=(150.0, 151.0), decList=(2.0, 2.0), radiusList=(0.1, 0.05),
        patchInnerDimensions=(1000, 1000), pixelScale=0.263,
    )  # fmt: skip
    made = DiscreteSkyMap(config)
    butler = Butler(inputs=str(survey), outputs={"root": str(survey / "coadds"), "mode": "rw"})
    butler.put(made, "deepCoadd_skyMap")
    patches = list(butler.sky.map().patches(tract=0))
    columns, rows_ = made[0].num_patches
    assert patches == [
        {"tract": 0, "patch": f"{x},{y}"} for y in range(rows_) for x in range(columns)
    ]
    assert len(list(butler.sky.map("deep").patches())) == len(made[0]) + len(made[1])
    assert list(butler.sky.map().patches([1])) == list(butler.sky.map().patches(1))
    with pytest.raises(NotInSkyMap, match="there is no tract 2"):
        butler.sky.map().patches(tract=2)
    touch(survey / "coadds", "deepCoadd-results/r/0/1,1/calexp-r-0-1,1.fits")
    rows = butler.index.missing("deepCoadd_calexp", patches, filter="r")
    assert len(rows) == len(patches) - 1
    assert {"filter": "r", "tract": 0, "patch": "1,1"} not in list(rows)
    assert len(butler.index.missing("deepCoadd_calexp", patches, filter="g")) == len(patches)


def test_the_sky_map_has_to_be_told_if_there_are_several(survey: Path) -> None:
    config = DiscreteConfig(raList=(150.0,), decList=(2.0,), radiusList=(0.1,))
    butler = Butler(inputs=str(survey), outputs={"root": str(survey / "coadds"), "mode": "rw"})
    with pytest.raises(NoResults, match="deepCoadd_skyMap"):
        butler.sky.map()
    with pytest.raises(DataIdError, match="expected the name of a coadd, not 5"):
        butler.sky.map(5)
    butler.put(DiscreteSkyMap(config), "dcrCoadd_skyMap")
    assert len(butler.sky.map()) == 1
    assert butler.sky.map("dcrCoadd") == butler.sky.map("dcr") == DiscreteSkyMap(config)


def test_places_are_all_copies_the_newest_first(butler: Butler, survey: Path) -> None:
    rows = butler.index.places("calexp", visit=1, ccdnum=2)
    old, new = str(survey / "rerun" / "old"), str(survey / "rerun" / "new")
    assert [row["repository"] for row in rows] == [old, new]
    assert [row["written"].timestamp() for row in rows] == [START + 102, START + 50]
    assert [row["size"] for row in rows] == [5, 7]
    assert {row["path"] for row in rows} == {CALEXP % {"visit": 1, "ccdnum": 2}}
    some = butler.index.places("calexp", visit=1)
    assert [(row["ccdnum"], row["repository"]) for row in some] == [(1, old), (2, old), (2, new)]
    assert len(butler.index.places("calexp", filter="r", where="expTime > 25")) == 1
    assert not butler.index.places("calexp", visit=77)
    (raw,) = butler.index.places("raw", visit=1, ccdnum=1)
    assert raw["repository"] == str(survey)


def test_duplicates_are_what_several_repositories_have(butler: Butler, survey: Path) -> None:
    found = butler.index.duplicates()
    assert list(found) == ["calexp"]
    old, new = str(survey / "rerun" / "old"), str(survey / "rerun" / "new")
    assert [(row["visit"], row["ccdnum"], row["repository"]) for row in found["calexp"]] == [
        (1, 2, new),  # the one that get reads
        (1, 2, old),
    ]
    assert found["calexp"][0]["size"] == 7
    touch(survey / "rerun" / "old", SRC % {"visit": 3, "ccdnum": 2})
    assert set(butler.index.duplicates()) == {"calexp", "src"}
    assert set(butler.index.duplicates("src", "raw")) == {"src"}


def test_refresh_looks_at_everything(butler: Butler, survey: Path) -> None:
    told: list[tuple[int, ...]] = []
    butler.index.refresh(progress=lambda *numbers: told.append(numbers))
    assert told
    touch(survey / "rerun" / "new", SRC % {"visit": 1, "ccdnum": 1})
    butler.index.refresh()
    assert len(butler.query("src", fresh=False)) == 2


@pytest.mark.parametrize(
    ("verb", "arguments", "error"),
    [
        ("missing", ["calxep"], UnknownDatasetType),
        ("missing", ["calexp", "rwa"], UnknownDatasetType),
        ("missing", ["calexp", "raw", "vist > 3"], UnknownKey),
        ("missing", ["calexp", "raw", "visit >"], ExpressionError),
        ("missing", ["deepCoadd_calexp", "ref_cat"], DataIdError),
        ("missing", ["calexp", 5], DataIdError),
        ("missing", ["calexp", "raw", 5], ExpressionError),
        ("places", ["calxep"], UnknownDatasetType),
        ("duplicates", ["calxep"], UnknownDatasetType),
    ],
)
def test_what_cannot_be_meant_is_refused(
    butler: Butler, verb: str, arguments: list[Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        getattr(butler.index, verb)(*arguments)


def test_the_objects_show_what_they_are_about(butler: Butler, survey: Path) -> None:
    assert repr(butler.index).startswith(f"<index of '{survey}/rerun/new', ")
    assert repr(butler.sky).startswith("<sky of Butler(")
