"""Queries: what they find, by the files that are there and by the registry, and what is refused."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obs_decam.mapper import DecamMapper
from persistence import Butler, Location, PathTemplate
from persistence.butler.index import listing
from persistence.cli import ingest_images
from persistence.dataids.dataid import DataId
from persistence.errors import (
    DataIdError,
    ExpressionError,
    TemplateUndefined,
    UnknownDatasetType,
    UnknownKey,
)

MAPPER = "lsst.obs.decam.DecamMapper"
RAW = "%(date)s/%(filter)s/decam%(visit)07d.fits.fz"
CALEXP = "%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits"
SRC = "%(visit)07d/src/src-%(visit)07d_%(ccdnum)02d.fits"
COADD = (
    "deepCoadd-results/%(filter)s/%(tract)d/%(patch)s/calexp-%(filter)s-%(tract)d-%(patch)s.fits"
)
# As the original DECam ingest makes it.
COLUMNS = (
    "visit int, filter text, date text, taiObs text, expTime double, ccdnum int, ccd int, hdu int, "
    "instcal text, dqmask text, wtmap text, proposal text, object text"
)
VISITS = [
    (410877, "g", "2014-02-20", "2014-02-20T23:58:00.5", 90.0, "COSMOS"),
    (410878, "r", "2014-02-21", "2014-02-21T00:01:00.5", 90.0, "COSMOS"),
    (410915, "g", "2014-02-22", "2014-02-22T05:00:00.0", 30.0, "Blind15A_26"),
    (410916, "r", "2014-02-22", "2014-02-22T05:01:00.0", 30.0, None),
]
CCDS = (1, 2, 28)
START = 1_793_500_000  # date -u -d @1793500000: 2026-11-01T02:26:40


def touch(root: Path, path: str, seconds: int = 0, size: int = 10) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    os.utime(file, (START + seconds, START + seconds))


def make_repository(root: Path) -> None:
    root.mkdir()
    (root / "_mapper").write_text(f"{MAPPER}\n")


def make_registry(root: Path, visits: list[Any] = VISITS) -> None:
    connection = sqlite3.connect(root / "registry.sqlite3")
    connection.execute(
        f"CREATE TABLE raw (id integer primary key, {COLUMNS}, unique(visit,ccdnum))"
    )
    connection.execute(
        "CREATE TABLE raw_visit (visit int, date text, filter text, proposal text, object text, "
        "unique(visit))"
    )
    for visit, band, date, tai, exposure, target in visits:
        connection.execute(
            "INSERT INTO raw_visit VALUES (?, ?, ?, '', ?)", (visit, date, band, target)
        )
        connection.executemany(
            "INSERT INTO raw VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '', ?)",
            [(visit, band, date, tai, exposure, ccd, ccd, ccd + 1, target) for ccd in CCDS],
        )
    connection.commit()
    connection.close()


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return, without our own code, a repository with two reruns: ``new`` on top of ``old``."""
    root = tmp_path_factory.mktemp("survey") / "repo"
    make_repository(root)
    make_registry(root)
    for visit, band, date, *_ in VISITS[:3]:  # the raw of the last is registered, and gone
        touch(root, RAW % {"date": date, "filter": band, "visit": visit})
    old, new = root / "rerun" / "old", root / "rerun" / "new"
    for rerun, parent in ((old, root), (new, old)):
        rerun.mkdir(parents=True)
        (rerun / "_parent").symlink_to(parent)
    for number, (visit, *_) in enumerate(VISITS):
        for ccd in CCDS:
            names = {"visit": visit, "ccdnum": ccd}
            touch(old, CALEXP % names, 100 * number + ccd, size=100 * number + ccd)
            if ccd != 2:
                touch(old, SRC % names + (".gz" if ccd == 28 else ""))
    touch(new, CALEXP % {"visit": 410877, "ccdnum": 1}, 5000, size=7)
    touch(new, CALEXP % {"visit": 410877, "ccdnum": 3}, 5000, size=8)  # in no registry
    for patch in ("0,0", "0,1", "10,2"):
        touch(new, COADD % {"filter": "r", "tract": 0, "patch": patch})
    touch(new, "foreign.txt")
    return root


@pytest.fixture
def butler(survey: Path) -> Butler:
    return Butler(str(survey / "rerun" / "new"))


