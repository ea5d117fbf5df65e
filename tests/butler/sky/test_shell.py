"""The shell's command for positions, and the regions in the index, on a survey."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.butler.sky import home
from persistence.cli import main


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[list[str]]:
    """Return the words of each line that a command prints."""
    assert main.main(list(words)) == 0
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_a_position_lists_what_is_there(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = lines(
        capsys, "at", str(survey), "359.99", "0", "--radius", "10s", "--type", "raw"
    )
    assert "visit" in first
    assert [row[first.index("visit")] for row in rest] == ["1"]


def test_a_patch_selects_raws_for_tasks(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = lines(capsys, "at", str(survey), "--overlaps", "tract=0", "--id", "filter=r", "--short")
    assert "--id" in rows[0]
    assert "visit=1^2" in [word.strip("'") for row in rows for word in row], rows


def test_the_index_has_regions_for_others(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = survey.parents[1]
    assert main.main(["index", str(root), "--regions", "-j", "2"]) == 0
    assert "raw: 3 with a region, 0 without" in capsys.readouterr().err
    assert (root / home.FILE).is_file()
