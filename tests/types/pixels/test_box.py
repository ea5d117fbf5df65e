"""Boxes of pixels: sections of headers, slices of arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import DataIdError, FormatterError
from persistence.types.pixels.box import Box

BOXES = st.builds(Box, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
IMAGE = np.arange(20 * 30).reshape(20, 30)


@pytest.mark.parametrize(
    ("section", "box"),
    [
        ("[1:30,1:20]", Box(0, 0, 30, 20)),
        ("[57:2104,51:4146]", Box(56, 50, 2048, 4096)),
        ("[5:5,7:7]", Box(4, 6, 1, 1)),
        ("[30:1,1:20]", Box(0, 0, 30, 20)),
        ("[1:30,20:1]", Box(0, 0, 30, 20)),
        (" [ 1 : 30 , 1 : 20 ] ", Box(0, 0, 30, 20)),
    ],
)
def test_a_section_of_a_header_counts_from_one_with_both_ends_inside(section, box):
    assert Box.from_section(section) == box


@pytest.mark.parametrize(
    "section",
    [
        "",
        "[]",
        "[1:2]",
        "1:2,3:4",
        "[1:2,3:4",
        "[a:b,c:d]",
        "[1:2,3:4,5:6]",
        "[1.5:2,3:4]",
        "[*,*]",
    ],
)
def test_what_is_no_section_is_refused_and_shown(section):
    with pytest.raises(FormatterError, match="is not an image section of the form") as caught:
        Box.from_section(section)
    assert repr(section) in str(caught.value)


def test_a_section_that_begins_at_zero_is_refused():
    with pytest.raises(FormatterError):
        Box.from_section("[0:10,0:10]")


@settings(max_examples=100, deadline=None)
@given(BOXES.filter(lambda box: box.width and box.height))
def test_a_section_gives_the_box_that_it_was_made_of(box):
    x1, x2, y1, y2 = box.x0 + 1, box.x0 + box.width, box.y0 + 1, box.y0 + box.height
    for section in (f"[{x1}:{x2},{y1}:{y2}]", f"[{x2}:{x1},{y2}:{y1}]"):
        assert Box.from_section(section) == box


@settings(max_examples=200, deadline=None)
@given(BOXES)
def test_the_slices_of_a_box_give_its_pixels(box):
    cut = IMAGE[box.slices]
    assert cut.shape == (box.height, box.width)
    if cut.size:
        assert cut[0, 0] == IMAGE[box.y0, box.x0]
        assert cut[-1, -1] == IMAGE[box.y0 + box.height - 1, box.x0 + box.width - 1]


@settings(max_examples=200, deadline=None)
@given(BOXES, BOXES)
def test_a_box_contains_another_if_it_has_all_its_pixels(box, other):
    def pixels(one: Box) -> set[int]:
        return set(IMAGE[one.slices].ravel().tolist())

    if other.width and other.height:
        assert box.contains(other) == (pixels(other) <= pixels(box))
    else:
        assert not box.contains(other) or pixels(other) == set()


@settings(max_examples=200, deadline=None)
@given(BOXES, BOXES, st.integers(-9, 9), st.integers(-9, 9))
def test_moving_two_boxes_alike_changes_nothing_between_them(box, other, dx, dy):
    moved = box.shifted(dx, dy)
    assert moved.shifted(-dx, -dy) == box
    assert (moved.width, moved.height) == (box.width, box.height)
    assert moved.contains(other.shifted(dx, dy)) == box.contains(other)


class AfwBox:
    """A box with afw's methods alone."""

    def getMinX(self):
        return 1

    def getMinY(self):
        return 2

    def getWidth(self):
        return 3

    def getHeight(self):
        return 4


@pytest.mark.parametrize(
    "given_box",
    [
        Box(1, 2, 3, 4),
        (1, 2, 3, 4),
        [1, 2, 3, 4],
        np.array([1, 2, 3, 4]),
        ("1", "2", "3", "4"),
        AfwBox(),
    ],
    ids=lambda box: type(box).__name__,
)
def test_whatever_is_like_a_box_is_taken_for_one(given_box):
    assert Box.from_any(given_box) == Box(1, 2, 3, 4)


@pytest.mark.parametrize(
    "given_box",
    [
        (1, 2, 3),
        (1, 2, 3, 4, 5),
        5,
        None,
        pytest.param(
            ("a", 2, 3, 4),
        ),
        pytest.param((0.5, 2, 3, 4)),
    ],
    ids=repr,
)
def test_what_is_no_box_is_refused(given_box):
    with pytest.raises(DataIdError, match="is not a box: use Box") as caught:
        Box.from_any(given_box)
    assert type(caught.value) is DataIdError


def test_afws_names_say_the_same():
    box = Box(1, 2, 3, 4)
    assert (box.getMinX(), box.getMinY(), box.getWidth(), box.getHeight()) == (1, 2, 3, 4)


def test_a_box_of_negative_size_is_inside_nothing():
    assert not Box(0, 0, 10, 10).contains(Box(5, 5, -2, -2))
