"""A rerun to copy and to bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from astropy.table import Table

from persistence import Butler


@pytest.fixture
def source(own: Path, make_calibs: Callable[..., Path]) -> Path:
    """Return a rerun, whose repository has raws and calibrations."""
    make_calibs(own / "CALIB")
    rerun = Butler(inputs=str(own), outputs=str(own / "rerun/a"), durable=False, record=True)
    for visit in (410877, 410878):
        with rerun.recording():
            rerun.get("raw", visit=visit, ccdnum=28)
            rerun.put(Table({"id": [1, visit]}), "src", visit=visit, ccdnum=28)
    rerun.put({"a": 1}, "processCcd_metadata", visit=410877, ccdnum=28)
    rerun.defineDataset("note", template="notes/%(visit)d.txt", storage="TextStorage", python="str")
    rerun.put("of the night", "note", visit=410877)
    return own / "rerun/a"