def on_disk(root: Path, template: str) -> Iterator[dict[str, Any]]:
    """Walk a tree, as ``find`` does, without the reruns in it, and read data IDs off the names."""
    parsed = PathTemplate(template)
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != "rerun"]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            found = parsed.parse(path) or parsed.parse(path.removesuffix(".gz"))
            if found is not None:
                status = os.stat(os.path.join(folder, name))
                when = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
                about = {"size": status.st_size, "written": when, "repository": str(root)}
                yield {**found, **about, "path": path}


def oracle(survey: Path, template: str) -> list[dict[str, Any]]:
    """Return a row for each file, of the first tree that has it, with what the registry says."""
    registry = sqlite3.connect(survey / "registry.sqlite3")
    registry.row_factory = sqlite3.Row
    winners: dict[Any, dict[str, Any]] = {}
    for root in (survey / "rerun" / "new", survey / "rerun" / "old", survey):
        for row in on_disk(root, template):
            winners.setdefault(tuple(row[key] for key in PathTemplate(template).keys), row)
    found = []
    for row in winners.values():
        keys = [key for key in ("visit", "ccdnum") if key in row]
        where = " AND ".join(f"{key} = ?" for key in keys)
        query = f"SELECT * FROM raw WHERE {where}"
        known = registry.execute(query, [row[key] for key in keys]).fetchall() if keys else []
        empty = {name.split()[0]: None for name in COLUMNS.split(", ")}
        found += [{**dict(one), **row} for one in known] or [{**empty, **row}]
    registry.close()
    return found


def pairs(rows: Any, *names: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[name] for name in names) for row in rows), key=repr)


def test_a_row_is_a_dataset_whose_file_is_there(butler: Butler, survey: Path) -> None:
    rows = butler.query("calexp")
    assert rows.columns == ("visit", "ccdnum")
    assert pairs(rows, "visit", "ccdnum") == pairs(oracle(survey, CALEXP), "visit", "ccdnum")
    assert len(rows) == 13
    assert all(butler.datasetExists("calexp", row) for row in rows)


def test_rows_are_in_the_order_of_the_keys_in_the_path(butler: Butler) -> None:
    rows = list(butler.query("calexp").tuples())
    assert rows == sorted(rows)
    assert rows[:4] == [(410877, 1), (410877, 2), (410877, 3), (410877, 28)]


ABOUT = ["visit", "ccdnum", "filter", "expTime", "taiObs", "object", "size", "written", "path"]


def test_columns_come_from_names_from_files_and_from_the_registry(
    butler: Butler, survey: Path
) -> None:
    rows = butler.query("calexp", columns=[*ABOUT, "repository"])
    assert rows.columns == (*ABOUT, "repository")
    expected = pairs(oracle(survey, CALEXP), *ABOUT, "repository")
    assert pairs(rows, *ABOUT, "repository") == expected
    (first,) = [row for row in expected if row[:2] == (410877, 1)]
    assert first[-1] == str(survey / "rerun" / "new")  # which has it first
    assert first[6] == 7


def test_a_raw_has_a_row_for_each_chip_that_is_registered(butler: Butler, survey: Path) -> None:
    rows = butler.query("raw", columns=["visit", "ccdnum", "hdu", "size"])
    expected = pairs(oracle(survey, RAW), "visit", "ccdnum", "hdu", "size")
    assert len(expected) == 9
    assert pairs(rows, "visit", "ccdnum", "hdu", "size") == expected
    assert butler.query("raw").columns == tuple(butler.getKeys("raw"))


def test_compressed_files_count(butler: Butler, survey: Path) -> None:
    assert pairs(butler.query("src"), "visit", "ccdnum") == pairs(
        oracle(survey, SRC), "visit", "ccdnum"
    )
    paths = butler.query("src", columns="path", ccdnum=28)["path"]
    assert paths
    assert all(path.endswith(".fits.gz") for path in paths)


