"""Writing registries: the schema to the letter, rows all or none."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from obs_decam import DecamMapper
from persistence.errors import RegistryError, RegistryLocked, RowExists
from persistence.ingest import config
from persistence.registry.sqlite_writer import SqliteWriter, statements
from persistence.registry.tables import Row, TableSpec

SPEC = TableSpec(
    "raw", {"visit": "int", "ccd": "int", "filter": "text"}, ("visit", "ccd"), ("visit", "filter")
)


def rows(visit: int, count: int = 3, filter: str = "g") -> list[dict[str, Any]]:
    return [{"visit": visit, "ccd": ccd, "filter": filter} for ccd in range(count)]


def add(writer: SqliteWriter, rows: Sequence[Row], anew: Collection[str] = (), **how: bool) -> None:
    with writer.transaction(anew):
        writer.add("raw", rows, **how)


def read(path: Path, query: str = "select visit, ccd, filter from raw") -> list[Any]:
    """Read by a back door."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.sqlite3"


@pytest.fixture
def writer(path: Path) -> Any:
    made = SqliteWriter(str(path), {"raw": SPEC}, wait=0.1)
    yield made
    made.close()


@pytest.mark.real
def test_the_tables_of_decam_are_the_originals_to_the_letter(real: Path, path: Path) -> None:
    register = config.load(DecamMapper.ingestFile).register
    spec = TableSpec(register.table, register.columns, register.unique, register.visit)
    made = SqliteWriter(str(path), {"raw": spec}, register.permissions)
    with made.transaction():
        pass
    made.close()
    query = "select type, name, tbl_name, sql from sqlite_master"
    assert read(path, query) == read(real / "decam_registry" / "registry.sqlite3", query)


def test_the_generic_tables_are_those_of_the_specification(path: Path) -> None:
    register = config.IngestConfig().register
    spec = TableSpec(register.table, register.columns, register.unique, register.visit)
    assert list(statements(spec)) == [
        "create table raw (id integer primary key autoincrement, object text,visit int,ccd int,filter text,"
        "date text,taiObs text,expTime double, unique(visit,ccd))",
        "create table raw_visit (visit int,object text,date text,filter text, unique(visit))",
    ]


def test_rows_come_with_their_visit_and_the_first_detector_says_what_it_is(
    writer: Any, path: Path
) -> None:
    add(writer, rows(7))
    add(writer, [{"visit": 7, "ccd": 9, "filter": "r"}])
    assert len(read(path)) == 4
    assert read(path, "select * from raw_visit") == [(7, "g")]


def test_nothing_is_made_before_there_is_something_to_write(writer: Any, path: Path) -> None:
    assert writer.find("raw", (7, 0)) is None
    assert not path.exists()


def test_a_row_is_found_by_its_unique_columns(writer: Any) -> None:
    add(writer, rows(7))
    assert writer.find("raw", (7, 2)) == {"visit": 7, "ccd": 2, "filter": "g"}
    assert writer.find("raw", (7, 3)) is None


def test_rows_of_which_one_is_there_are_not_added_at_all(writer: Any, path: Path) -> None:
    add(writer, rows(7, 1))
    with pytest.raises(RowExists, match="a row exists already"):
        add(writer, rows(8) + rows(7))
    assert read(path) == [(7, 0, "g")]
    assert read(path, "select * from raw_visit") == [(7, "g")]


@pytest.mark.parametrize(("how", "kept"), [("replace", "r"), ("ignore", "g")])
def test_rows_that_are_there_can_give_way_or_stay(
    writer: Any, path: Path, how: str, kept: str
) -> None:
    add(writer, rows(7, 1))
    add(writer, rows(7, 2, "r"), **{how: True})
    assert read(path) == [(7, 0, kept), (7, 1, "r")]


def test_create_replaces_all_rows_of_its_own_tables_and_leaves_others(
    writer: Any, path: Path
) -> None:
    add(writer, rows(7))
    connection = sqlite3.connect(path)
    connection.execute("create table mine (x int)")
    connection.commit()
    connection.close()
    assert writer.count("raw") == 3
    add(writer, rows(8), anew={"raw"})
    assert {visit for visit, *_ in read(path)} == {8}
    assert ("mine",) in read(path, "select name from sqlite_master")


def test_create_with_rows_that_contradict_each_other_leaves_those_that_were_there(
    writer: Any, path: Path
) -> None:
    add(writer, rows(7))
    before = read(path)
    with pytest.raises(RowExists):
        add(writer, [*rows(8), *rows(8)], anew={"raw"})
    assert read(path) == before


@pytest.mark.parametrize("there", [False, True])
def test_a_registry_without_the_table_has_no_rows(writer: Any, path: Path, there: bool) -> None:
    if there:
        connection = sqlite3.connect(path)
        connection.execute("create table mine (x int)")
        connection.close()
    assert writer.count("raw") == 0


@pytest.mark.parametrize(
    ("umask", "asked", "mode"),
    [
        (0o000, 0o664, 0o664),
        (0o002, 0o664, 0o664),
        (0o022, 0o664, 0o644),
        (0o077, 0o664, 0o600),
        (0o002, 0o640, 0o640),
    ],
)
def test_a_new_file_has_the_permissions_asked_for_that_the_umask_leaves_and_an_old_one_its_own(
    path: Path, umask: int, asked: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        first = SqliteWriter(str(path), {"raw": SPEC}, permissions=asked)
        add(first, rows(1))
        first.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == mode
    os.chmod(path, 0o640)
    second = SqliteWriter(str(path), {"raw": SPEC}, permissions=0o664)
    add(second, rows(2))
    second.close()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


def test_a_registry_of_another_layout_is_refused_before_anything_is_written(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("create table raw (visit int, snap int)")
    connection.commit()
    connection.close()
    made = SqliteWriter(str(path), {"raw": SPEC})
    with pytest.raises(
        RegistryError, match=r"'raw' has another layout: it lacks ccd, filter, and has visit, snap"
    ):
        made.find("raw", (1, 1))
    with pytest.raises(RegistryError, match="another layout"):
        add(made, rows(1))
    made.close()
    assert read(path, "select * from raw") == []


def test_a_writer_waits_for_another_and_then_says_who_holds_the_registry(
    writer: Any, path: Path
) -> None:
    add(writer, rows(1))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(RegistryLocked, match=r"registry\.sqlite3 is locked by .*waited 0\.[1-9] s"):
        add(writer, rows(2))
    other.execute("rollback")
    other.close()
    add(writer, rows(2))
    assert len(read(path)) == 6


@pytest.mark.parametrize("name", ["raw; drop table raw", "two words", "1st"])
def test_a_name_that_is_no_identifier_is_refused(path: Path, name: str) -> None:
    with pytest.raises(RegistryError, match="cannot be the name"):
        TableSpec("raw", {name: "int"}, (), ())
