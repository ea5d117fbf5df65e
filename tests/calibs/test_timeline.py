"""When calibrations are valid, as a picture."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from persistence.calibs import timeline
from persistence.calibs.grouping import Group
from persistence.calibs.series import Series
from persistence.calibs.validity import Window

BIAS = Series("bias", {}, {
    "2015-02-18": Window(date(2015, 1, 1), date(2015, 3, 1)),
    "2015-03-05": Window(date(2015, 3, 2), date(2015, 4, 1)),
})  # fmt: skip
DEFECTS = Series("defects", {}, {"1970-01-01": Window(date(1970, 1, 1), date(2037, 12, 31))})
DARK = Series("dark", {}, {}, broken=("2015-03-01",))
FRINGE = Series("fringe", {}, {}, timeless=("2015-03-01",))
SHOWN = Window(date(2015, 2, 1), date(2015, 5, 1))


def group(one: Series, **keys: Any) -> Group:
    return Group(keys, [one])


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml"), ("a", b"\x89PNG")],
)
def test_the_ending_says_which_format(tmp_path: Path, name: str, start: bytes) -> None:
    timeline.save([group(BIAS)], str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_longer_list_makes_a_higher_picture(tmp_path: Path) -> None:
    for count in (1, 4, 20):
        timeline.save([group(BIAS)] * count, str(tmp_path / f"{count}.png"))
    heights = [imread(tmp_path / f"{count}.png").shape[0] for count in (1, 4, 20)]
    assert heights == sorted(set(heights))


@pytest.mark.parametrize(
    ("one", "legend"),
    [
        (BIAS, ["valid", "valid: the next one", "none is valid", "date of the calibration"]),
        (DEFECTS, ["valid", "open end"]),
        (DARK, ["none is valid", "validity never worked out"]),
        (FRINGE, ["chosen by its date alone"]),
    ],
)
def test_what_is_drawn_is_explained(one: Series, legend: list[str]) -> None:
    made = timeline.draw([group(one)], SHOWN)
    assert [text.get_text() for text in made.legends[0].get_texts()] == legend


def test_bars_are_the_windows_within_the_days_that_are_shown() -> None:
    (axes,) = timeline.draw([group(BIAS, ccdnum="1-3")], SHOWN).axes
    bars = [patch for patch in axes.patches if patch.get_facecolor()[3] > 0]
    first = (SHOWN.start - date(1970, 1, 1)).days
    days = [(bar.get_x() - first, bar.get_width()) for bar in bars]
    assert days == [(0, 29), (29, 31)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bias  ccdnum 1-3"]
    assert axes.get_xlim() == (first, first + 90)


def test_no_calibrations_are_told() -> None:
    (axes,) = timeline.draw([]).axes
    assert [text.get_text() for text in axes.texts] == ["there are no calibrations"]
