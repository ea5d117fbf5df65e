"""Which outputs are stale."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from persistence import Butler

ID = {"visit": 410877, "ccdnum": 28}


def test_each_is_a_line_with_its_reasons(run: Any, own: Path) -> None:
    root = own / "rerun/a"
    butler = Butler(inputs=str(own), outputs={"root": str(root), "mode": "rw"}, record=True)
    butler.get("raw", ID)
    butler.put(np.ones((2, 2), np.float32), "postISRCCD", ID)
    assert run("stale", root) == (0, "", "")
    (path,) = own.rglob("decam0410877.fits.fz")
    path.unlink()
    done = run("stale", root)
    assert done.status == 0
    assert re.fullmatch(
        r"postISRCCD visit=410877 ccdnum=28:  raw .*: .*decam0410877.fits.fz is missing\n", done.out
    )
    (row,) = json.loads(run("stale", root, "postISRCCD", "--format", "json").out)
    assert (row["datasetType"], row["path"]) == (
        "postISRCCD",
        "0410877/postISR/postISR-0410877_28.fits",
    )
    assert run("stale", root, "calexp") == (0, "", "")
    assert run("stale", root, "calxep").status == 2


def test_where_nothing_is_recorded_that_is_said(run: Any, own: Path) -> None:
    done = run("stale", own)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"persistence: {own}: its journals do not tell what anything was made of\n"


def test_outputs_of_other_times_are_counted(run: Any, own: Path) -> None:
    root = own / "rerun/a"
    butler = Butler(inputs=str(own), outputs={"root": str(root), "mode": "rw"}, record=True)
    butler.get("raw", ID)
    butler.put(np.ones((2, 2), np.float32), "postISRCCD", ID)
    os.utime(butler.getUri("postISRCCD", ID), ns=(0, 0))
    done = run("stale", root)
    assert (done.status, done.out) == (0, "")
    assert done.err.startswith("persistence: 1 outputs have other times than were recorded")
