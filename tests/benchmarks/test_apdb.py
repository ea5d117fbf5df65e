"""How long 10^4 DIASources take to be stored, beside sqlite3 writing the same rows alone."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from persistence.apdb import lightcurves, rows, schema
from persistence.apdb.apdb import Apdb
from persistence.apdb.association import associate
from persistence.apdb.config import ApdbConfig

ROWS = 10_000


def sources(visit: int) -> dict[str, Any]:
    """Return DIASources with a value in every column but those that no program of ours has."""
    random = np.random.default_rng(visit)
    columns: dict[str, Any] = {}
    for column in schema.load()["DiaSource"].columns.values():
        if column.type in ("double", "float"):
            columns[column.name] = random.random(ROWS)
        elif column.type == "boolean":
            columns[column.name] = random.random(ROWS) > 0.5
    ids = np.arange(ROWS) + 1
    columns |= {
        "diaSourceId": ids + ROWS * visit,
        "diaObjectId": ids,
        "visit": np.full(ROWS, visit),
        "detector": np.full(ROWS, 42),
        "ra": 40 + random.random(ROWS),
        "dec": -30 + random.random(ROWS),
        "band": np.full(ROWS, "g"),
    }
    del columns["timeWithdrawnMjdTai"]
    return columns


def test_storing_sources(bench: Any, tmp_path: Path) -> None:
    config = ApdbConfig()
    config.db_url = f"sqlite:///{tmp_path}/association.db"
    apdb = Apdb(config)
    apdb.makeSchema()
    bare = sqlite3.connect(tmp_path / "bare.db")
    given = sources(0)
    table = schema.load()["DiaSource"]
    plain = [tuple(row.values()) for row in rows.encode(table, given)]
    names = ", ".join(f'"{name}"' for name in given)
    bare.execute(f"CREATE TABLE DiaSource ({names})")
    visits = itertools.count(1)

    def ours() -> None:
        made = sources(next(visits))
        objects = {name: made[name] for name in ("diaObjectId", "ra", "dec")}
        assert apdb.store(61000.0, objects, made)

    def alone() -> None:
        sources(0)
        with bare:
            bare.executemany(f"INSERT INTO DiaSource VALUES ({', '.join('?' * len(given))})", plain)

    bench.ratio("APDB: store of 10^4 sources and objects", ours, alone, 25.0, rounds=5)
    bare.close()


def test_statistics(bench: Any) -> None:
    given = sources(1)
    given["diaObjectId"] //= 10
    alone = lambda: np.lexsort([given[name] for name in ("psfFlux", "diaObjectId")])  # noqa: E731
    bench.ratio(
        "APDB: statistics of 10^3 light curves of 10, six bands",
        lambda: lightcurves.calculate(given, None, "ugrizy"),
        alone,
        40.0,
        rounds=20,
    )


def test_association(bench: Any) -> None:
    from scipy.spatial import cKDTree

    one, other = (sources(visit) for visit in (1, 2))
    points = [np.column_stack([each["ra"], each["dec"]]) for each in (one, other)]
    bench.ratio(
        "APDB: association of 10^4 and 10^4",
        lambda: associate((one["ra"], one["dec"]), (other["ra"], other["dec"]), 1.0),
        lambda: cKDTree(points[0]).query(points[1]),
        3.0,
        rounds=10,
    )