CONDITIONS: list[tuple[str, Callable[[Mapping[str, Any]], bool]]] = [
    ("visit in (410870..410900)", lambda row: 410870 <= row["visit"] <= 410900),
    ("visit in (410877, 410916)", lambda row: row["visit"] in (410877, 410916)),
    ("filter == 'g'", lambda row: row["filter"] == "g"),
    ("filter != 'g'", lambda row: row["filter"] not in ("g", None)),
    ("filter is null", lambda row: row["filter"] is None),
    ("object like 'COS%'", lambda row: (row["object"] or "").startswith("COS")),
    ("object is null", lambda row: row["object"] is None),
    ("expTime > 50", lambda row: (row["expTime"] or 0) > 50),
    ("taiObs <= 2014-02-20", lambda row: (row["taiObs"] or "9")[:10] <= "2014-02-20"),
    ("date == 2014-02-22", lambda row: row["date"] == "2014-02-22"),
    ("size < 100", lambda row: row["size"] < 100),
    ("written > 2026-11-01T02:30", lambda row: row["written"].timestamp() >= START + 260),
    ("path like '%/calexp-0410877%'", lambda row: "calexp-0410877" in row["path"]),
    ("repository like '%/new'", lambda row: row["repository"].endswith("/new")),
    ("ccdnum == hdu", lambda row: row["ccdnum"] == row["hdu"]),
    ("ccd > 20", lambda row: row["ccdnum"] > 20),  # the camera's other name of ccdnum
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.sampled_from(CONDITIONS), st.booleans()), min_size=1, max_size=3),
    st.sampled_from(["and", "or"]),
    st.lists(st.sampled_from([*ABOUT, "repository"]), min_size=1, unique=True),
)
def test_random_conditions_choose_what_the_oracle_chooses(
    butler: Butler,
    survey: Path,
    chosen: list[tuple[Any, bool]],
    word: str,
    columns: list[str],
) -> None:
    # The contrary of what is NULL is not true, and the naive tests have no NULL: so no `not` there.
    texts = [text for (text, _), _ in chosen]
    tests = [test for (_, test), _ in chosen]
    join = all if word == "and" else any
    expected = [row for row in oracle(survey, CALEXP) if join(test(row) for test in tests)]
    rows = butler.query("calexp", where=f" {word} ".join(texts), columns=columns)
    assert pairs(rows, *columns) == pairs(expected, *columns)


def test_a_shadowed_dataset_does_not_come_back_by_a_condition(butler: Butler) -> None:
    """The old calexp is smaller than 7 bytes; but it is not the one that get reads."""
    assert not butler.query("calexp", "visit == 410877 and ccdnum == 1 and size < 7")
    assert not butler.query("calexp", "size < 7 and expTime > 0 and visit == 410877", ccdnum=1)
    old = Butler(butler.chain.inputs[1].root)
    assert len(old.query("calexp", "visit == 410877 and ccdnum == 1 and size < 7")) == 1


@pytest.mark.parametrize(
    ("given_", "count"),
    [
        ({"visit": 410877}, 4),
        ({"visit": "410877"}, 4),
        ({"visit": np.int64(410877)}, 4),
        ({"visit": [410877, 410878]}, 7),
        ({"visit": np.array([410877, 410878])}, 7),
        ({"visit": range(410870, 410900)}, 7),
        ({"visit": ["410877"], "filter": ("g", "r")}, 3),
        ({"dataId": {"visit": 410877}, "ccdnum": 1}, 1),
        ({"filter": "g"}, 6),
        ({"visit": 1}, 0),
        ({"visit": []}, 0),
        ({"object": None, "visit": [410915, 410916]}, 3),
        ({"where": "visit == 410877", "ccdnum": 3}, 1),
    ],
    ids=str,
)
def test_keywords_are_values_or_lists_of_them(
    butler: Butler, given_: dict[str, Any], count: int
) -> None:
    assert len(butler.query("calexp", **given_)) == count


def test_other_dataset_types_are_columns_that_are_true_or_false(
    butler: Butler, survey: Path
) -> None:
    rows = butler.query(["raw", "calexp", "src"])
    assert rows.columns == (*butler.getKeys("raw"), "calexp", "src")
    calexps = set(pairs(oracle(survey, CALEXP), "visit", "ccdnum"))
    srcs = set(pairs(oracle(survey, SRC), "visit", "ccdnum"))
    for row in rows:
        key = row["visit"], row["ccdnum"]
        assert row["calexp"] is (key in calexps)
        assert row["src"] is (key in srcs)
    lacking = butler.query(["raw", "src"], "not src", columns=["visit", "ccdnum"])
    assert list(lacking.tuples()) == [(visit, 2) for visit in (410877, 410878, 410915)]
    assert not butler.query(["raw", "calexp"], "not calexp")
    with_raw = butler.query(["calexp", "raw"], columns=["visit", "ccdnum"], where="not raw")
    assert {row["visit"] for row in with_raw} == {410877, 410916}
    assert [row["ccdnum"] for row in with_raw if row["visit"] == 410877] == [3]


