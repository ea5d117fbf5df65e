"""Kill a store at each of its statements, repeat it, and compare: ``killed_store.py FOLDER``."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np

from persistence.apdb.alchemy import sqlalchemy as sa
from persistence.apdb.apdb import Apdb
from persistence.apdb.config import ApdbConfig


def database(path: Path) -> Apdb:
    config = ApdbConfig()
    config.db_url = f"sqlite:///{path}"
    return Apdb(config)


def visit(number: int) -> dict[str, Any]:
    ids = np.arange(20) + 1
    return {
        "diaSourceId": ids + 1000 * number,
        "visit": np.full(20, number),
        "detector": np.full(20, 42),
        "diaObjectId": ids,
        "midpointMjdTai": np.full(20, 61000.0 + number),
        "ra": 40 + 0.01 * ids,
        "dec": -30 + 0.01 * ids,
        "x": 1.0 * ids,
        "y": 1.0 * ids,
    }


def store(apdb: Apdb, number: int) -> None:
    sources = visit(number)
    objects = {name: sources[name] for name in ("diaObjectId", "ra", "dec")}
    features = {"diaObjectId": sources["diaObjectId"], "band": np.full(20, "g")}
    objects["nDiaSources"] = np.full(20, number)
    apdb.store(61000.0 + number, objects, sources, features=features)


def repeated(path: Path, last: int) -> bool:
    """Do all from the start in a child, killed before statement `last`; then again, whole.

    Return whether it was killed.
    """
    child = os.fork()
    if child == 0:
        apdb, count = database(path), 0

        def step(*_: Any) -> None:
            nonlocal count
            count += 1
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)

        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            sa.event.listen(apdb._engine, name, step)
        everything(apdb)
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    everything(database(path))
    return killed


def everything(apdb: Apdb) -> None:
    apdb.makeSchema()
    for number in (1, 2):
        store(apdb, number)


def content(path: Path) -> dict[str, Any]:
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    tables = [name for name in names if name[0].isupper() and "_DiaS" not in name]
    return {"names": sorted(names)} | {
        name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr)
        for name in tables
        if connection.execute("SELECT type FROM sqlite_master WHERE name = ?", [name]).fetchone()[0]
        == "table"
    }


def main(folder: Path) -> None:
    everything(database(folder / "whole.db"))
    expected, last = content(folder / "whole.db"), 1
    assert len(expected["DiaObject"]) == len(expected["DiaSource"]) == 40
    while repeated(folder / f"{last}.db", last):
        assert content(folder / f"{last}.db") == expected, last
        last += 1
    print(f"the same after {last - 1} kills")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
