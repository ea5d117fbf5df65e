"""The file of a registry that is written, on both sides of a fork."""

from __future__ import annotations

import functools
import gc
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence.compat.registries import SqliteRegistry as Gen2Registry
from persistence.errors import RegistryError, RegistryLocked
from persistence.registry import database
from persistence.registry.database import RegistryFile
from persistence.registry.sqlite import SqliteRegistry

InAFork = Callable[[Callable[[], str]], str]


OPENERS: list[Callable[[str], Callable[[], object]]] = [
    lambda path: RegistryFile(path).reader,
    lambda path: RegistryFile(path, dry_run=True).reader,
    lambda path: functools.partial(SqliteRegistry(path).fetch, "select visit from raw", []),
    lambda path: functools.partial(Gen2Registry(path).lookup, "visit", "raw", {}),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a registry with a row."""
    connection = sqlite3.connect(tmp_path / "registry.sqlite3")
    connection.execute("create table raw (visit int)")
    connection.execute("insert into raw values (1)")
    connection.commit()
    connection.close()
    return tmp_path / "registry.sqlite3"


@pytest.fixture(params=[False, True], ids=["to write", "dry run"])
def file(path: Path, request: pytest.FixtureRequest) -> Iterator[RegistryFile]:
    opened = RegistryFile(str(path), wait=0.1, dry_run=request.param)
    yield opened
    opened.close()


def visits(file: RegistryFile) -> list[int]:
    connection = file.reader()
    assert connection is not None
    return [visit for (visit,) in connection.execute("select visit from raw order by visit")]


def test_a_connection_is_not_used_on_the_other_side_of_a_fork(
    file: RegistryFile, in_a_fork: InAFork
) -> None:
    inherited = file.reader()
    assert inherited is not None

    def look_up() -> str:
        queries: list[str] = []
        inherited.set_trace_callback(queries.append)
        return f"{visits(file)} {queries} {file.reader() is inherited}"

    assert in_a_fork(look_up) == "[1] [] False"
    assert file.reader() is inherited


def test_a_connection_is_not_closed_on_the_other_side_of_a_fork(
    file: RegistryFile, in_a_fork: InAFork
) -> None:
    inherited = file.reader()
    assert inherited is not None

    def close() -> str:
        file.close()
        # A closed connection raises ProgrammingError.
        return f"{inherited.execute('select 7').fetchall()} {visits(file)}"

    assert in_a_fork(close) == "[(7,)] [1]"


class Counted(sqlite3.Connection):
    """A connection whose end can be seen: SQLite's own have no weak references."""


@pytest.mark.parametrize("open_one", OPENERS, ids=["written", "dry run", "read", "Gen2's"])
def test_a_child_holds_what_it_inherited_for_an_end_would_close_it(
    path: Path,
    in_a_fork: InAFork,
    monkeypatch: pytest.MonkeyPatch,
    open_one: Callable[[str], Callable[[], object]],
) -> None:
    opened: list[weakref.ref[sqlite3.Connection]] = []
    connect = functools.partial(sqlite3.connect, factory=Counted)

    def counted(*arguments: Any, **keywords: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **keywords)
        opened.append(weakref.ref(connection))
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    look_up = open_one(str(path))
    look_up()
    number = len(opened)

    def again() -> str:
        look_up()
        gc.collect()
        return f"{len(opened) > number} {[alive() is None for alive in opened[:number]]}"

    assert in_a_fork(again) == f"True {[False] * number}"


def _read(file: RegistryFile) -> None:
    assert visits(file) == [1]


def _change(file: RegistryFile) -> None:
    with pytest.raises(RegistryError, match="locked"), file.transaction():
        pass


@pytest.mark.parametrize("act", [_read, RegistryFile.close, _change])
def test_a_child_leaves_the_transaction_of_its_parent_alone(
    path: Path, in_a_fork: InAFork, act: Callable[[RegistryFile], None]
) -> None:
    file, journal = RegistryFile(str(path), wait=0.1), Path(f"{path}-journal")

    def use() -> str:
        act(file)  # which lets go of what it has from its parent
        return f"{os.path.getsize(journal) > 0}"

    with file.transaction() as database:
        database.conn.execute("insert into raw values (2)")
        assert in_a_fork(use) == "True"
        assert journal.exists()
    assert visits(file) == [1, 2]
    file.close()


@pytest.mark.parametrize("error", [None, KeyError("visit")])
def test_a_child_cannot_end_the_transaction_of_its_parent(
    path: Path, in_a_fork: InAFork, error: Exception | None
) -> None:
    """Forked inside the block, it comes to the end of it as well."""
    file, parent = RegistryFile(str(path), wait=0.1), os.getpid()
    transaction = file.transaction()
    transaction.__enter__().conn.execute("insert into raw values (2)")

    def end() -> str:
        try:
            transaction.__exit__(error and type(error), error, None)
        except RegistryError as refused:
            return str(refused)
        return f"{os.path.getsize(f'{path}-journal') > 0}"

    expected = f"{path} is being changed by process {parent}, not here"
    assert in_a_fork(end) == ("True" if error else expected)
    transaction.__exit__(None, None, None)
    assert visits(file) == [1, 2]
    file.close()


@pytest.mark.parametrize("ends", [True, False], ids=["it ends", "it does not end"])
def test_a_wait_that_is_noticed_is_told_with_who_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, ends: bool
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    monkeypatch.setattr(database, "_NOTICED", 0.05)
    if ends:  # once it is told, so that no clock decides

        def end(_: str) -> str:
            other.execute("rollback")
            return "process 7"

        monkeypatch.setattr(database, "holders", end)
    file = RegistryFile(str(path), wait=0.3)
    try:
        with file.transaction() as opened:
            opened.conn.execute("insert into raw values (2)")
    except RegistryLocked:
        assert not ends
    else:
        assert ends
    (message,) = caplog.messages
    assert message.startswith(f"{path} is locked by ")
    assert message.endswith("; waiting for up to 0.25 s")
    file.close()
    other.close()


def test_a_wait_that_nobody_notices_is_not_told(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = RegistryFile(str(path))
    with file.transaction() as opened:
        assert opened.conn.execute("pragma busy_timeout").fetchone() == (60000,)
    assert not caplog.messages
    file.close()
