"""Registries of many rows, a bench of paired measurements, and the table at the end.

    python -m pytest tests/benchmarks

Every figure is a ratio, or a difference, to a bare operation that is measured in the same run, in turn with it.
The bounds are those of the design; the table at the end says which are kept. A missed bound fails no test, for
what a machine does besides is not the code's fault: read the table.
"""

from __future__ import annotations

import gc
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obs_decam import DecamMapper
from persistence.ingest.config import load
from persistence.registry import open_writer
from persistence.registry.tables import TableSpec

_ROWS: list[tuple[str, str, str, str, bool]] = []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _ROWS:
        terminalreporter.section("speed, beside a bare operation of the same run")
        for what, ours, bare, bound, kept in _ROWS:
            missed = "" if kept else "   MISSED"
            terminalreporter.write_line(f"{what:<54} {ours:>17} {bare:>26}   bound {bound}{missed}")


class Bench:
    """Measures two things in turn, so that what the machine does meanwhile falls on both."""

    def pair(
        self, ours: Callable[[], Any], bare: Callable[[], Any], rounds: int = 200
    ) -> tuple[float, float]:
        """Return the median seconds of each."""
        ours(), bare()
        taken: tuple[list[float], list[float]] = ([], [])
        gc.collect()
        for _ in range(rounds):
            for place, what in enumerate((ours, bare)):
                begin = time.perf_counter()
                what()
                taken[place].append(time.perf_counter() - begin)
        return statistics.median(taken[0]), statistics.median(taken[1])

    def least(
        self, ours: Callable[[], Any], bare: Callable[[], Any], rounds: int = 3000
    ) -> tuple[float, float]:
        """Return the least seconds of each, of many calls in turn."""
        ours(), bare()
        best = [float("inf"), float("inf")]
        gc.collect()
        gc.disable()
        try:
            for _ in range(rounds):
                for place, what in enumerate((ours, bare)):
                    begin = time.perf_counter()
                    what()
                    best[place] = min(best[place], time.perf_counter() - begin)
        finally:
            gc.enable()
        return best[0], best[1]

    def at_best(
        self,
        what: str,
        ours: Callable[[], Any],
        bare: Callable[[], Any],
        times: float | None = None,
        over: float | None = None,
    ) -> None:
        """Report the least time of ours: as many times the bare one's, or microseconds over it."""
        mine, other = self.least(ours, bare)
        shown = f"{1e6 * mine:.2f} us"
        bare_shown = f"bare {1e6 * other:.2f} us"
        if times is not None:
            _ROWS.append((what, shown, bare_shown, f"{times:g} x", mine <= times * other))
        if over is not None:
            kept = 1e6 * (mine - other) <= over
            _ROWS.append((what, shown, bare_shown, f"{over:g} us over", kept))

    def over(
        self,
        what: str,
        ours: Callable[[], Any],
        bare: Callable[[], Any],
        bound: float,
        rounds: int = 200,
    ) -> None:
        """Report how many microseconds ours takes over the bare operation."""
        mine, other = self.pair(ours, bare, rounds)
        extra = 1e6 * (mine - other)
        _ROWS.append(
            (what, f"{extra:.1f} us", f"over {1e6 * other:.1f} us", f"{bound:g} us", extra <= bound)
        )

    def ratio(
        self,
        what: str,
        ours: Callable[[], Any],
        bare: Callable[[], Any],
        bound: float,
        rounds: int = 7,
    ) -> None:
        """Report how many times the bare operation's time ours takes."""
        mine, other = self.pair(ours, bare, rounds)
        _ROWS.append(
            (
                what,
                f"{mine / other:.2f} x",
                f"of {1e3 * other:.1f} ms",
                f"{bound:g} x",
                mine <= bound * other,
            )
        )

    def tell(
        self,
        what: str,
        value: float,
        unit: str,
        beside: str,
        bound: float,
        more_is_better: bool = False,
    ) -> None:
        """Report a figure that was measured elsewhere."""
        kept = value >= bound if more_is_better else value <= bound
        _ROWS.append((what, f"{value:,.1f} {unit}", beside, f"{bound:,g} {unit}", kept))


@pytest.fixture(scope="session")
def bench() -> Bench:
    """Return the bench."""
    return Bench()


def fill(root: Path, rows: int) -> Path:
    """Return a DECam repository whose registry has some rows: 62 detectors a visit, filters in turn."""
    root.mkdir(parents=True)
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    register = load(DecamMapper.ingestFile).register
    spec = TableSpec(register.table, register.columns, register.unique, register.visit)
    writer = open_writer(str(root), {"raw": spec})
    filters = "ugrizY"

    def row(number: int) -> dict[str, Any]:
        visit, ccdnum = 100001 + number // 62, number % 62 + 1
        return {
            "visit": visit, "filter": filters[visit % 6], "date": f"20{visit % 20:02d}-01-{visit % 28 + 1:02d}",
            "taiObs": "2015-01-01T00:00:00", "expTime": 90.0, "ccdnum": ccdnum, "ccd": ccdnum, "hdu": ccdnum,
            "instcal": "", "dqmask": "", "wtmap": "", "proposal": "2014A-0000", "object": f"field {visit % 900}",
        }  # fmt: skip

    for start in range(0, rows, 50000):
        with writer.transaction():
            writer.add("raw", [row(number) for number in range(start, min(rows, start + 50000))])
    writer.close()
    return root


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Return repositories of 10^3, 10^5 and 10^6 registry rows."""
    folder = tmp_path_factory.mktemp("bench")
    return {rows: fill(folder / str(rows), rows) for rows in (10**3, 10**5, 10**6)}


def bare_rows(root: Path, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
    """Query a registry as one would without this project."""
    connection = sqlite3.connect(root / "registry.sqlite3")
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
