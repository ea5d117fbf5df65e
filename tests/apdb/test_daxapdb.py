"""LSST's programs read and write the same database, and are a backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence.apdb import backends
from persistence.apdb.apdb import Apdb
from persistence.apdb.pixels import Cone, Polygon
from persistence.errors import DatabaseError

pytest.importorskip("lsst.dax.apdb.sql", reason="lsst-dax-apdb is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

NOW = 61000.25
ALL = Cone(40.0, -30.0, 0.5)
Rows = Callable[..., dict[str, Any]]


@pytest.fixture
def dax(config: Any) -> Any:
    config.backend = "dax_apdb"
    return backends.create(config)


def test_what_we_write_lssts_programs_read(
    apdb: Apdb, dax: Any, sources: Rows, objects: Rows
) -> None:
    given = sources(5)
    apdb.store(NOW, objects(given), given)
    found = dax.getDiaObjects(ALL)
    assert sorted(found["diaObjectId"]) == [1, 2, 3, 4, 5]
    assert found["validityStartMjdTai"].tolist() == [NOW] * 5
    read = dax.getDiaSources(None, [2, 3], 61000.0)
    read.sort("diaSourceId")
    assert read["psfFlux"].tolist() == pytest.approx(given["psfFlux"][1:3], rel=1e-6)
    assert np.isnan(read["templateFlux"]).all()
    assert dax.containsVisitDetector(1, 42)
    assert not dax.containsVisitDetector(2, 42)


def test_what_lssts_programs_write_we_read(
    config: Any, dax: Any, sources: Rows, objects: Rows
) -> None:
    dax.makeSchema()
    given = sources(5)
    forced = {
        "diaForcedSourceId": np.arange(5),
        **{name: given[name] for name in ("diaObjectId", "visit", "detector", "ra", "dec")},
        **{name: given[name] for name in ("midpointMjdTai", "psfFlux", "psfFluxErr", "band")},
    }
    assert dax.store(NOW, objects(given), given, forced)
    assert not dax.store(NOW, objects(given), given, forced)
    assert len(dax.getDiaForcedSources(None, [1, 2], 61000.0)) == 2
    assert dax.makeSchema() == []
    config.backend = "own"
    own = backends.create(config)
    assert {"ApdbVisitDetector", "dia_objects"} <= set(own.makeSchema())  # what is only ours
    assert own.containsVisitDetector(1, 42)
    corners = Polygon.around([39.9, 40.1, 40.1, 39.9], [-30.1, -30.1, -29.9, -29.9], 0.01)
    assert own.getDiaObjects(corners)["ra"].tolist() == pytest.approx(given["ra"])
    second = sources(5, visit=2)
    assert own.store(NOW + 1, objects(second), second)
    assert dax.getDiaObjects(ALL)["validityStartMjdTai"].tolist() == [NOW + 1] * 5


def test_forced_sources_of_earlier_visits_are_stored_once(
    dax: Any, sources: Rows, objects: Rows
) -> None:
    dax.makeSchema()
    given = sources(3)
    assert dax.store(NOW, objects(given), given)
    kept = ("diaObjectId", "visit", "detector", "ra", "dec", "midpointMjdTai", "psfFlux", "band")
    forced = {"diaForcedSourceId": np.arange(3), **{name: given[name] for name in kept}}
    part = {name: np.asarray(values)[:2] for name, values in forced.items()}
    assert dax.storeForced(NOW + 1, part, objects(given)) == 2
    assert dax.storeForced(NOW + 2, forced, objects(given)) == 1
    assert dax.storeForced(NOW + 3, forced, objects(given)) == 0
    assert len(dax.getDiaForcedSources(None, [1, 2, 3], 61000.0)) == 3
    assert dax.getDiaObjects(ALL)["validityStartMjdTai"].tolist() == [NOW + 2] * 3


def test_errors_of_lssts_programs_are_ours(dax: Any, config: Any) -> None:
    with pytest.raises(DatabaseError, match=r"^sqlite:.*association.db"):
        dax.getDiaObjects(ALL)
