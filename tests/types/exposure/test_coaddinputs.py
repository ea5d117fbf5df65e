"""Coadd inputs: rows of visits and detectors, and the objects that go with them."""

from __future__ import annotations

import numpy as np

from persistence.types.exposure.coaddinputs import make
from persistence.types.pixels.box import Box

VISITS = {
    "id": np.array([10, 11]),
    "psf": np.array([5, 0]),
    "weight": np.array([0.5, 1.0]),
    "filter": ["g", "g"],
    "bbox_min_x": np.array([0, 2]),
    "bbox_min_y": np.array([0, 3]),
    "bbox_max_x": np.array([9, 9]),
    "bbox_max_y": np.array([9, 9]),
}
CCDS = {"id": np.array([1, 2, 3]), "visit": np.array([10, 10, 11]), "ccd": np.array([4, 5, 4])}
INPUTS = make([VISITS, CCDS], lambda number: f"object {number}" if number else None)


def test_visits_come_before_detectors():
    assert (len(INPUTS.visits), len(INPUTS.ccds)) == (2, 3)
    assert INPUTS.ccds["ccd"].tolist() == [4, 5, 4]
    assert str(INPUTS) == "3 detectors of 2 visits"


def test_objects_of_a_row_are_loaded_by_number():
    assert INPUTS.visits.component(0, "psf") == "object 5"
    assert INPUTS.visits.component(1, "psf") is None
    assert INPUTS.ccds.component(0, "psf") is None


def test_rows_have_boxes():
    assert INPUTS.visits.bbox(1) == Box(2, 3, 8, 7)


def test_a_table_is_made_on_request():
    table = INPUTS.visits.to_table()
    assert table["weight"].tolist() == [0.5, 1.0]
    assert list(table["filter"]) == ["g", "g"]
