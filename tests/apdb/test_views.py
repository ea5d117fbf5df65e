"""The views have the names that programs of 2018 and 2019 use."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from persistence.apdb.apdb import Apdb
from persistence.apdb.versions import Visit

# "Details for table DiaSource" of LSST Data Products (seed 001), name and whether it is not NULL.
SEED = {
    "diaSourceId": True,
    "ccdVisitId": True,
    "diaObjectId": False,
    "ssObjectId": False,
    "parentDiaSourceId": False,
    "prv_procOrder": True,
    "ssObjectReassocTime": False,
    "midPointTai": True,
    "ra": True,
    "raSigma": False,
    "decl": True,
    "declSigma": False,
    "ra_decl_Cov": False,
    "x": True,
    "z": False,
}


@pytest.fixture
def connection(apdb: Apdb, sources: Callable[..., Any], objects: Callable[..., Any]) -> Any:
    """Return a connection to a database of two visits, whose three objects have 2, 2 and 1 sources."""
    for visit, number in ((2, 3), (1, 2)):
        given = sources(number, visit=visit)
        apdb.store(
            61000.0 + 3 - visit,
            objects(given),
            given,
            visits=[Visit(visit, 42, 61000.0 + visit, 100 * visit + 42)],
        )
    connection = sqlite3.connect(str(apdb.address.path))
    yield connection
    connection.close()


def test_the_tutorials_code_counts_sources(connection: Any) -> None:
    """The lines of seed 000, as they stand."""
    tables = {"obj": "dia_objects", "src": "dia_sources", "con": "dia_objects_to_dia_sources"}
    conTable = pandas.read_sql_query("select * from {};".format(tables["con"]), connection)
    objTable = pandas.read_sql_query("select * from {};".format(tables["obj"]), connection)
    srcTable = pandas.read_sql_query("select * from {};".format(tables["src"]), connection)
    obj_id = objTable["id"].values
    con_obj_id = conTable["obj_id"].values
    lowerIndex = np.searchsorted(con_obj_id, obj_id, side="left")
    upperIndex = np.searchsorted(con_obj_id, obj_id, side="right")
    assert (upperIndex - lowerIndex).tolist() == [2, 2, 1]
    assert objTable["coord_ra"].tolist() == pytest.approx([40.01, 40.02, 40.03])
    assert objTable["coord_dec"].tolist() == pytest.approx([-29.99, -29.98, -29.97])
    assert objTable["nobs"].tolist() == [1, 1, 1]
    assert len(srcTable) == 5
    assert set(srcTable["ccdVisitId"]) == {142, 242}


def test_the_baselines_sources_have_every_column_of_the_slides(connection: Any) -> None:
    connection.row_factory = sqlite3.Row
    rows = connection.execute("SELECT * FROM DiaSource_baseline ORDER BY diaSourceId").fetchall()
    assert set(SEED) <= set(rows[0].keys())
    for row in rows:
        assert [name for name, needed in SEED.items() if needed and row[name] is None] == []
    assert [row["ccdVisitId"] for row in rows] == [142, 142, 242, 242, 242]
    assert [row["midPointTai"] for row in rows] == [61001, 61001, 61002, 61002, 61002]
    # Visit 2 was processed first.
    assert [row["prv_procOrder"] for row in rows] == [2, 2, 1, 1, 1]


def test_the_baselines_columns_are_those_of_its_last_schema(connection: Any) -> None:
    folder = pytest.importorskip("lsst.sdm.schemas", reason="lsst-sdm-schemas is not installed")
    import yaml

    (place,) = folder.__path__
    text = (Path(place) / "archive" / "baselineSchema.yaml").read_text()
    content = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    (table,) = [one for one in content["tables"] if one["name"] == "DiaSource"]
    theirs = {column["name"] for column in table["columns"]}
    have = {row[1] for row in connection.execute("PRAGMA table_info(DiaSource_baseline)")}
    # Covariances of fitted models, and the mesh's number.
    assert {name for name in theirs - have if not name.endswith("_Cov")} == {"htmId20"}


def test_objects_and_forced_sources_have_the_baselines_names(connection: Any) -> None:
    rows = connection.execute(
        "SELECT diaObjectId, decl, gPSFluxNdata, validityStart, validityEnd FROM DiaObject_baseline "
        "WHERE diaObjectId = 1 ORDER BY validityStart"
    ).fetchall()
    assert [row[3:] for row in rows] == [
        ("2025-11-22 00:00:00", "2025-11-23 00:00:00"),
        ("2025-11-23 00:00:00", None),
    ]
    assert connection.execute("SELECT * FROM DiaForcedSource_baseline").fetchall() == []
