"""Transforms between the coordinate systems of a camera."""

from __future__ import annotations

import numpy as np
import pytest

from persistence.errors import FormatterError
from persistence.types.wcs.transforms import System


def text(dump: str, head: str = "1 TransformPoint2ToPoint2 ") -> list[np.ndarray]:
    return [np.frombuffer((head + dump.replace(" ; ", "\n")).encode(), np.uint8)]


def zoom(factor: float) -> tuple[str, list[dict[str, object]]]:
    return "TransformPoint2ToPoint2", [
        {"bytes": text(f"Begin ZoomMap ; Nin = 2 ; Zoom = {factor} ; End ZoomMap")}
    ]


TWO_TABLES = [
    {
        "sysName": ["Pixels", "TanPixels", "FocalPlane", "Pixels"],
        "detectorName": ["a", "a", "", "b"],
        "id": [1, 2, 3, 4],
    },
    {"from": [3, 1, 3], "to": [1, 2, 4], "transform": [2, 3, 4]},
]
ONE_TABLE = [
    {
        "fromSysName": ["FocalPlane", "Pixels", "FocalPlane"],
        "fromSysDetectorName": ["", "a", ""],
        "toSysName": ["Pixels", "TanPixels", "Pixels"],
        "toSysDetectorName": ["a", "a", "b"],
        "transform": [2, 3, 4],
    }
]


@pytest.mark.parametrize("tables", [TWO_TABLES, ONE_TABLE], ids=["to 2019", "from 2020"])
def test_a_way_is_found_from_each_system_to_each(archive, tables):
    camera = archive({1: ("TransformMap", tables), 2: zoom(10), 3: zoom(3), 4: zoom(7)})(1)
    assert len(camera) == 3
    assert set(camera.systems) == {
        System("Pixels", "a"),
        System("TanPixels", "a"),
        System("FocalPlane"),
        System("Pixels", "b"),
    }
    for pair, wanted in {
        ("FocalPlane", "TanPixels"): 30,
        (("TanPixels", "a"), ("FocalPlane", "")): 1 / 30,
        (("Pixels", "b"), "TanPixels"): 30 / 7,
        ("TanPixels", "TanPixels"): 1,
    }.items():
        assert camera[pair](1.0, 2.0) == pytest.approx((wanted, 2 * wanted))
    assert ("FocalPlane", "TanPixels") in camera
    assert ("FocalPlane", "Nowhere") not in camera


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (("FocalPlane", "Pixels"), "several systems are 'Pixels'"),
        (("FocalPlane", "FieldAngle"), "no system is 'FieldAngle'"),
        (("FocalPlane", ("Pixels", "c")), "no system is"),
    ],
)
def test_a_system_that_is_not_one_is_told(archive, pair, message):
    camera = archive({1: ("TransformMap", TWO_TABLES), 2: zoom(10), 3: zoom(3), 4: zoom(7)})(1)
    with pytest.raises(KeyError, match=message):
        camera[pair]


def test_systems_that_nothing_connects_are_told(archive):
    parts = [TWO_TABLES[0], {"from": [3, 4], "to": [1, 2], "transform": [2, 2]}]
    with pytest.raises(KeyError, match="no mapping leads from"):
        archive({1: ("TransformMap", parts), 2: zoom(10)})(1)["FocalPlane", "TanPixels"]


@pytest.mark.real
@pytest.mark.parametrize("version", [0, 1, 2])
def test_the_transforms_of_a_real_detector_lead_there_and_back(archive_of, version):
    detector = archive_of(f"afw_files/exposure-version-{version}.fits", 4).only("TransformMap")
    x, y = np.meshgrid(np.linspace(0, 100, 5), np.linspace(0, 100, 6))
    for pair in (("Pixels", "FocalPlane"), ("Pixels", "TanPixels"), ("TanPixels", "ActualPixels")):
        there = detector[pair](x, y)
        np.testing.assert_allclose(detector[pair].inverse(*there), [x, y], atol=1e-7)
        np.testing.assert_allclose(detector[pair[::-1]](*there), [x, y], atol=1e-7)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (text("Begin UnitMap ; Nin = 3 ; End UnitMap"), "from 3 coordinates to 3"),
        (
            text("Begin UnitMap ; Nin = 2 ; End UnitMap", "2 TransformPoint2ToPoint2 "),
            "begins with",
        ),
        (text("", ""), "begins with"),
    ],
)
def test_another_text_is_refused(archive, cell, message):
    with pytest.raises(FormatterError, match=message):
        archive({1: ("TransformPoint2ToPoint2", [{"bytes": cell}])})(1)


FIELD = """Begin FrameSet ; Nframe = 2 ; Currnt = 2 ; Lnk2 = 1
Frm1 = ; Begin Frame ; Naxes = 2 ; End Frame ; Frm2 = ; Begin Frame ; Naxes = 1 ; End Frame
Map2 = ; Begin PolyMap ; Nin = 2 ; Nout = 1 ; MPF1 = 1 ; MPF2 = 1 ; NCF1 = 1 ; CF1 = 2 ; PF1 = 1
PF2 = 1 ; End PolyMap
End FrameSet"""


def test_a_field_is_computed(archive):
    box = {"bbox_min_x": [0], "bbox_min_y": [1], "bbox_max_x": [9], "bbox_max_y": [5]}
    field = archive({1: ("TransformBoundedField", [{**box, "frameSet": text(FIELD, "")}])})(1)
    assert (field.box.width, field.box.height) == (10, 5)
    np.testing.assert_allclose(field(np.array([1, 2, 3]), 4), [8, 16, 24])
    wrong = FIELD.replace("Nout = 1 ;", "Nout = 2 ; NCF2 = 1 ;")
    with pytest.raises(FormatterError, match="from 2 coordinates to 2"):
        archive({1: ("TransformBoundedField", [{**box, "frameSet": text(wrong, "")}])})(1)
