"""Databases that cannot be used are explained; writers come one after the other."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence.apdb import connect
from persistence.apdb.alchemy import sqlalchemy as sa
from persistence.apdb.apdb import Apdb
from persistence.apdb.pixels import Cone
from persistence.apdb.versions import Visit
from persistence.errors import DatabaseError, DatabaseLocked

CODE = Path(__file__).parents[1] / "code"
ALL = Cone(40.0, -30.0, 2.0)


def failed(text: str) -> sa.exc.DBAPIError:
    return sa.exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError(text))


def test_a_directory_that_is_not_there_is_named(config: Any, tmp_path: Path) -> None:
    config.db_url = f"sqlite:///{tmp_path}/apdb/association.db"
    for use in (lambda apdb: apdb.makeSchema(), lambda apdb: apdb.getDiaObjects(ALL)):
        with pytest.raises(
            DatabaseError, match=r"association.db .*: there is no directory .*/apdb: mkdir"
        ):
            use(Apdb(config))


def test_a_database_that_is_not_there_is_not_made_by_reading(config: Any, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"there is no such file: make_apdb.py creates it"):
        Apdb(config).getDiaObjects(ALL)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_tables_is_told_as_that(config: Any, tmp_path: Path) -> None:
    (tmp_path / "association.db").touch()
    with pytest.raises(DatabaseError, match=r"has no tables yet: make_apdb.py, or makeSchema"):
        Apdb(config).containsVisitDetector(1, 1)


def test_a_directory_in_its_place_is_told(config: Any, tmp_path: Path) -> None:
    (tmp_path / "association.db").mkdir()
    with pytest.raises(DatabaseError, match="is a directory"):
        Apdb(config).makeSchema()


def test_a_file_that_is_no_database_is_told(config: Any, tmp_path: Path) -> None:
    (tmp_path / "association.db").write_bytes(b"SIMPLE  =                    T" * 100)
    with pytest.raises(DatabaseError, match="is no SQLite database"):
        Apdb(config).makeSchema()


def test_a_locked_database_is_waited_for_and_its_holder_named(apdb: Apdb, config: Any) -> None:
    config.connection_timeout = 0.05
    holder = sqlite3.connect(str(apdb.address.path), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(
        DatabaseLocked,
        match=r"association.db is locked by .*; waited 0 s\n.*apdb.connection_timeout=SECONDS",
    ):
        Apdb(config).makeSchema()
    assert len(Apdb(config).getDiaObjects(ALL)) == 0  # readers need not wait
    holder.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("attempt to write a readonly database", "cannot be written: attempt to write a readonly"),
        ("database or disk is full", "no space is left; nothing was stored"),
        ("database disk image is malformed", "a damaged one"),
        ("no such table: DiaObjectFeatures", "lacks a table (no such table: DiaObjectFeatures)"),
        ("canceling statement due to lock timeout", "is locked by"),
    ],
)
def test_what_a_driver_says_is_told_with_the_address(apdb: Apdb, text: str, message: str) -> None:
    error = connect.explained(failed(text), apdb.address, 0.0)
    assert str(error).startswith(apdb.address.text)
    assert message in str(error)


def test_a_database_that_may_not_be_written_is_read(apdb: Apdb, config: Any) -> None:
    """As another user would find it: SQLite opens such a file for reading alone."""
    before = apdb._engine
    connection = sqlite3.connect(f"file:{apdb.address.path}?mode=ro", uri=True)
    apdb._engine = sa.create_engine(
        "sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool
    )
    sa.event.listen(apdb._engine, "begin", connect._begin)
    connection.isolation_level = None
    assert len(apdb.getDiaObjects(ALL)) == 0
    with pytest.raises(
        DatabaseError, match="cannot be written: attempt to write a readonly database"
    ):
        apdb.store(61000.0, None, None, visits=[Visit(1, 1, 61000.0)])
    apdb._engine = before
    connection.close()


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Be somebody whom permissions hold."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize(
    ("file", "folder", "message"),
    [
        (0o444, 0o755, r"cannot be written: .*association.db may not be written to by this user"),
        (0o666, 0o555, r"cannot be written: nothing may be written in .*has its journal"),
        (0o000, 0o755, r"cannot be opened: .*association.db may not be read by this user"),
        (0o666, 0o000, r"cannot be opened: .* may not be entered by this user"),
    ],
)
def test_what_a_user_may_not_do_is_told(config: Any, file: int, folder: int, message: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "association.db"
        config.db_url = f"sqlite:///{path}"
        Apdb(config).makeSchema()
        path.chmod(file)
        Path(place).chmod(folder)
        with unprivileged(), pytest.raises(DatabaseError, match=message):
            Apdb(config).store(61000.0, None, None, visits=[Visit(1, 1, 61000.0)])
        Path(place).chmod(0o755)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("9.0.0", r"is of schema 9.0.0, and this program writes 10.0.0"),
        ("10.1.0", r"is of schema 10.1.0"),
        ("none", r"is of schema none"),
    ],
)
def test_another_version_is_refused(apdb: Apdb, config: Any, version: str, message: str) -> None:
    with sqlite3.connect(str(apdb.address.path)) as connection:
        connection.execute("UPDATE metadata SET value = ? WHERE name = 'version:schema'", [version])
    connection.close()
    for use in (lambda apdb: apdb.makeSchema(), lambda apdb: apdb.getDiaObjects(ALL)):
        with pytest.raises(DatabaseError, match=message):
            use(Apdb(config))


def test_a_database_of_something_else_is_refused(config: Any, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "association.db") as connection:
        connection.execute("CREATE TABLE dia_objects (id INTEGER)")
    connection.close()
    with pytest.raises(DatabaseError, match=r"has tables \(dia_objects\), but none that tells"):
        Apdb(config).makeSchema()


def test_dropping_starts_anew(apdb: Apdb, sources: Callable[..., Any], objects: Any) -> None:
    apdb.store(61000.0, objects(sources(3)), sources(3))
    created = apdb.makeSchema(drop=True)
    assert {"DiaObject", "dia_objects"} <= set(created)
    assert apdb.tableRowCount()["DiaSource"] == 0


def run(program: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(CODE / program), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_what_is_killed_at_any_statement_and_repeated_is_there_once(tmp_path: Path) -> None:
    assert run("killed_store.py", str(tmp_path)).startswith("the same after")


@pytest.mark.slow
def test_writers_at_once_lose_no_row(tmp_path: Path) -> None:
    assert (
        run("apdb_writers.py", f"sqlite:///{tmp_path}/association.db") == "1200 of 1200, 0 failed\n"
    )


@pytest.mark.slow
def test_processes_with_the_same_visits_store_each_once(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/association.db"
    assert run("apdb_writers.py", address, "", "same") == "300 of 300, 0 failed\n"