def test_rows_are_ordered_limited_and_made_distinct(butler: Butler) -> None:
    rows = butler.query("calexp", columns=["size", "visit"], order="-size", limit=3)
    assert rows["size"] == [328, 302, 301]
    assert butler.query("calexp", columns="visit", order=["filter", "-visit"])["visit"][:2] == [
        410877,  # the one in no registry: NULL comes first
        410915,
    ]
    assert butler.query("calexp", limit=2)["ccdnum"] == [1, 2]
    assert butler.query("calexp", "size > 5", columns="ccdnum", limit=2)["ccdnum"] == [1, 3]
    assert butler.query("calexp", columns="visit", distinct=True)["visit"] == [
        row[0] for row in VISITS
    ]
    filters = butler.query("calexp", columns="filter", distinct=True, order="-filter")
    assert filters["filter"] == ["r", "g", None]
    assert len(butler.query("calexp", limit=0)) == 0


def test_coadds_are_asked_by_tract_patch_and_filter(butler: Butler) -> None:
    rows = butler.query("deepCoadd_calexp", "tract == 0 and patch like '0,%'", filter="r")
    assert sorted(rows["patch"]) == ["0,0", "0,1"]
    assert "expTime" not in butler.query("deepCoadd_calexp").columns


def test_references_have_complete_data_ids(butler: Butler) -> None:
    refs = butler.query("calexp", "filter == 'g'", columns="size", ccdnum=1).refs()
    assert [dict(ref.dataId) for ref in refs] == [
        {"visit": 410877, "ccdnum": 1},
        {"visit": 410915, "ccdnum": 1},
    ]
    assert refs[0].datasetExists("calexp")
    assert refs[0].getUri().endswith("new/0410877/calexp/calexp-0410877_01.fits")
    (raw,) = butler.query("raw", visit=410877, ccdnum=28).refs()
    assert raw.getUri("raw").endswith("decam0410877.fits.fz[29]")


