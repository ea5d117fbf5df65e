"""Databases in files, and rows for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lsst.pex.config", reason="pip install '.[ap]'")
pytest.importorskip("sqlalchemy", reason="pip install '.[ap]'")


@pytest.fixture
def config(tmp_path: Path) -> Any:
    """Return a configuration of a database in a file that is not there."""
    from persistence.apdb.config import ApdbConfig

    made = ApdbConfig()
    made.db_url = f"sqlite:///{tmp_path}/association.db"
    made.connection_timeout = 1.0
    return made


@pytest.fixture
def apdb(config: Any) -> Any:
    """Return a database with tables and nothing in them."""
    from persistence.apdb.apdb import Apdb

    made = Apdb(config)
    made.makeSchema()
    return made


@pytest.fixture
def sources() -> Callable[..., dict[str, Any]]:
    """Return a function that makes DIASources of a visit, each of an object of its own number."""

    def make(number: int, visit: int = 1, detector: int = 42, **more: Any) -> dict[str, Any]:
        ids = np.arange(number) + 1
        rng = np.random.default_rng(visit)
        columns = {
            "diaSourceId": ids + 1000 * visit,
            "visit": np.full(number, visit),
            "detector": np.full(number, detector),
            "diaObjectId": ids,
            "midpointMjdTai": np.full(number, 61000.0 + visit),
            "ra": 40 + 0.01 * ids,
            "dec": -30 + 0.01 * ids,
            "x": 10.0 * ids,
            "y": 20.0 * ids,
            "psfFlux": rng.normal(1000, 100, number),
            "psfFluxErr": np.full(number, 50.0),
            "band": np.full(number, "g"),
        }
        return columns | more

    return make


@pytest.fixture
def objects() -> Callable[..., dict[str, Any]]:
    """Return a function that makes objects of DIASources, as if each had but one."""

    def make(sources: dict[str, Any]) -> dict[str, Any]:
        kept = {name: sources[name] for name in ("diaObjectId", "ra", "dec")}
        return kept | {"nDiaSources": np.ones(len(kept["ra"]), int)}

    return make
