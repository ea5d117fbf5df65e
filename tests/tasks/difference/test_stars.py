"""Which stars a kernel is fitted to: bright, whole, and from all parts of the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.table import QTable

from persistence.tasks.difference import stars
from persistence.types.pixels.box import Box

BOX = Box(0, 0, 600, 1200)


def table(x: Any, y: Any, flux: Any, **flags: Any) -> QTable:
    made = QTable(
        {"base_SdssCentroid_x": x, "base_SdssCentroid_y": y, "base_PsfFlux_instFlux": flux}
    )
    made["base_PsfFlux_instFluxErr"] = np.ones(len(made))
    for flag in ("bad", "saturated", "edge"):
        made[f"base_PixelFlags_flag_{flag}"] = flags.get(flag, np.zeros(len(made), bool))
    return made


def chosen(given: QTable, number: int = 10, good: Any = None) -> list[int]:
    whole = np.ones((BOX.height, BOX.width), bool) if good is None else good
    return [int(row) for row in stars.chosen(given, whole, BOX, number, 20, 40.0)]


def test_the_brightest_of_each_part_come_first() -> None:
    given = table([50.0, 55, 60, 450], [50.0, 55, 60, 1000], [500.0, 900, 700, 60])
    assert chosen(given, 2) == [1, 3]
    assert chosen(given, 3) == [1, 3, 2]
    assert chosen(given) == [1, 3, 2, 0]


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("base_PsfFlux_instFlux", 39.0), ("base_PsfFlux_instFlux", np.nan),
        ("base_SdssCentroid_x", 10.0), ("base_SdssCentroid_y", 1190.0),
        ("base_SdssCentroid_x", np.nan), ("base_PixelFlags_flag_saturated", True),
    ],
)  # fmt: skip
def test_what_is_faint_flagged_or_at_the_edge_is_left_out(change: str, value: Any) -> None:
    given = table([50.0, 300], [50.0, 600], [500.0, 900])
    given[change][1] = value
    assert chosen(given) == [0]


def test_what_is_near_many_bad_pixels_is_left_out() -> None:
    good = np.ones((BOX.height, BOX.width), bool)
    good[595:606, 290:301] = False
    assert chosen(table([50.0, 300], [50.0, 600], [500.0, 900]), good=good) == [0]


def test_of_a_family_only_its_members_are_taken() -> None:
    given = table([50.0, 300, 301], [50.0, 600, 600], [500.0, 900, 900])
    given["deblend_nChild"] = [0, 1, 0]
    assert chosen(given) == [2, 0]
