"""Many readers of one repository at once: no error, no lock, nothing changed."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from persistence import Butler

THREADS, PROCESSES = 64, 8


@pytest.fixture
def rerun(own: Path) -> Path:
    """Return a rerun over a repository of two raws; its registry is the parent's."""
    butler = Butler(inputs=str(own), outputs={"root": str(own / "rerun" / "a"), "mode": "rw"})
    for ccdnum in range(1, 9):
        butler.put({"gain": ccdnum / 2}, "processCcd_metadata", visit=410877, ccdnum=ccdnum)
    return own / "rerun" / "a"


def read_all(butler: Butler) -> int:
    """Read and look up what the rerun and its parent hold; gives how much agreed with what was put."""
    agreed = 0
    for ccdnum in range(1, 9):
        agreed += butler.get("processCcd_metadata", visit=410877, ccdnum=ccdnum) == {
            "gain": ccdnum / 2
        }
        agreed += butler.get("raw_md", visit=410877, ccdnum=ccdnum)["CCDNUM"] == ccdnum
        agreed += butler.queryMetadata("raw", "filter", visit=410877, ccdnum=ccdnum) == ["g"]
    return agreed


def open_and_read(root: str) -> int:
    return read_all(Butler(root))


def snapshot(top: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in [top, *top.rglob("*")]}


@pytest.mark.slow
def test_64_threads_read_through_one_butler(rerun: Path) -> None:
    butler, found = Butler(rerun), []
    before = snapshot(rerun.parents[1])

    def work() -> None:
        try:
            found.append(read_all(butler))
        except Exception as error:  # told below
            found.append(error)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [24] * THREADS
    assert snapshot(rerun.parents[1]) == before


@pytest.mark.slow
def test_8_processes_read_one_repository_while_its_registry_can_be_locked(
    rerun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The processes import this module by name; plain `pytest`, unlike `python -m pytest`, leaves it
    # off the path.
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    before = snapshot(rerun.parents[1])
    butler = Butler(rerun)
    assert read_all(butler) == 24
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        reading = pool.map_async(open_and_read, [os.fspath(rerun)] * (2 * PROCESSES))
        assert reading.get(timeout=120) == [24] * (2 * PROCESSES)
        # The processes and this one still have it open: none of them holds a lock.
        registry = sqlite3.connect(
            rerun.parents[1] / "registry.sqlite3", timeout=0, isolation_level=None
        )
        registry.execute("BEGIN EXCLUSIVE")
        registry.execute("ROLLBACK")
        registry.close()
    assert snapshot(rerun.parents[1]) == before
