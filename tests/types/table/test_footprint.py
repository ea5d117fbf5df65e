"""Footprints: sets of pixels as runs, and the forms in which archives hold them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from persistence.errors import FormatterError
from persistence.types.archives.archive import Archive
from persistence.types.archives.read import open_archive
from persistence.types.pixels.box import Box
from persistence.types.table import footprint
from persistence.types.table.footprint import Footprint, HeavyFootprint, SpanSet

SPANS = SpanSet.from_arrays([5, 6, 6], [10, 9, 14], [12, 10, 14])
MASKS = arrays.arrays(bool, st.tuples(st.integers(0, 5), st.integers(0, 6)))


def test_a_set_of_runs_knows_its_pixels():
    assert (len(SPANS), SPANS.area, SPANS.bbox) == (3, 6, Box(9, 5, 6, 2))
    assert SPANS.mask().tolist() == [
        [False, True, True, True, False, False],
        [True, True, False, False, False, True],
    ]
    assert (SPANS.getArea(), SPANS.getBBox()) == (6, SPANS.bbox)


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [(10, 5, True), (12, 5, True), (13, 5, False), (14, 6, True), (11, 6, False), (10, 7, False)],
)
def test_a_set_of_runs_contains_their_ends(x, y, inside):
    assert SPANS.contains(x, y) is inside


@pytest.mark.parametrize("arrays", [([1], [2], [1]), ([1, 2], [0], [5])])
def test_runs_that_make_no_sense_are_refused(arrays):
    with pytest.raises(FormatterError):
        SpanSet.from_arrays(*arrays)


@given(MASKS, st.integers(-9, 9), st.integers(-9, 9))
def test_a_mask_is_the_same_as_its_runs(mask, x0, y0):
    spans = SpanSet.from_mask(mask, (x0, y0))
    assert np.array_equal(spans.mask(Box(x0, y0, mask.shape[1], mask.shape[0])), mask)
    assert spans.area == np.count_nonzero(mask)
    assert Box(x0, y0, mask.shape[1], mask.shape[0]).contains(spans.bbox) or not spans.area
    y, x = spans.indices()
    assert all(spans.contains(*pixel) for pixel in zip(x, y, strict=True))


@given(MASKS, st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 6), st.integers(0, 6))
def test_a_box_cuts_what_lies_outside(mask, x0, y0, width, height):
    spans = SpanSet.from_mask(mask)
    values = np.arange(1, spans.area + 1)
    around = np.pad(spans.image(values, Box(0, 0, mask.shape[1], mask.shape[0])), 12)
    box = Box(x0, y0, width, height)
    assert np.array_equal(spans.image(values, box), around[box.shifted(12, 12).slices])


def test_an_empty_set_has_an_empty_box():
    empty = SpanSet.from_arrays([], [], [])
    assert (empty.area, empty.bbox, empty.mask().shape) == (0, Box(0, 0, 0, 0), (0, 0))


def test_values_must_be_as_many_as_pixels():
    peaks = np.zeros(0, [("id", "i8")])
    with pytest.raises(FormatterError, match="6 pixels has variance of shape"):
        HeavyFootprint(SPANS, peaks, np.zeros(6), np.zeros(6), np.zeros(5))


# -- As archives hold them
# ---------------------------------------------------------------------------------

RUNS = {"y": np.array([5, 6]), "x0": np.array([10, 9]), "x1": np.array([12, 10])}
PEAKS = {
    "id": np.array([1, 2]),
    "f_x": np.array([1.5, 2.5], "f4"),
    "merged": np.array([True, False]),
}
PIXELS = {name: [np.arange(5.0)] for name in ("image", "mask", "variance")}
INDEX = [
    (1, 0, 1, 0, 1, "HeavyFootprintF"),
    (1, 2, 4, 0, 1, "HeavyFootprintF"),
    (1, 1, 3, 0, 2, "HeavyFootprintF"),
    (2, 0, 2, 0, 2, "SpanSet"),
    (3, 0, 1, 0, 1, "Footprint"),
    (3, 1, 3, 1, 1, "Footprint"),
    (4, 0, 2, 0, 2, "Footprint"),
    (4, 1, 3, 0, 0, "Footprint"),
    (5, 0, -1, 0, 0, "SpanSet"),
    (6, 0, 5, 0, 1, "Footprint"),
    (6, 1, 3, 0, 0, "Footprint"),
]


@pytest.fixture
def archive():
    """Return an archive of footprints of every form."""
    names = ("id", "cat.persistable", "cat.archive", "row0", "nrows", "name")
    index = dict(zip(names, zip(*INDEX, strict=True), strict=True)) | {"module": [""] * len(INDEX)}
    tables = {1: {"id": np.array([2])}, 2: RUNS, 3: PEAKS, 4: PIXELS, 5: {"id": np.array([3])}}
    return Archive(index, tables.__getitem__, "a file")


def test_a_footprint_has_its_runs_and_its_peaks(archive):
    found = archive.load(3)
    assert type(found) is Footprint
    assert (found.area, found.bbox, found.contains(9, 6)) == (5, Box(9, 5, 4, 2), True)
    assert found.peaks["f_x"].tolist() == [2.5]
    assert found.peaks["merged"].tolist() == [False]
    assert found.getSpans() is archive.load(2)
    assert not found.isHeavy()


def test_a_heavy_footprint_has_its_pixels(archive):
    found = archive.load(1)
    assert found.isHeavy()
    assert found.to_image().tolist() == [[0, 0, 1, 2], [3, 4, 0, 0]]
    assert found.to_image(Box(10, 5, 1, 2), fill=-1).tolist() == [[0], [4]]
    assert len(found.getPeaks()) == 2
    assert found.getImageArray() is found.image


def test_a_footprint_of_before_2017_has_its_runs_in_itself(archive):
    assert (archive.load(4).area, len(archive.load(4).peaks)) == (5, 0)


def test_an_empty_set_of_runs_may_have_no_table(archive):
    assert archive.load(5).area == 0


def test_a_footprint_whose_runs_are_something_else_is_damage(archive):
    with pytest.raises(FormatterError, match=r"a file.*spans of a footprint are Footprint"):
        archive.load(6)


def test_every_kind_of_heavy_footprint_is_known():
    from persistence.types.archives.archive import FACTORIES

    assert [
        name for name in FACTORIES if FACTORIES[name] == f"{footprint.__name__}.make_heavy"
    ] == [f"HeavyFootprint{letter}" for letter in "FDIU"]


@pytest.mark.real
def test_real_footprints_of_old_files_are_read(real):
    heavy = open_archive(str(real / "afw_files" / "legacyHeavyFootprint.fits")).load(1)
    assert (heavy.area, len(heavy.spans), len(heavy.peaks)) == (552, 30, 1)
    assert heavy.contains(*(heavy.peaks[name][0] for name in ("i_x", "i_y")))
    assert heavy.to_image().sum() == pytest.approx(heavy.image.sum())
    assert (heavy.image.dtype, heavy.mask_values.dtype) == (np.dtype("f4"), np.dtype("u2"))
    old = open_archive(str(real / "afw_files" / "preSpanSetsFootprint.fits")).load(1)
    assert (len(old.spans), len(old.peaks)) == (303, 48)
    assert all(old.contains(peak["i_x"], peak["i_y"]) for peak in old.peaks)
    assert old.peaks["merge_peak_i"].any()
