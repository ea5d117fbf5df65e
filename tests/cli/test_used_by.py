"""What was made of datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from persistence import Butler

ID = {"visit": 410877, "ccdnum": 28}


def test_outputs_are_found_in_the_reruns_of_a_repository(run: Any, own: Path) -> None:
    reader = Butler(str(own))
    for name in ("one", "two"):
        butler = Butler(inputs=str(own), outputs=str(own / "rerun" / name))
        with butler.recording():
            reader.get("raw", ID)
            butler.put(np.ones((2, 2), np.float32), "postISRCCD", ID)
    done = run("used-by", own, "raw", "--id", "visit=410877", "ccdnum=28")
    assert (done.status, done.err) == (0, "")
    outputs = [line for line in done.out.splitlines() if line.startswith("-> ")]
    assert outputs == [
        f"-> postISRCCD visit=410877 ccdnum=28  rerun/{name}/0410877/postISR/postISR-0410877_28.fits"
        for name in ("one", "two")
    ]
    # A raw's file holds all detectors: what was made of one of them is found by any.
    other = run("used-by", own, "raw", "--id", "visit=410878", "ccdnum=28")
    assert other.status == 0
    assert "-> " not in other.out
