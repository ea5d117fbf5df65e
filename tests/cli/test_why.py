"""What datasets were made of, as text, JSON, CSV and DOT."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler

ID = {"visit": 410877, "ccdnum": 28}
ONE = ("--id", "visit=410877", "ccdnum=28")


@pytest.fixture
def made(own: Path) -> Path:
    """Return a rerun with the mean of a raw."""
    butler = Butler(inputs=str(own), outputs=str(own / "rerun/a"))
    reader = Butler(str(own))
    with butler.recording():
        raw = reader.get("raw", ID)
        butler.put(np.ones((2, 2), np.float32) * raw.image.mean(), "postISRCCD", ID)
    return own / "rerun/a"


def test_the_tree_is_told_as_text(run: Any, made: Path) -> None:
    done = run("why", made, "postISRCCD", *ONE)
    assert (done.status, done.err) == (0, "")
    first, written, *_, raw, ingested = done.out.splitlines()
    assert first == "postISRCCD visit=410877 ccdnum=28"
    assert re.fullmatch(
        r"  written \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by \S+ on \S+ with .*, after .* s", written
    )
    assert re.match(r"<- raw .*visit=410877 .*  \.\./\.\./2014-02-27/g/decam0410877.fits.fz$", raw)
    assert re.match("     ingested ", ingested)


def test_the_tree_is_told_as_json(run: Any, made: Path) -> None:
    done = run("why", made, "postISRCCD", *ONE, "--format", "json")
    asked, raw = json.loads(done.out)
    assert (asked["asked"], raw["asked"]) == (True, False)
    assert asked["file"] == f"{made}/0410877/postISR/postISR-0410877_28.fits"
    assert [link["file"] for link in asked["inputs"]] == [raw["file"]]
    assert (raw["datasetType"], raw["dataId"]["ccdnum"]) == ("raw", 28)
    assert asked["run"]["versions"]["persistence"]


def test_each_link_is_a_row_of_csv(run: Any, made: Path) -> None:
    done = run("why", made, "postISRCCD", *ONE, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(done.out))
    assert (row["datasetType"], row["inputType"]) == ("postISRCCD", "raw")
    assert row["input"].endswith("decam0410877.fits.fz")


def test_the_graph_is_what_graphviz_reads(run: Any, made: Path) -> None:
    done = run("why", made, "postISRCCD", *ONE, "--dot")
    text = done.out.splitlines()
    assert (text[0], text[-1]) == ("digraph provenance {", "}")
    assert "  n1 -> n0;" in text
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=done.out, text=True, check=True, capture_output=True)


def test_what_is_missing_is_named_and_among_others_counted(run: Any, made: Path) -> None:
    done = run("why", made, "postISRCCD", "--id", "visit=410877", "ccdnum=27")
    assert done.status == 1
    assert done.err.startswith("persistence: No locations for why: postISRCCD")
    done = run("why", made, "postISRCCD", "--id", "visit=410877", "ccdnum=27..28")
    assert (done.status, done.err) == (0, "persistence: 1 of 2 postISRCCD are there\n")
    assert run("why", made, "postISRCD", *ONE).status == 2


def test_what_no_journal_tells_of_is_said_to_be_so(run: Any, made: Path) -> None:
    shutil.rmtree(made / ".persistence/journal")
    done = run("why", made, "postISRCCD", *ONE)
    assert done.status == 0
    assert "not recorded: " in done.out
