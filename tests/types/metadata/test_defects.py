"""Defects: a table of boxes in either form, and the mask that they make."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.metadata.defects import COLUMNS, Defects
from persistence.types.pixels.box import Box

BOXES = [(0, 1, 2, 3), (5, 6, 1, 1)]


def defects(boxes):
    return Defects.from_table(
        Table(np.array(boxes, "i4").reshape(-1, 4), names=COLUMNS, meta={"DETECTOR": 25})
    )


def regions(boxes, turn=0.0):
    """Describe boxes by their centres, counted from 1."""
    return Table(
        {
            "ROTANG": [turn] * len(boxes),
            "SHAPE": ["ROTBOX" if turn else "BOX"] * len(boxes),
            "X": [x0 + (width + 1) / 2 for x0, _, width, _ in boxes],
            "Y": [y0 + (height + 1) / 2 for _, y0, _, height in boxes],
            "R": np.array(
                [(height, width) if turn % 180 else (width, height) for *_, width, height in boxes],
                float,
            ),
        }
    )


def test_defects_are_a_table_with_boxes():
    found = defects(BOXES)
    assert isinstance(found, Table)
    assert (len(found), found.colnames, found.meta) == (2, list(COLUMNS), {"DETECTOR": 25})
    assert found.boxes == [Box(*box) for box in BOXES]
    assert found[1:].boxes == [Box(*BOXES[1])]
    assert defects([]).boxes == []


BOX = st.tuples(st.integers(-5, 12), st.integers(-5, 12), st.integers(1, 8), st.integers(1, 8))


@settings(deadline=None)
@given(boxes=st.lists(BOX, min_size=1, max_size=5), turn=st.sampled_from([0.0, 90.0, 180.0, 270.0]))
def test_regions_become_the_boxes_that_they_describe(boxes, turn):
    assert Defects.from_table(regions(boxes, turn)).boxes == [Box(*box) for box in boxes]


@settings(deadline=None)
@given(boxes=st.lists(BOX, max_size=5), x0=st.integers(-4, 9), y0=st.integers(-4, 9))
def test_the_mask_flags_the_pixels_in_any_box_and_no_other(boxes, x0, y0):
    found = defects(boxes).mask(Box(x0, y0, 7, 5))["BAD"]
    for row, column in np.ndindex(5, 7):
        x, y = x0 + column, y0 + row
        inside = any(
            left <= x < left + wide and low <= y < low + high for left, low, wide, high in boxes
        )
        assert found[row, column] == inside


def test_a_shape_is_of_rows_and_columns_and_the_plane_may_be_named():
    mask = defects(BOXES).mask((8, 4), plane="HOT")
    assert mask["HOT"].shape == (8, 4)
    assert mask.counts() == {"HOT": 6}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            Table({"x0": [1], "y0": [1]}),
            "not a table of defects: it has no width, height, nor SHAPE",
        ),
        (Table({"SHAPE": ["CIRCLE"], "X": [1.0], "Y": [1.0]}), "a region cannot be a 'CIRCLE'"),
        (Table({"SHAPE": ["BOX"], "X": [1.0]}), "not a table of regions"),
        (regions(BOXES, 45.0), "rotated by 45.0 degrees"),
    ],
)
def test_another_table_is_refused(table, message):
    with pytest.raises(FormatterError, match=message):
        Defects.from_table(table)


@pytest.mark.parametrize("size", [10.5, float("nan"), 2.0**31])
def test_a_region_of_no_whole_pixels_is_refused(size):
    table = regions([(0, 0, 3, 2)])
    table["R"][0] = size, 2.0
    with pytest.raises(FormatterError, match="it is not a table of regions: the value"):
        Defects.from_table(table)
