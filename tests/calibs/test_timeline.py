"""When calibrations are valid, as a picture."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from matplotlib.image import imread

from persistence.calibs import timeline
from persistence.calibs.series import Series
from persistence.calibs.validity import Window

SERIES = [
    Series(
        "bias",
        {"ccdnum": number},
        {"2015-02-18": Window(date(2015, 1, 1), date(2015, 3, 1 + number))},
    )
    for number in (1, 2)
]


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml"), ("a", b"\x89PNG")],
)
def test_the_ending_says_which_form(tmp_path: Path, name: str, start: bytes) -> None:
    timeline.save(SERIES, str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_longer_list_makes_a_higher_picture(tmp_path: Path) -> None:
    for count in (1, 2, 20):
        timeline.save((SERIES * 10)[:count], str(tmp_path / f"{count}.png"))
    heights = [imread(tmp_path / f"{count}.png").shape[0] for count in (1, 2, 20)]
    assert heights == sorted(set(heights))
    # bars, not an empty page
    assert len(set(imread(tmp_path / "2.png").reshape(-1, 4)[:, 0].round(2))) > 3