def test_only_directories_that_the_keys_allow_are_listed(
    survey: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    copy = tmp_path / "copy"
    make_repository(copy)
    make_registry(copy)
    for visit, *_ in VISITS:
        touch(copy, CALEXP % {"visit": visit, "ccdnum": 1})
        touch(copy, SRC % {"visit": visit, "ccdnum": 1})
    touch(copy, "much/else.txt")
    listed: list[str] = []
    original = listing.parts

    def parts(path: str, sizes: bool) -> Any:
        listed.append(os.path.relpath(path, copy))
        return original(path, sizes)

    monkeypatch.setattr(listing, "parts", parts)
    butler = Butler(str(copy))
    assert len(butler.query("calexp", visit=410877)) == 1
    assert set(listed) == {"0410877/calexp"}
    listed.clear()
    assert len(butler.query("calexp", "expTime < 50")) == 2
    assert not any("src" in path or "much" in path or "0410878" in path for path in listed)
    listed.clear()
    assert len(butler.query("calexp", fresh=False)) == 3
    assert not listed


def test_a_query_writes_nothing_into_the_repository(butler: Butler, survey: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {
            os.path.join(folder, name): (os.lstat(os.path.join(folder, name))[stat.ST_SIZE],
                                         os.lstat(os.path.join(folder, name)).st_mtime_ns)
            for folder, folders, names in os.walk(survey)
            for name in (*folders, *names)
        }  # fmt: skip

    before = state()
    list(butler.query("calexp", columns=ABOUT))
    list(butler.query(["raw", "src"], order="size"))
    assert state() == before


def test_what_is_new_or_gone_is_seen_by_the_next_query(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    make_repository(root)
    butler = Butler(str(root))
    rows = butler.query("calexp", visit=1)
    assert not list(rows)
    touch(root, CALEXP % {"visit": 1, "ccdnum": 5})
    assert not rows[:]  # what was kept stays as it is
    assert list(butler.query("calexp", visit=1)) == [{"visit": 1, "ccdnum": 5}]
    (root / (CALEXP % {"visit": 1, "ccdnum": 5})).unlink()
    assert not butler.query("calexp", visit=1)
    assert butler.query("raw").columns  # without a registry, names of files are all there is


def test_a_camera_s_own_hook_calls_files_as_it_likes(survey: Path, tmp_path: Path) -> None:
    class Odd(DecamMapper):
        def map_calexp(self, dataId: Any, write: bool = False) -> Location:
            path = f"odd/{dataId['visit']}-{dataId['ccdnum']}.fits"
            return Location(self.root, path, None, "FitsStorage", None, "calexp", dict(dataId))

    root = tmp_path / "odd"
    root.mkdir()
    make_registry(root)
    touch(root, "odd/410877-1.fits", 5, size=3)
    touch(root, "odd/410915-28.fits", 6, size=4)
    touch(root, "odd/999-28.fits", 6, size=4)  # in no registry
    butler = Butler(str(root), mapper=Odd)
    rows = butler.query("calexp", columns=["visit", "ccdnum", "size", "filter", "path"])
    assert list(rows.tuples()) == [
        (410877, 1, 3, "g", "odd/410877-1.fits"),
        (410915, 28, 4, "g", "odd/410915-28.fits"),
    ]
    assert [row["visit"] for row in butler.query("calexp", "expTime < 50 and size > 1")] == [410915]


def test_a_composite_is_there_if_its_components_are(survey: Path) -> None:
    butler = Butler(str(survey / "rerun" / "new"))
    butler.defineDataset(
        "pair",
        composite={
            "image": "calexp",
            "catalog": "src",
            "mask": {"datasetType": "icExp", "optional": True},
        },
    )
    rows = butler.query("pair", "filter == 'g'", columns=["visit", "ccdnum"])
    assert list(rows.tuples()) == [(410877, 1), (410877, 28), (410915, 1), (410915, 28)]
    assert all(butler.datasetExists("pair", row) for row in rows)
    assert not butler.datasetExists("pair", visit=410877, ccdnum=2)
    assert len(rows.refs()) == 4
    flagged = butler.query(["calexp", "pair"], "pair", visit=410877, columns="ccdnum")
    assert flagged["ccdnum"] == [1, 28]


def test_calibrations_have_the_columns_of_their_registry(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    make_repository(root)
    calibs = root / "CALIB"
    calibs.mkdir()
    connection = sqlite3.connect(calibs / "calibRegistry.sqlite3")
    connection.execute(
        "CREATE TABLE bias (id integer primary key, filter text, ccdnum int, calibDate text, "
        "validStart text, validEnd text)"
    )
    for date, end in (("2014-02-01", "2014-02-14"), ("2014-02-15", "2014-03-01")):
        connection.execute("INSERT INTO bias VALUES (NULL, 'NONE', 1, ?, ?, ?)", (date, date, end))
        touch(calibs, f"BIAS/{date}/BIAS-{date}-01.fits")
    connection.commit()
    connection.close()
    butler = Butler(str(root), calibRoot=str(calibs))
    rows = butler.query(
        "bias", "validStart <= 2014-02-20 and validEnd >= 2014-02-20", columns=["calibDate", "path"]
    )
    assert list(rows.tuples()) == [("2014-02-15", "BIAS/2014-02-15/BIAS-2014-02-15-01.fits")]
    assert len(butler.query("bias")) == 2
    assert butler.query("bias", columns="repository", limit=1)["repository"] == [str(calibs)]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "count", "columns"),
    [
        ("latiss", 1, {"visit": 3018092000065, "dayObs": "2018-09-20", "expTime": 27.0}),
        ("imsim", 1, {"visit": 204595, "run": "204595", "raftName": "R11"}),
        ("obs_test/input", 3, {"visit": 1, "filter": "g", "expTime": 0.0}),
    ],
)
def test_real_repositories_of_gen2_are_asked(
    real: Path, name: str, count: int, columns: dict[str, Any]
) -> None:
    root = real / "gen2_repos" / name
    files = [path for path in (root / "raw").rglob("*") if path.is_file()]
    butler = Butler(str(root))
    rows = butler.query("raw", columns=[*columns, "path", "size"])
    assert len(rows) == count
    assert {key: rows[0][key] for key in columns} == columns
    there = {(os.path.relpath(path, root), path.stat().st_size) for path in files}
    assert {(row["path"], row["size"]) for row in rows} <= there


@pytest.mark.real
def test_real_calibrations_of_gen2_are_asked(real: Path) -> None:
    root = real / "gen2_repos" / "imsim"
    butler = Butler(str(root), calibRoot=str(root / "CALIB"))
    (flat,) = butler.query("flat", columns=["calibDate", "validStart", "path", "filter"])
    assert (flat["calibDate"], flat["validStart"]) == ("2022-08-06", "1748-10-22")
    assert (root / "CALIB" / flat["path"]).is_file()
    assert not butler.query("flat", "validEnd < 2290-01-01")
    assert len(butler.query("bias", calibDate="2022-01-01", detector=42)) == 1


def test_reference_catalogs_are_asked_by_shard(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    make_repository(root)
    for shard in (141440, 141443):
        touch(root, f"ref_cats/gaia/{shard}.fits")
    touch(root, "ref_cats/gaia/config.py")
    butler = Butler(str(root))
    rows = butler.query("ref_cat", "pixel_id > '141440'", name="gaia")
    assert list(rows) == [{"name": "gaia", "pixel_id": "141443"}]


def test_files_that_are_registered_where_they_lie_count(
    root: Path, raws: list[str], tmp_path: Path
) -> None:
    copies = [shutil.copy(path, tmp_path) for path in raws]
    assert ingest_images.main([str(root), *copies, "--mode", "direct"]) == 0
    butler = Butler(str(root))
    rows = butler.query("raw", columns=["visit", "path", "size"], ccdnum=28)
    assert [row["visit"] for row in rows] == [410877, 410878]
    assert [row["size"] for row in rows] == [os.path.getsize(path) for path in copies]
    os.unlink(copies[0])
    assert butler.query("raw", ccdnum=28, columns="visit")["visit"] == [410878]


VALUES = r"""
datasets:
  amp: {template: 'amp/v%(visit)03d.txt[%(channel)d]', storage: TextStorage}
  note: {template: 'R%(raft)s/%(visit)03d.txt', storage: TextStorage, tables: raw}
values: {channel: [1, 2, 3]}
"""


def test_keys_whose_values_the_policy_lists_have_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(VALUES)
    touch(tmp_path, "amp/v007.txt")
    touch(tmp_path, "amp/v008.txt")
    butler = Butler(tmp_path, mapper=str(tmp_path / "camera.yaml"))
    assert len(butler.query("amp")) == 6
    assert list(butler.query("amp", "channel > 1", visit=7).tuples()) == [(7, 2), (7, 3)]
    assert butler.query("amp", columns="visit")["visit"] == [7, 8]


def test_a_key_hides_what_is_known_of_every_file(tmp_path: Path) -> None:
    plot = "  plot: {template: 'p/%(size)s-%(path)d.txt', storage: TextStorage, tables: raw}"
    policy = VALUES.replace("  note:", f"{plot}\n  note:")
    (tmp_path / "camera.yaml").write_text(policy)
    connection = sqlite3.connect(tmp_path / "registry.sqlite3")
    connection.execute("CREATE TABLE raw (path int, written text, repository text, expTime double)")
    connection.execute("INSERT INTO raw VALUES (7, 'never', 'nowhere', 30.0)")
    connection.commit()
    connection.close()
    touch(tmp_path, "p/big-7.txt", size=5)
    butler = Butler(tmp_path, mapper=str(tmp_path / "camera.yaml"))
    rows = butler.query("plot", "size == 'big' and expTime > 1 and repository != 'nowhere'")
    assert list(rows.tuples()) == [("big", 7)]
    (row,) = butler.query("plot", columns=["path", "written", "repository", "expTime"])
    assert (row["path"], row["repository"], row["expTime"]) == (7, str(tmp_path), 30.0)
    assert row["written"].timestamp() == START


def test_values_that_paths_show_otherwise_come_from_the_registry(tmp_path: Path) -> None:
    shown = "shown: {raft: {pattern: '(\\d),(\\d)', becomes: '\\1\\2'}}\n"
    (tmp_path / "camera.yaml").write_text(VALUES + shown)
    connection = sqlite3.connect(tmp_path / "registry.sqlite3")
    connection.execute("CREATE TABLE raw (visit int, raft text, expTime double)")
    rows = [(7, "2,2", 30.0), (8, "2,2", 60.0), (9, "1,2", 90.0)]
    connection.executemany("INSERT INTO raw VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    touch(tmp_path, "R22/007.txt", size=5)
    touch(tmp_path, "R12/009.txt", size=6)
    butler = Butler(tmp_path, mapper=str(tmp_path / "camera.yaml"))
    found = butler.query("note", columns=["raft", "visit", "expTime", "size"])
    assert list(found.tuples()) == [("1,2", 9, 90.0, 6), ("2,2", 7, 30.0, 5)]
    assert butler.query("note", "expTime > 50")["visit"] == [9]


def test_paths_that_the_registry_has_are_looked_for(tmp_path: Path) -> None:
    calibs = tmp_path / "CALIB"
    touch(calibs, "11/x/b.fits", size=3)
    connection = sqlite3.connect(calibs / "calibRegistry.sqlite3")
    connection.execute("CREATE TABLE bias (path text, extension int, validStart text)")
    rows = [("11/x/b.fits", 3, "2000-01-01"), ("11/x/gone.fits", 4, "2000-01-01")]
    connection.executemany("INSERT INTO bias VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    butler = Butler(tmp_path, mapper="megacam", calibRoot=str(calibs))
    found = butler.query("bias", columns=["path", "extension", "validStart", "size"])
    assert list(found.tuples()) == [("11/x/b.fits", 3, "2000-01-01", 3)]


@pytest.mark.real
def test_real_files_without_a_registry_tell_their_data_ids(real: Path, tmp_path: Path) -> None:
    policy = "datasets: {foo: {template: 'foo-%(ccd)02d-%(filter)s.fits', storage: FitsStorage}}"
    (tmp_path / "camera.yaml").write_text(policy)
    root = real / "gen2_repos" / "no_registry"
    butler = Butler(root, mapper=str(tmp_path / "camera.yaml"))
    names = {path.name for path in root.iterdir() if path.name.startswith("foo")}
    rows = butler.query("foo", columns=["ccd", "filter", "path"])
    assert {f"foo-{row['ccd']:02d}-{row['filter']}.fits" for row in rows} == names
    assert set(rows["path"]) == names
    assert butler.query("foo", "ccd > 1 and filter like '%g'", columns="ccd")["ccd"] == [2]


def test_tags_choose_repositories(survey: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_repository(other)
    touch(other, CALEXP % {"visit": 410877, "ccdnum": 2}, size=6)
    new = {"root": str(survey / "rerun" / "new"), "tags": "new"}
    butler = Butler(inputs=[new, {"root": str(other), "tags": "other"}])
    assert len(butler.query("calexp")) == 13
    (row,) = butler.query("calexp", dataId=DataId(tag="other"), columns="size")
    assert row == {"size": 6}
    assert not butler.query("calexp", "size == 6", dataId=DataId(visit=410877, tag="new"))


def test_two_registries_of_a_chain_each_know_their_own(survey: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_repository(other)
    make_registry(other, [(410877, "z", "2015-01-01", "2015-01-01T00:00:00", 5.0, "else")])
    touch(other, CALEXP % {"visit": 410877, "ccdnum": 2})
    touch(other, CALEXP % {"visit": 410877, "ccdnum": 1})
    butler = Butler(inputs=[str(other), str(survey / "rerun" / "old")])
    rows = butler.query("calexp", visit=410877, columns=["ccdnum", "filter"])
    assert list(rows.tuples()) == [(1, "z"), (2, "z"), (28, "g")]
    assert butler.query("calexp", "filter == 'z'", columns="ccdnum")["ccdnum"] == [1, 2]
    connection = sqlite3.connect(other / "registry.sqlite3")
    connection.execute("ALTER TABLE raw DROP COLUMN expTime")
    connection.commit()
    connection.close()
    butler = Butler(inputs=[str(other), str(survey / "rerun" / "old")])
    rows = butler.query("calexp", visit=410877, columns=["ccdnum", "expTime", "object"])
    assert list(rows.tuples()) == [(1, None, "else"), (2, None, "else"), (28, 90.0, "COSMOS")]


def test_the_same_is_asked_by_a_butler_of_gen2(survey: Path) -> None:
    from lsst.daf.persistence import Butler as Gen2

    rows = Gen2(str(survey / "rerun" / "new")).query("calexp_md", "filter == 'g'", ccdnum=1)
    assert list(rows.tuples()) == [(410877, 1), (410915, 1)]


def test_threads_ask_at_once(butler: Butler) -> None:
    def ask(number: int) -> int:
        return len(butler.query("calexp", "expTime > 0", columns="size", ccdnum=CCDS[number % 3]))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(24))) == {4}


def test_several_rows_of_a_registry_are_one_row_of_a_dataset(survey: Path) -> None:
    camera = "%(visit)07d/corr/calexp-camera-%(visit)07d.fits"
    rerun = survey / "rerun" / "old"
    touch(rerun, camera % {"visit": 410877})
    try:
        butler = Butler(str(rerun))
        assert butler.query("calexp_camera", "ccdnum in (1, 2)")["visit"] == [410877]
        assert len(butler.query("calexp_camera", "ccdnum in (1, 2)", order="-size").refs()) == 1
        assert butler.query("calexp_camera", columns="ccdnum", order="ccdnum")["ccdnum"] == [*CCDS]
        assert butler.query("calexp_camera", "ccdnum > 1", columns="filter", limit=5)["filter"] == [
            "g"
        ]
    finally:
        (rerun / (camera % {"visit": 410877})).unlink()


# -- what is refused
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"datasetType": "calxep"}, UnknownDatasetType, "no dataset type 'calxep'; did you mean"),
        ({"datasetType": ["raw", "calxep"]}, UnknownDatasetType, "did you mean 'calexp'"),
        ({"datasetType": []}, DataIdError, "expected the name of a dataset type"),
        ({"where": "vist == 3"}, UnknownKey, "column 1: unknown key 'vist'; did you mean 'visit'"),
        ({"where": "visit == 'a'"}, ExpressionError, "visit is a whole number, but 'a' is a text"),
        ({"where": "visit =="}, ExpressionError, "column 9: expected"),
        ({"where": "exptime > 3"}, UnknownKey, "did you mean 'expTime'"),
        ({"where": "calexp"}, UnknownKey, "unknown key 'calexp'"),
        ({"columns": ["vist"]}, UnknownKey, "calexp has no column 'vist'; did you mean 'visit'"),
        ({"columns": []}, DataIdError, "no column is requested"),
        ({"order": "-vist"}, UnknownKey, "calexp has no column 'vist'"),
        ({"vist": 3}, UnknownKey, "unknown key 'vist'; did you mean 'visit'"),
        ({"visit": "x"}, DataIdError, "visit='x': visit takes a value of type int"),
        ({"visit": [1, "x"]}, DataIdError, "visit='x': visit takes a value of type int"),
        ({"visit": {"a": 1}}, DataIdError, "visit"),
        ({"datasetType": 5}, DataIdError, "datasetType: expected names, not 5"),
        ({"columns": 5}, DataIdError, "columns: expected names, not 5"),
        ({"columns": ["visit", 5]}, DataIdError, "columns: expected names, not 5"),
        ({"order": 5}, DataIdError, "order: expected names, not 5"),
        ({"where": 5}, ExpressionError, "where: expected the text of a condition, not 5"),
        ({"where": ["visit == 3"]}, ExpressionError, "expected the text of a condition"),
        ({"written": "yesterday"}, ExpressionError, "written is a time, but 'yesterday' is a text"),
        ({"limit": -1}, DataIdError, "limit=-1: expected a number of rows"),
        ({"limit": "3"}, DataIdError, "limit='3': expected a number of rows"),
        ({"datasetType": ["ref_cat", "calexp"]}, DataIdError, "have no key in common"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(
    butler: Butler, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        butler.query(**{"datasetType": "calexp", **arguments})


def test_a_type_without_template_has_no_files(butler: Butler) -> None:
    with pytest.raises(TemplateUndefined, match="quickLookExp"):
        butler.query("quickLookExp")


def test_a_type_without_keys_has_one_row(butler: Butler, survey: Path, tmp_path: Path) -> None:
    assert not butler.query("deepCoadd_skyMap")
    assert butler.query("deepCoadd_skyMap").refs() == []
    root = tmp_path / "repo"
    make_repository(root)
    touch(root, "deepCoadd/skyMap.pickle")
    rows = Butler(str(root)).query("deepCoadd_skyMap")
    assert list(rows) == [{"repository": str(root), "path": "deepCoadd/skyMap.pickle"}]
    assert [dict(ref.dataId) for ref in rows.refs()] == [{}]


def test_a_time_may_be_a_keyword(butler: Butler) -> None:
    assert len(butler.query("calexp", written="2026-11-01")) == 13
    assert len(butler.query("calexp", written=["2026-10-31", "2026-11-02"])) == 0


def test_a_value_cannot_climb_out_of_the_repository(butler: Butler, survey: Path) -> None:
    assert not butler.query("raw", date="..", filter="..")
    assert not butler.query("raw", "date like '..' and filter == '../..'")


def test_a_very_large_registry_value_matches_nothing(butler: Butler) -> None:
    assert not butler.query("calexp", visit=2**62)
    with pytest.raises(ExpressionError, match="more than 64 bits"):
        butler.query("calexp", visit=2**70)


def test_the_message_has_one_screen(butler: Butler) -> None:
    with pytest.raises(UnknownKey) as info:
        butler.query("calexp", columns="zzz")
    assert len(str(info.value)) < 1000
    assert re.search(r"\(it has visit, ccdnum, ", str(info.value))
