"""The summaries of a visit's detectors become one catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler
from persistence.quality.bounds import Bound
from persistence.quality.catalogs import catalog
from persistence.tasks.consolidate_visit_summary import ConsolidateVisitSummaryTask, consolidated

CAMERA = """\
exposures: {raw: {template: 'raw/%(visit)d-%(ccd)d.fits'}}
levels: {visit: [ccd]}
detectors: {key: ccd}
"""


@pytest.fixture
def root(tmp_path: Path) -> str:
    """Return a rerun with summaries of two visits, on a camera of three lines."""
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/camera.yaml").write_text(CAMERA)
    (tmp_path / "repo/_mapper").write_text("camera.yaml\n")
    butler = Butler(str(tmp_path / "repo"))
    for visit in (7, 8):
        for ccd in (3, 1, 2):
            row = {"id": ccd, "visit": visit, "band": "r", "skyBg": 100.0 * ccd}
            butler.put(catalog([row]), "ccdSummary", visit=visit, ccd=ccd)
    return str(tmp_path / "repo")


def run(*words: str) -> int:
    try:
        ConsolidateVisitSummaryTask.parseAndRun(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_each_visit_gets_a_catalog_of_its_detectors(root: str) -> None:
    assert run(root, "--output", root, "--id") == 0
    butler = Butler(root)
    for visit in (7, 8):
        table = butler.get("visitSummary", visit=visit)
        assert table["id"].tolist() == [1, 2, 3]
        assert set(table["visit"]) == {visit}
        assert table["skyBg"].tolist() == [100, 200, 300]


def test_only_the_visits_that_are_asked_for_are_done(root: str) -> None:
    assert run(root, "--rerun", "a", "--id", "visit=8", "ccd=2") == 0
    butler = Butler(f"{root}/rerun/a")
    assert len(butler.get("visitSummary", visit=8)) == 3  # all its detectors
    assert not butler.datasetExists("visitSummary", visit=7)


def test_visits_without_summaries_are_told(root: str, caplog: Any) -> None:
    assert run(root, "--rerun", "a", "--id", "visit=9") != 0
    assert "No data found for ccdSummary {'visit': 9}" in caplog.text


def test_a_detector_unlike_the_others_becomes_suspicious() -> None:
    rng = np.random.default_rng(4)
    rows = [
        {"id": ccd, "visit": 1, "band": "r", "skyBg": 500 + rng.normal(0, 2), "zeroPoint": 30.0}
        for ccd in range(12)
    ]
    rows[5] |= {"zeroPoint": 29.0, "suspicious": True, "reasons": "nMatch 2 < 5"}
    rows[9] |= {"skyBg": 700.0}
    table = consolidated([catalog([row]) for row in reversed(rows)])
    assert table["id"].tolist() == list(range(12))
    assert np.flatnonzero(table["suspicious"]).tolist() == [5, 9]
    assert table["reasons"][5] == "nMatch 2 < 5; zeroPoint 29 < 29.9 (visit 30)"
    assert table["reasons"][9].startswith("skyBg 700 > 55")
    # those that were looked at in each detector by itself are not looked at again
    assert not any(consolidated([table[:4]], {"skyBg": Bound(max=1)})["suspicious"])
