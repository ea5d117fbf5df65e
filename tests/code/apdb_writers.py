"""Four processes write to one database, and associate as they do.

    apdb_writers.py ADDRESS [ISOLATION] [same]

Each has visits of its own, or all have the same.
"""

from __future__ import annotations

import multiprocessing
import sys
from typing import Any

import numpy as np

from persistence.apdb.apdb import Apdb
from persistence.apdb.association import associate
from persistence.apdb.config import ApdbConfig
from persistence.apdb.pixels import Cone

WRITERS, VISITS, SOURCES = 4, 6, 50
SAME = "same" in sys.argv


def database(address: str) -> Apdb:
    config = ApdbConfig()
    config.db_url = address
    config.isolation_level = next(iter(sys.argv[2:3]), None) or None
    return Apdb(config)


def write(words: tuple[str, int]) -> int:
    """Store some visits of the same 50 positions; return how many failed."""
    address, writer = words
    apdb, failed = database(address), 0
    positions = 40 + 0.001 * np.arange(SOURCES), np.full(SOURCES, -30.0)
    for number in range(VISITS):
        visit = 1 + (0 if SAME else writer) * VISITS + number
        try:
            with apdb.exclusive():
                known = apdb.getDiaObjects(Cone(40.0, -30.0, 0.2))
                pairs = associate((known["ra"], known["dec"]), positions, 1.0).objects
                new = visit * 1000 + np.arange(SOURCES)
                ids = np.asarray(known["diaObjectId"])
                identifiers = np.where(pairs < 0, new, ids[pairs] if ids.size else new)
                sources = _sources(visit, new, identifiers, positions)
                objects = {"diaObjectId": identifiers, "ra": positions[0], "dec": positions[1]}
                apdb.store(61000.0 + visit, objects, sources)
        except Exception as error:  # it is counted
            print(error)
            failed += 1
    return failed


def _sources(visit: int, numbers: Any, identifiers: Any, positions: Any) -> dict[str, Any]:
    return {
        "diaSourceId": numbers,
        "visit": np.full(SOURCES, visit),
        "detector": np.full(SOURCES, 42),
        "diaObjectId": identifiers,
        "midpointMjdTai": np.full(SOURCES, 61000.0 + visit),
        "ra": positions[0],
        "dec": positions[1],
        "x": positions[0],
        "y": positions[1],
    }


def main(address: str) -> None:
    apdb = database(address)
    with multiprocessing.get_context("spawn").Pool(WRITERS) as pool:
        # The tables are made by all of them, too.
        pool.map(make, [address] * WRITERS)
        failed = sum(pool.map(write, [(address, writer) for writer in range(WRITERS)], 1))
    counts = apdb.tableRowCount()
    newest = apdb.getDiaObjects(Cone(40.0, -30.0, 0.2))
    assert len(newest) == SOURCES, f"{len(newest)} objects at {SOURCES} positions"
    print(
        f"{counts['DiaSource']} of {(1 if SAME else WRITERS) * VISITS * SOURCES}, {failed} failed"
    )


def make(address: str) -> None:
    database(address).makeSchema()


if __name__ == "__main__":
    main(sys.argv[1])
