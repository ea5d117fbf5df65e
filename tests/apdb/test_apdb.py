"""What is stored is there, once, in versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas
import pytest
from astropy.table import Table
from astropy.time import Time

from persistence.apdb.apdb import Apdb
from persistence.apdb.pixels import Cone
from persistence.apdb.versions import Visit
from persistence.errors import DatabaseError

Rows = Callable[..., dict[str, Any]]
NOW = 61000.25
ALL = Cone(40.0, -30.0, 2.0)


def content(apdb: Apdb) -> dict[str, list[Any]]:
    """Read all tables by sqlite3 itself."""
    connection = sqlite3.connect(str(apdb.address.path))
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    rows = {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}
    connection.close()
    return rows


def test_what_is_stored_is_read(apdb: Apdb, sources: Rows, objects: Rows) -> None:
    given = sources(5)
    assert apdb.store(NOW, objects(given), given)
    found = apdb.getDiaSources(None, [1, 3], 61000.0)
    assert found["diaSourceId"].tolist() == [1001, 1003]
    assert found["psfFlux"].tolist() == pytest.approx(given["psfFlux"][[0, 2]], rel=1e-6)
    assert found["psfFlux"].unit == "nJy"
    assert np.isnan(found["templateFlux"]).all()
    assert np.ma.getmaskarray(found["ssObjectId"]).all()
    assert apdb.getDiaObjects(ALL)["diaObjectId"].tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [dict, Table, pandas.DataFrame])
def test_rows_come_in_tables_of_any_kind(
    apdb: Apdb, sources: Rows, objects: Rows, kind: Any
) -> None:
    given = sources(3)
    apdb.store(Time(NOW, format="mjd", scale="tai"), kind(objects(given)), kind(given))
    assert apdb.tableRowCount()["DiaSource"] == 3


def test_a_visit_that_is_stored_adds_no_row(apdb: Apdb, sources: Rows, objects: Rows) -> None:
    given = sources(5)
    apdb.store(NOW, objects(given), given)
    before = content(apdb)
    assert not apdb.store(NOW + 1, objects(given), given)
    assert content(apdb) == before
    assert apdb.containsVisitDetector(1, 42)
    assert not apdb.containsVisitDetector(1, 43)


def test_a_visit_without_sources_is_stored_too(apdb: Apdb) -> None:
    empty = [Visit(7, 42, 61007.0, 700042)]
    assert apdb.store(NOW, None, None, None, visits=empty)
    assert not apdb.store(NOW, None, None, None, visits=empty)
    assert apdb.containsVisitDetector(7, 42)


def test_visits_of_which_some_are_stored_are_refused(
    apdb: Apdb, sources: Rows, objects: Rows
) -> None:
    given = sources(5)
    apdb.store(NOW, objects(given), given)
    two = {name: np.concatenate([given[name], sources(5, visit=2)[name]]) for name in given}
    with pytest.raises(DatabaseError, match=r"has some of these already: .'visit 1 detector 42'"):
        apdb.store(NOW, None, two)
    assert apdb.tableRowCount()["DiaSource"] == 5


def test_each_version_ends_where_the_next_begins(apdb: Apdb, sources: Rows, objects: Rows) -> None:
    for visit, now in ((1, NOW), (2, NOW + 1), (3, NOW - 5)):  # the third by a clock gone wrong
        given = sources(3, visit=visit)
        apdb.store(now, objects(given) | {"nDiaSources": np.full(3, visit)}, given)
    rows = content(apdb)["DiaObject"]
    for identifier in (1, 2, 3):
        versions = sorted((row for row in rows if row[0] == identifier), key=lambda row: row[1])
        begins, ends = ([row[place] for row in versions] for place in (1, 2))
        assert ends == [*begins[1:], None]
        assert begins == sorted(set(begins))
    newest = apdb.getDiaObjects(ALL)
    assert newest["nDiaSources"].tolist() == [3, 3, 3]
    last = content(apdb)["DiaObjectLast"]
    assert len(last) == 3
    assert {row[1] for row in last} == set(newest["validityStartMjdTai"])


@pytest.mark.parametrize("index", ["baseline", "pix_id_iov", "last_object_table"])
def test_objects_are_found_by_each_kind_of_index(
    config: Any, sources: Rows, objects: Rows, index: str
) -> None:
    config.dia_object_index = index
    apdb = Apdb(config)
    apdb.makeSchema()
    for visit in (1, 2):
        given = sources(9, visit=visit)
        apdb.store(NOW + visit, objects(given), given)
    near = apdb.getDiaObjects(Cone(40.05, -29.95, 0.002))
    assert 5 in near["diaObjectId"]
    assert len(near) < 9
    # The choice is the database's, whatever a later configuration says.
    config.dia_object_index = "baseline"
    assert Apdb(config).getDiaObjects(ALL)["diaObjectId"].tolist() == list(range(1, 10))


def test_sources_are_read_as_far_back_as_the_configuration_says(
    apdb: Apdb, sources: Rows, objects: Rows
) -> None:
    for visit in (1, 400):
        given = sources(2, visit=visit)
        apdb.store(NOW + visit, objects(given), given)
    assert set(apdb.getDiaSources(None, [1, 2], 61400.0)["visit"]) == {400}
    assert set(apdb.getDiaSources(ALL, None, 61400.0, start_time=0.0)["visit"]) == {1, 400}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"psfFlx": np.ones(3)}, "no column 'psfFlx'; did you mean 'psfFlux'"),
        ({"ra": np.array([1, np.nan, 3])}, "ra must not be missing|not finite"),
        ({"visit": np.array([1.5, 1, 1])}, "visit holds integers of long, not 1.5"),
        ({"detector": np.full(3, 40000)}, "detector holds integers of short, not 40000"),
        ({"band": np.full(3, "VR")}, "band holds 1 letters, not 'VR'"),
        ({"x": np.ones(2)}, "different numbers of rows"),
        ({"diaSourceId": np.array([1, 1, 2])}, "UNIQUE constraint failed: DiaSource.diaSourceId"),
        ({"diaSourceId": np.array([2**63, 1, 2], np.uint64)}, "integers of long"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_stored(
    apdb: Apdb, sources: Rows, objects: Rows, change: Any, message: str
) -> None:
    before = content(apdb)
    with pytest.raises(Exception, match=message) as caught:
        apdb.store(NOW, objects(sources(3)), sources(3) | change)
    assert type(caught.value).__module__ == "persistence.errors"
    assert content(apdb) == before


def test_rows_without_what_they_need_are_refused(apdb: Apdb, sources: Rows) -> None:
    given = sources(3)
    del given["x"]
    with pytest.raises(DatabaseError, match="rows of DiaSource need x"):
        apdb.store(NOW, None, given)


def test_a_block_that_fails_has_written_nothing(apdb: Apdb, sources: Rows, objects: Rows) -> None:
    def fail() -> None:
        with apdb.exclusive():
            given = sources(3)
            apdb.store(NOW, objects(given), given)
            assert len(apdb.getDiaObjects(ALL)) == 3  # what it has written it sees
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert apdb.tableRowCount()["DiaObject"] == 0


def test_forced_sources_are_found_by_their_objects(
    apdb: Apdb, sources: Rows, objects: Rows
) -> None:
    given = sources(3)
    forced = {
        "diaForcedSourceId": np.arange(3),
        **{name: given[name] for name in ("diaObjectId", "visit", "detector", "ra", "dec")},
        **{name: given[name] for name in ("midpointMjdTai", "psfFlux", "psfFluxErr", "band")},
    }
    apdb.store(NOW, objects(given), given, forced)
    assert apdb.getDiaForcedSources(None, [2], 61000.0)["diaForcedSourceId"].tolist() == [1]
    with pytest.raises(DatabaseError, match="object_ids"):
        apdb.getDiaForcedSources(ALL, None, 61000.0)


def test_an_object_given_twice_is_refused(apdb: Apdb, sources: Rows, objects: Rows) -> None:
    twice = objects(sources(2, diaObjectId=np.array([5, 5])))
    with pytest.raises(DatabaseError, match="must not occur twice"):
        apdb.store(NOW, twice, None, visits=[Visit(1, 1, 61000.0)])


def test_columns_of_objects_can_be_chosen(
    config: Any, apdb: Apdb, sources: Rows, objects: Rows
) -> None:
    given = sources(2)
    apdb.store(NOW, objects(given), given)
    config.dia_object_columns = ["diaObjectId", "ra"]
    assert Apdb(config).getDiaObjects(ALL).colnames == ["diaObjectId", "ra"]
    config.dia_object_columns = ["raEr"]
    with pytest.raises(DatabaseError, match="no column 'raEr'; did you mean 'raErr'"):
        Apdb(config).getDiaObjects(ALL)
