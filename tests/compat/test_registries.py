"""Gen2's registry classes: SQL and files, with its signatures."""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from lsst.daf.persistence import (
    FsScanner,
    PgsqlRegistry,
    PosixRegistry,
    Registry,
    SqliteRegistry,
    SqlRegistry,
    havePgsql,
    haveSqlite3,
)
from persistence.errors import RegistryError, UnknownKey


@pytest.fixture
def registry(tmp_path: Path) -> SqliteRegistry:
    """Return a registry of two visits of two detectors, and of calibrations with their validity."""
    path = tmp_path / "registry.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.executescript("""
            create table raw (id integer primary key autoincrement, visit int, ccd int, filter text, date text);
            create table raw_visit (visit int, filter text, date text);
            create table cal (ccd int, calibDate text, validStart text, validEnd text, a int, b int);
            insert into raw (visit, ccd, filter, date) values
                (7, 1, 'g', '2013-01-01'), (7, 2, 'g', '2013-01-01'),
                (8, 1, 'r', '2013-02-01'), (8, 2, 'r', '2013-02-01');
            insert into raw_visit select distinct visit, filter, date from raw;
            insert into cal values
                (1, '2012-12-25', '2012-12-25', '2013-01-10', 1, 5), (1, 'b', '2014', '2015', 6, 9);
        """)
    connection.close()
    return SqliteRegistry(str(path))


# -- SQL
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "tables", "data_id", "rows"),
    [
        ("filter", "raw", {"visit": 7}, [("g",)]),
        (["filter", "visit"], ("raw",), {"ccd": 1}, [("g", 7), ("r", 8)]),
        ("visit", ["raw", "raw_visit"], {"filter": "r"}, [(8,)]),
        ("visit", "raw", {"visit": "7"}, [(7,)]),
        ("visit", "raw", None, [(7,), (8,)]),
        ("visit", "raw", {}, [(7,), (8,)]),
        ("visit", "raw", {"visit": 7, "hdu": 3}, [(7,)]),
        ("visit", "raw", {"filter": "z"}, []),
        ({"visit"}, {"raw"}, {"filter": "g' or '1'='1"}, []),
    ],
)
def test_columns_are_looked_up_in_joined_tables(
    registry: SqliteRegistry, columns: Any, tables: Any, data_id: Any, rows: list[Any]
) -> None:
    assert registry.lookup(columns, tables, data_id, template="not used") == rows


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        ("2012-12-24", False),
        ("2012-12-25", True),
        ("2013-01-10", True),
        ("2013-01-10T00:00:00", False),
    ],
)
def test_v22_a_range_is_compared_as_text_and_both_ends_belong_to_it(
    registry: SqliteRegistry, value: str, inside: bool
) -> None:
    expected = [("2012-12-25",)] if inside else []
    assert (
        registry.lookup("calibDate", "cal", {("validStart", "validEnd"): value, "ccd": 1})
        == expected
    )
    query = (["calibDate"], ["cal"], [("ccd", "?")], ("?", "validStart", "validEnd"), [1, value])
    assert registry.executeQuery(*query) == expected


def test_several_ranges_all_have_to_hold(registry: SqliteRegistry) -> None:
    both = {("validStart", "validEnd"): "2013-01-01", ("a", "b"): 7}
    assert registry.lookup("calibDate", "cal", both) == []
    assert registry.lookup("calibDate", "cal", {**both, ("a", "b"): 5}) == [("2012-12-25",)]


@pytest.mark.parametrize(
    ("columns", "tables", "data_id", "error", "message"),
    [
        ("vizit", "raw", {}, UnknownKey, "has no column 'vizit'; did you mean 'visit'"),
        ("filter", "raw", {"vizit": 7}, UnknownKey, "has no column 'vizit'"),
        (
            "filter",
            "raw",
            {("date", "nosuch"): 7, "visit": 7},
            UnknownKey,
            "has no column 'nosuch'",
        ),
        ("filter", "raw", {("a", "b", "c"): 7}, RegistryError, "Wrong number of keys for range"),
        ("filter", "rav", {}, RegistryError, "has no table 'rav'"),
        ("filter", None, {}, RegistryError, "no table to look filter up in"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    registry: SqliteRegistry,
    columns: Any,
    tables: Any,
    data_id: Any,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        registry.lookup(columns, tables, data_id)


def test_an_unknown_column_is_an_operational_error_as_it_was(registry: SqliteRegistry) -> None:
    with pytest.raises(sqlite3.OperationalError):
        registry.lookup("nosuch", "raw", {})
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        registry.executeQuery(["nosuch"], ["raw"], None, None, None)


def test_a_query_is_put_together(registry: SqliteRegistry) -> None:
    where = [("visit", "?"), ("ccd", "?")]
    assert registry.executeQuery(["date", "ccd"], ["raw", "raw_visit"], where, None, [8, 2]) == [
        ("2013-02-01", 2)
    ]
    assert registry.executeQuery(["calibDate"], ["cal"], None, ("ccd", "a", "b"), None) == [
        ("2012-12-25",)
    ]
    with pytest.raises(RegistryError, match="no such table"):
        registry.executeQuery(["a"], ["nosuch"], None, None, None)


def test_text_in_place_of_a_column_is_not_run(registry: SqliteRegistry) -> None:
    with pytest.raises(UnknownKey):
        registry.executeQuery(["visit"], ["raw"], [("visit", "7 or 1=1")], None, None)


def test_a_registry_is_only_read(registry: SqliteRegistry) -> None:
    assert registry.conn is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        registry.conn.execute("delete from raw")


def test_without_a_connection_every_answer_is_none(tmp_path: Path) -> None:
    for registry in (SqlRegistry(None), SqliteRegistry(str(tmp_path / "missing.sqlite3"))):
        assert registry.conn is None
        assert registry.lookup("a", "b", {}) is None
        assert registry.executeQuery(["a"], ["b"], None, None, None) is None
    assert list(tmp_path.iterdir()) == []


def test_a_registry_goes_through_pickle(registry: SqliteRegistry) -> None:
    arrived = pickle.loads(pickle.dumps(registry))
    assert arrived.root == registry.root
    assert arrived.lookup("filter", "raw", {"visit": 8}) == [("r",)]


def test_a_connection_is_not_used_on_the_other_side_of_a_fork(
    registry: SqliteRegistry, in_a_fork: Callable[[Callable[[], str]], str]
) -> None:
    inherited = registry.conn

    def look_up() -> str:
        queries: list[str] = []
        inherited.set_trace_callback(queries.append)
        rows = registry.lookup("filter", "raw", {"visit": 7})
        rows += registry.executeQuery(["filter"], ["raw"], [("visit", "?")], None, [8])
        return f"{rows} {queries} {registry.conn is inherited}"

    assert in_a_fork(look_up) == "[('g',), ('r',)] [] False"
    assert registry.lookup("filter", "raw", {"visit": 7}) == [("g",)]
    assert registry.conn is inherited


# -- which kind
# --------------------------------------------------------------------------------------


def test_the_location_says_which_kind_of_registry_it_is(
    registry: SqliteRegistry, tmp_path: Path
) -> None:
    assert Registry.create(None) is None
    assert isinstance(Registry.create(registry.root), SqliteRegistry)
    assert Registry.create(str(tmp_path / "missing.sqlite3")) is None
    made = Registry.create(str(tmp_path))
    assert isinstance(made, PosixRegistry)
    assert made.root == str(tmp_path)
    with pytest.raises(RuntimeError, match="Unable to create registry using location: /nosuch"):
        Registry.create("/nosuch")


def test_postgresql_is_refused_in_words() -> None:
    assert (haveSqlite3, havePgsql) == (True, False)
    for make in (Registry.create, PgsqlRegistry):
        with pytest.raises(
            RuntimeError, match=r"a\.pgsql: registries in PostgreSQL are not supported"
        ):
            make("a.pgsql")


# -- files
# -------------------------------------------------------------------------------------------

IMAGES = "im-%(chip)02d-%(band)s.dat"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("im-07-u.dat", "im-07-z.dat", "im-08-z.dat", "other.txt"):
        (tmp_path / name).touch()
    return tmp_path


def test_v20_values_are_read_off_the_names_of_files(folder: Path) -> None:
    registry = PosixRegistry(str(folder))
    assert set(registry.lookup(["band"], None, {"chip": 7}, template=IMAGES)) == {("u",), ("z",)}
    here = os.getcwd()
    assert sorted(registry.lookup(("band", "chip"), "raw", {"visit": 3}, template=IMAGES)) == [
        ("u", 7),
        ("z", 7),
        ("z", 8),
    ]
    assert os.getcwd() == here


@pytest.mark.parametrize(
    ("columns", "data_id", "told"),
    [
        ("band", {"chip": "7"}, {"template": IMAGES}),
        ("nosuch", {"chip": 7}, {"template": IMAGES}),
        ("band", {"chip": 9}, {"template": IMAGES}),
        ("band", {"chip": 7}, {}),
        ("band", {"chip": 7}, {"template": None}),
    ],
)
def test_files_give_nothing_that_their_names_do_not_say(
    folder: Path, columns: str, data_id: Any, told: Any
) -> None:
    assert PosixRegistry(str(folder)).lookup(columns, None, data_id, **told) == []


def test_one_answer_for_each_file(folder: Path) -> None:
    assert sorted(PosixRegistry(str(folder)).lookup("chip", None, None, template=IMAGES)) == [
        (7,),
        (7,),
        (8,),
    ]


def test_headers_supply_what_names_lack(tmp_path: Path) -> None:
    for visit in (1, 2):
        hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)))])
        hdus[0].header["FILTER"], hdus[1].header["FILTER"], hdus[0].header["ISO"] = (
            "g",
            f"in{visit}",
            400,
        )
        hdus.writeto(tmp_path / f"v{visit}.fits")
    registry = PosixRegistry(str(tmp_path))
    told = {"template": "v%(visit)d.fits[%(hdu)d]", "storage": "FitsStorage"}
    assert registry.lookup(["visit", "filter"], None, {"visit": 1}, **told) == [(1, "g")]
    assert registry.lookup(["visit", "filter", "iso"], None, {"hdu": 1, "visit": 2}, **told) == [
        (2, "in2", 400)
    ]
    assert registry.lookup(["visit", "nosuch"], None, {"visit": 2}, **told) == [(2, None)]
    assert registry.lookup(["visit", "filter"], None, {"filter": "r"}, **told) == []


def test_v21_a_scanner_sets_the_bracket_aside(tmp_path: Path) -> None:
    (tmp_path / "55q.dat.fz").touch()
    scanner = FsScanner("%(num)d%(kind)1s.dat.fz[%(ext)d]")
    assert scanner.processPath(str(tmp_path)) == {"55q.dat.fz": {"num": 55, "kind": "q"}}


def test_a_scanner_knows_its_fields(tmp_path: Path) -> None:
    scanner = FsScanner("%(visit)07d/%(name)s/%(exposure)f-%(visit)d.dat")
    assert scanner.getFields() == ["visit", "name", "exposure"]
    kinds = {
        name: (scanner.isInt(name), scanner.isFloat(name), scanner.isNumeric(name))
        for name in scanner.getFields()
    }
    assert kinds == {
        "visit": (True, False, True),
        "name": (False, False, False),
        "exposure": (False, True, True),
    }
    assert not scanner.isNumeric("nosuch")
    for name in ("0000007/a/2.500000-7.dat", "0000007/a/2.500000-8.dat"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = scanner.processPath(str(tmp_path))
    assert found == {"0000007/a/2.500000-7.dat": {"visit": 7, "name": "a", "exposure": 2.5}}
    (tmp_path / "im-07-u.dat.gz").touch()
    assert list(FsScanner(IMAGES).processPath(str(tmp_path))) == ["im-07-u.dat.gz"]
