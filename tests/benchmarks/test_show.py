"""How long ``--show data`` of a task takes, in a fresh process, beside the same by hand."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler

TASK = """
import sys
from lsst.pex.config import Config, Field
from persistence.pipe.cmdline.parser import ArgumentParser
class C(Config):
    a = Field("A number.", int, default=1)
parser = ArgumentParser(name="toy", prog="toy.py")
parser.add_id_argument("--id", "raw", help="which")
parser.parse_args(C())
"""
BARE = """
import os, sqlite3, sys
keys = "date", "filter", "visit", "hdu", "ccdnum", "object"
registry = sqlite3.connect(os.path.join(sys.argv[1], "registry.sqlite3"))
seen, lines = {}, []
for row in registry.execute(f"select distinct {', '.join(keys)} from raw"):
    one = dict(zip(keys, row))
    path = "%(date)s/%(filter)s/decam%(visit)07d.fits.fz" % one
    if path not in seen:
        seen[path] = os.access(os.path.join(sys.argv[1], path), os.F_OK)
    if seen[path]:
        lines.append(f"id dataRef.dataId = {one}\\n")
sys.stdout.writelines(lines)
"""
# What is typed, and how many times as long as by hand it may take: of the last, each data ID is
# told apart.
TYPED = {
    "--id": 2.5,
    "--id visit=100001..101613": 2.5,
    "--id visit=100001..101613 ccdnum=1..62": 5,
}


def took(code: str, *words: str) -> tuple[float, int]:
    """Return the least seconds of three runs, and the number of lines."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        times.append(time.perf_counter() - begin)
    return min(times), done.stdout.count("id dataRef")


@pytest.fixture(scope="module")
def observed(repositories: dict[int, Path]) -> Path:
    """Return the repository of 10^5 rows, with a file for each visit."""
    root = repositories[10**5]
    for date, band, visit in set(Butler(root).queryMetadata("raw", ["date", "filter", "visit"])):
        path = root / date / band / f"decam{visit:07d}.fits.fz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_showing_data(bench: Any, observed: Path) -> None:
    bare, count = took(BARE, str(observed))
    assert count == 10**5
    for typed, bound in TYPED.items():
        ours, count = took(TASK, str(observed), *typed.split(), "--show", "data")
        assert count == 10**5
        bench.tell(
            f"{typed} --show data", ours / bare, "x", f"{ours:.2f} s, by hand {bare:.2f} s", bound
        )
