"""The page doc/quality.rst: its examples are what they show."""

from __future__ import annotations

import doctest
import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler
from persistence.cli import main
from persistence.quality.catalogs import catalog
from persistence.tasks.consolidate_visit_summary import ConsolidateVisitSummaryTask
from persistence.types.exposure.photocalib import PhotoCalib

PAGE = Path(__file__).resolve().parents[1] / "doc" / "quality.rst"
COMMAND = re.compile(r"^    \$ (.*)\n((?:    (?!\$ ).*\n|\n(?=    (?!\$ )))*)", re.M)


def some(visit: int, ccd: int) -> dict[str, Any]:
    """Return a row: each detector differs a little, the 9th in its zero point, the 17th in its mask."""
    step = (ccd * 7 % 24 - 12) / 1000
    return {
        "id": ccd, "visit": visit, "band": "r", "detectorName": f"N{ccd}", "psfSigma": 1.7,
        "bbox_min_x": 0, "bbox_min_y": 0, "bbox_max_x": 2047, "bbox_max_y": 4095,
        "seeing": 1.05 + step, "e1": 0.02, "e2": -0.01, "skyBg": 901 + 100 * step,
        "skyNoise": 30.4 + step, "zeroPoint": 30.186 + step / 4 - 0.6 * (ccd == 9),
        "magLim": 23.87 + step / 4, "pixelScale": 0.2626, "astromOffsetMean": 0.018,
        "nSource": 1200, "nPsfStar": 90, "nMatch": 400,
        "fractionMasked": 0.31 if ccd == 17 else 0.009,
        "suspicious": ccd == 17, "reasons": "fractionMasked 0.31 > 0.2" if ccd == 17 else "",
        "expMidptMJD": 57000.1 + 0.01 * (visit - 410877),
        "raCorners": 150 + 0.3 * (ccd % 4) + np.array([0.14, -0.14, -0.14, 0.14]),
        "decCorners": 2 + 0.15 * (ccd // 4) + np.array([-0.07, -0.07, 0.07, 0.07]),
    }  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the rerun that the page asks: two visits of 24 chips."""
    folder = tmp_path_factory.mktemp("quality")
    (folder / "repo").mkdir()
    (folder / "repo/_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    bounds = re.findall(
        r"^    ((?:seeing|zeroPoint|nMatch): (?:{|null).*\n)", PAGE.read_text(), re.M
    )
    (folder / "mine.yaml").write_text("".join(bounds))
    rerun = {"root": str(folder / "repo/rerun/a"), "mode": "rw"}
    butler = Butler(inputs=str(folder / "repo"), outputs=rerun, durable=False)
    for visit in (410877, 410878):
        for ccd in range(1, 25):
            row = some(visit, ccd)
            calib = PhotoCalib.from_zero_point(row["zeroPoint"], 0.002)
            butler.put(catalog([row], [calib]), "ccdSummary", visit=visit, ccdnum=ccd)
    return folder


def run(words: list[str]) -> int:
    """Run a command of the page."""
    if words[0] == "persistence":
        return main.main(words[1:])
    try:
        ConsolidateVisitSummaryTask.parseAndRun(words[1:])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_commands_print_what_the_page_shows(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(place)
    commands = COMMAND.findall(PAGE.read_text())
    assert len(commands) == 4
    for command, shown in commands:
        status = run(shlex.split(command))
        printed = capsys.readouterr().out
        assert status == (3 if "--strict" in command else 0), command
        if shown.strip():
            assert printed.rstrip() == textwrap.dedent(shown).rstrip()
    assert (place / "quality.png").stat().st_size > 10000
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
    assert result.attempted > 8
