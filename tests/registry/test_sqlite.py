"""Reading SQLite registries: what is particular to them, and what can be wrong with one."""

from __future__ import annotations

import os
import pickle
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest

from persistence.errors import RegistryError, RegistryLocked
from persistence.registry import sqlite as sqlite_registry
from persistence.registry.sqlite import SqliteRegistry

InAFork = Callable[[Callable[[], str]], str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "registry.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("create table raw (visit int, filter text, unique(visit))")
        connection.execute("create table bias (calibDate text, validStart text, validEnd text)")
        connection.execute("create table raw_skyTile (visit int, skyTile int)")
        connection.execute("insert into raw values (7, 'g')")
        connection.execute("insert into raw_skyTile values (7, 42)")
        connection.execute("insert into bias values ('2013-01-01', '2012-12-25', '2013-01-10')")
    connection.close()
    return path


def test_opening_asks_nothing_of_the_file(tmp_path: Path) -> None:
    registry = SqliteRegistry(str(tmp_path / "nowhere.sqlite3"))
    with pytest.raises(RegistryError, match="there is no registry at"):
        registry.lookup(["visit"], {}, ["raw"])
    assert list(tmp_path.iterdir()) == []


def test_tables_are_joined_by_the_columns_that_they_share(path: Path) -> None:
    assert SqliteRegistry(str(path)).lookup(
        ["filter", "skyTile"], {"visit": 7}, ["raw", "raw_skyTile"]
    ) == [("g", 42)]


@pytest.mark.parametrize(
    ("value", "found"),
    [("2013-01-10", 1), ("2012-12-25", 1), ("2013-01-10T00:00:00", 0), ("2013-01-11", 0)],
)
def test_a_range_is_compared_as_text_with_both_ends_inside(
    path: Path, value: str, found: int
) -> None:
    between = (value, "validStart", "validEnd")
    assert len(SqliteRegistry(str(path)).lookup(["calibDate"], {}, ["bias"], between)) == found


@pytest.mark.parametrize("start", [None, "", "None", "20130801", 20130801])
@pytest.mark.parametrize("end", [None, "", "None", "20130801", 20130101])
def test_a_bound_that_cannot_be_compared_as_text_excludes_nothing(
    path: Path, start: object, end: object
) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table odd (number int, validStart, validEnd)")
        connection.execute("insert into odd values (1, ?, ?)", (start, end))
        connection.execute("insert into odd values (2, '2013-08-02', '2014-01-01')")
    connection.close()
    between = ("2013-08-01", "validStart", "validEnd")
    assert SqliteRegistry(str(path)).lookup(["number"], {}, ["odd"], between) == [(1,)]


def test_an_unknown_column_is_an_error_and_no_text(path: Path) -> None:
    with pytest.raises(RegistryError, match="no such column: vist"):
        SqliteRegistry(str(path)).lookup(["vist"], {}, ["raw"])


def test_an_unknown_table_is_named_with_what_there_is(path: Path) -> None:
    with pytest.raises(
        RegistryError,
        match=r"no table 'rawe'; did you mean 'raw'.*\['raw', 'bias', 'raw_skyTile'\]",
    ):
        SqliteRegistry(str(path)).columns(["rawe"])


@pytest.mark.parametrize("name", ["visit] from raw; drop table raw --", "a]b"])
def test_an_identifier_that_would_end_its_quotes_is_refused(path: Path, name: str) -> None:
    with pytest.raises(RegistryError, match="cannot be the name"):
        SqliteRegistry(str(path)).lookup([name], {}, ["raw"])


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite3"
    path.write_text("this is no database, " * 100)
    with pytest.raises(RegistryError, match=r"registry\.sqlite3 is not an SQLite registry"):
        SqliteRegistry(str(path)).tables()


def test_a_locked_registry_is_waited_for_and_then_told_with_who_and_how_long(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sqlite3, sys\n"
        f"connection = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        "connection.execute('begin exclusive')\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "locked\n"
    registry = SqliteRegistry(str(path), wait=0.2)
    with pytest.raises(RegistryLocked, match=r"is locked by .*; waited 0\.[2-9] s") as caught:
        registry.lookup(["filter"], {"visit": 7}, ["raw"])
    ask = registry.prepared(["filter"], ["visit"], ["raw"])
    monkeypatch.setattr(registry, "lookup", None)  # that would wait once more
    with pytest.raises(RegistryLocked, match=r"is locked by .*; waited 0\.[2-9] s"):
        ask([7])
    monkeypatch.undo()
    if sys.platform == "linux":
        assert re.search(rf"process {holder.pid} \(.*python", str(caught.value))
    holder.stdin.close()
    holder.wait()
    holder.stdout.close()
    assert registry.lookup(["filter"], {"visit": 7}, ["raw"]) == [("g",)]
    registry.close()


def test_a_registry_that_is_made_anew_is_asked_for_its_own_columns(path: Path) -> None:
    registry = SqliteRegistry(str(path))
    assert list(registry.columns(["raw"])) == ["visit", "filter"]
    ask = registry.prepared(["filter"], ["visit"], ["raw"])
    assert ask([7]) == [("g",)]
    anew = path.with_name("anew")
    with sqlite3.connect(anew) as connection:
        connection.execute("create table raw (visit int, filter text, hdu int)")
        connection.execute("insert into raw values (7, 'r', 3)")
    connection.close()
    os.replace(anew, path)
    with pytest.raises(
        RegistryError, match=f"{path} was created anew: its columns may have changed"
    ):
        ask([7])
    assert list(registry.columns(["raw"])) == ["visit", "filter", "hdu"]
    with pytest.raises(RegistryError, match="was created anew"):
        ask([7])
    assert registry.prepared(["filter"], ["visit"], ["raw"])([7]) == [("r",)]
    registry.close()


def test_reading_in_a_directory_that_nobody_may_write_to_leaves_no_trace(path: Path) -> None:
    os.chmod(path, 0o444)
    os.chmod(path.parent, 0o555)
    try:
        registry = SqliteRegistry(str(path))
        assert registry.lookup(["filter"], {"visit": 7}, ["raw"]) == [("g",)]
        assert os.listdir(path.parent) == ["registry.sqlite3"]
        registry.close()
    finally:
        os.chmod(path.parent, 0o755)


def test_it_can_be_pickled_and_used_in_another_process(path: Path) -> None:
    registry = SqliteRegistry(str(path))
    registry.tables()
    copy = pickle.loads(pickle.dumps(registry))
    assert copy.lookup(["filter"], {}, ["raw"]) == [("g",)]
    copy.close()
    with get_context("fork").Pool(1) as pool:
        assert pool.apply(registry.lookup, (["filter"], {}, ["raw"])) == [("g",)]
    registry.close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Return the list of the connections that registries open during the test."""
    connections: list[sqlite3.Connection] = []
    connect = sqlite_registry.connect

    def recorded(path: str, wait: float) -> sqlite3.Connection:
        connections.append(connect(path, wait))
        return connections[-1]

    monkeypatch.setattr(sqlite_registry, "connect", recorded)
    return connections


def test_a_connection_is_not_used_on_the_other_side_of_a_fork(
    path: Path, opened: list[sqlite3.Connection], in_a_fork: InAFork
) -> None:
    registry = SqliteRegistry(str(path))
    registry.tables()

    def look_up() -> str:
        queries: list[str] = []
        opened[0].set_trace_callback(queries.append)
        rows = registry.lookup(["filter"], {}, ["raw"])
        return f"{rows} {registry.count('raw')} {queries} {len(opened)}"

    assert in_a_fork(look_up) == "[('g',)] 1 [] 2"
    assert registry.count("raw") == 1
    assert len(opened) == 1
    registry.close()


def test_a_connection_is_not_closed_on_the_other_side_of_a_fork(
    path: Path, opened: list[sqlite3.Connection], in_a_fork: InAFork
) -> None:
    registry = SqliteRegistry(str(path))
    registry.tables()

    def close() -> str:
        registry.close()
        # A closed connection raises ProgrammingError.
        return f"{opened[0].execute('select 7').fetchall()} {registry.count('raw')} {len(opened)}"

    assert in_a_fork(close) == "[(7,)] 1 2"
    registry.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("select 7")


@pytest.mark.real
def test_a_registry_of_the_original_is_read(real: Path) -> None:
    registry = SqliteRegistry(str(real / "decam_registry" / "registry.sqlite3"))
    assert len(registry.lookup(["visit", "ccdnum"], {"filter": "g"}, ["raw"])) == 61
    assert registry.tables() == ["raw", "raw_visit"]
    registry.close()


def test_rows_are_counted_and_a_table_that_is_not_there_is_named(path: Path) -> None:
    registry = SqliteRegistry(str(path))
    assert [registry.count(table) for table in registry.tables()] == [1, 1, 1]
    with pytest.raises(RegistryError, match=r"registry\.sqlite3: no such table: raww"):
        registry.count("raww")
    registry.close()


def test_odd_windows_that_come_while_it_is_open_are_found(tmp_path: Path) -> None:
    path = tmp_path / "calibRegistry.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("create table bias (n int, validStart text, validEnd text)")
    connection.execute("insert into bias values (1, '2015-01-01', '2015-12-31')")
    connection.commit()
    registry = SqliteRegistry(str(path))
    between = (("2015-06-01~", "2015-06-01"), "validStart", "validEnd")

    def found() -> list[int]:
        return sorted(number for (number,) in registry.lookup(["n"], {}, ["bias"], between))

    assert found() == [1]
    for number, start, end in (
        (2, None, "2015-12-31"),
        (3, "2015-01-01", None),
        (4, "20150101", "2015-12-31"),
        (5, None, "2014-12-31"),  # it has ended, whenever it began
        (6, "None", "2015-12-31"),
    ):
        connection.execute("insert into bias values (?, ?, ?)", (number, start, end))
        connection.commit()
        assert found() == [one for one in range(1, number + 1) if one != 5]
    connection.execute("delete from bias where n > 1")
    connection.commit()
    assert found() == [1]
    registry.close()
    assert found() == [1]
    connection.close()


@pytest.mark.parametrize("how", ["replaced", "made anew"])
def test_a_registry_that_is_another_file_now_is_opened_again(path: Path, how: str) -> None:
    registry = SqliteRegistry(str(path))
    before = registry.lookup(["visit"], {}, ["raw"])
    other = path.with_name("other.sqlite3")
    connection = sqlite3.connect(other)
    connection.execute("create table raw (visit int, snap int)")
    connection.execute("insert into raw values (77, 1)")
    connection.commit()
    connection.close()
    if how == "made anew":
        path.unlink()
        with pytest.raises(RegistryError, match="there is no registry at"):
            registry.lookup(["visit"], {}, ["raw"])
    other.rename(path)
    assert before != [(77,)]
    assert registry.lookup(["visit"], {}, ["raw"]) == [(77,)]
    assert list(registry.columns(["raw"])) == ["visit", "snap"]
    registry.close()
