"""What is told of an object."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable, Table
from astropy.time import Time
from astropy.wcs import WCS

from persistence import Box, Butler, Config, DataId, Exposure, IsrCalib, Mask, ParquetTable
from persistence.cli import summary
from persistence.types.exposure.visitinfo import VisitInfo


def told(obj: Any) -> dict[str, Any]:
    """Return a summary's names and values."""
    return {row["name"]: row["value"] for row in summary.rows(obj)}


def test_an_exposure_is_told_with_all_that_a_person_asks_first(butler: Butler) -> None:
    exposure = butler.get("raw", visit=410877, ccdnum=28)
    found = told(exposure)
    assert found["shape"] == list(exposure.image.shape)
    assert found["dtype"] == exposure.image.dtype.name == "float32"
    assert (found["detector"], found["detector_id"]) == (exposure.detector.name, 28)
    assert (found["filter"], found["physical_filter"]) == ("g", "g DECam SDSS c0001 4720.0 1520.0")
    assert found["exposure_time"] == exposure.metadata["EXPTIME"]
    assert found["date_begin"].startswith("2014-02-27T")
    # where the telescope pointed, beside the image's centre
    assert found["ra"] == exposure.metadata["RA"]
    rows, columns = exposure.image.shape
    ra, dec = exposure.wcs.all_pix2world((columns - 1) / 2, (rows - 1) / 2, 0)
    assert (found["centre_ra_deg"], found["centre_dec_deg"]) == (
        pytest.approx(float(ra)),
        pytest.approx(float(dec)),
    )
    assert (found["variance"], found["mask"], found["mask_planes"]) == (False, None, None)
    assert found["cards"] == len(exposure.metadata)


def test_the_centre_is_told_in_icrs_and_of_a_part_too() -> None:
    cards = header(150.0, 2.0, 1e-4, RADESYS="FK4", EQUINOX=1950.0)
    for axis, start in (("1", 300), ("2", 500)):
        cards[f"CTYPE{axis}A"], cards[f"CRPIX{axis}A"], cards[f"CRVAL{axis}A"] = "LINEAR", 1, start
    place = WCS(cards).pixel_to_world(49.5, 24.5).icrs  # in the file's pixels
    found = told(Exposure(np.zeros((50, 100)), cards))
    assert found["centre_ra_deg"] == pytest.approx(place.ra.deg, abs=1e-9)
    assert found["centre_dec_deg"] == pytest.approx(place.dec.deg, abs=1e-9)
    assert found["bbox"] == [300, 500, 100, 50]


@pytest.mark.parametrize(
    ("cards", "message"),
    [({"CRVAL1": "10:00:00"}, "CRVAL1 is not a number"), ({"RADESYS": "GAPPT"}, "RADESYS 'GAPPT'")],
)
def test_why_there_is_no_wcs_is_told_beside_the_rest(cards: Any, message: str) -> None:
    found = told(Exposure(np.zeros((50, 100)), header(150.0, 2.0, 1e-4, **cards)))
    assert message in found["wcs"]
    assert found["exposure_time"] == 3.0


def header(ra: float, dec: float, scale: float, **more: Any) -> fits.Header:
    """Return the header of a sky that is turned by 30 degrees."""
    cosine, sine = scale * math.cos(math.pi / 6), scale * 0.5
    cards = {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": ra,
        "CRVAL2": dec,
        "CRPIX1": 50.5,
        "CRPIX2": 25.5,
    }
    return fits.Header(
        cards
        | {"CD1_1": -cosine, "CD1_2": sine, "CD2_1": sine, "CD2_2": cosine, "EXPTIME": 3.0}
        | more
    )


@pytest.mark.parametrize(
    ("ra", "dec"), [(10.0, 0.0), (0.0, -30.0), (360.0 - 1e-9, 60.0), (180.0, -89.0)]
)
def test_the_scale_is_right_all_over_the_sky(ra: float, dec: float) -> None:
    found = told(Exposure(np.zeros((50, 100), "f4"), header(ra, dec, 0.263 / 3600)))
    assert found["pixel_scale_arcsec"] == pytest.approx(0.263, rel=1e-3)
    assert found["centre_dec_deg"] == pytest.approx(dec)
    assert (found["centre_ra_deg"] - ra + 180) % 360 == pytest.approx(180)


def test_planes_of_the_mask_are_told_with_bits_and_numbers_of_pixels() -> None:
    flags = np.zeros((2, 3), bool)
    flags[0, :2] = True
    found = told(
        Exposure(
            np.zeros((2, 3)), fits.Header(), mask=Mask.from_flags({"SAT": flags}), variance=flags
        )
    )
    assert found["mask"] == {"SAT": 2}
    assert found["mask_planes"]["SAT"] == 1
    assert found["variance"] is True
    assert "pixel_scale_arcsec" not in found


def test_a_system_of_pixels_alone_has_no_centre_on_the_sky() -> None:
    found = told(Exposure(np.zeros((2, 3)), fits.Header({"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"})))
    assert "centre_ra_deg" not in found


def test_a_table_is_told_by_its_columns() -> None:
    table = QTable(
        {
            "id": np.arange(3, dtype="i4"),
            "pair": np.zeros((3, 2)),
            "time": Time([1, 2, 3], format="unix"),
        }
    )
    table["flux"] = Table({"f": [1.0, 2.0, 3.0]})["f"]
    table["flux"].unit = "nJy"
    assert summary.rows(table) == [
        {"column": "id", "type": "int32", "unit": None, "shape": [3]},
        {"column": "pair", "type": "float64", "unit": None, "shape": [3, 2]},
        {"column": "time", "type": "Time", "unit": None, "shape": [3]},
        {"column": "flux", "type": "float64", "unit": "nJy", "shape": [3]},
    ]


def test_a_parquet_table_is_told_without_reading_its_rows(tmp_path: Any) -> None:
    path = str(tmp_path / "x.parq")
    pyarrow = pytest.importorskip("pyarrow")
    ParquetTable(table=pyarrow.table({"id": [1, 2], "name": ["a", None]})).write(path)
    assert summary.rows(ParquetTable(filename=path)) == [
        {"column": "id", "type": "int64", "rows": 2},
        {"column": "name", "type": "string", "rows": 2},
    ]


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({"a": 1, 2: [3]}, {"a": 1, "2": [3]}),
        ({"image": np.zeros((2, 3))}, {"image": {"shape": [2, 3], "dtype": "float64"}}),
        (Config({"isr.doBias": True}), {"isr.doBias": True}),
        (Config({"visit_info.a": 1, "colnames": 2}), {"visit_info.a": 1, "colnames": 2}),
        (DataId(visit=1), {"visit": 1}),
        (Box(1, 2, 3, 4), {"x0": 1, "y0": 2, "width": 3, "height": 4}),
        (np.zeros((2, 3), "f4"), {"type": "ndarray", "shape": [2, 3], "dtype": "float32"}),
        (np.float64(1.5), {"type": "float64", "value": 1.5}),
        ([1, 2], {"type": "list", "value": [1, 2]}),
        ("text", {"type": "str", "value": "text"}),
        (None, {"type": "NoneType", "value": None}),
        (1 + 2j, {"type": "complex", "value": "(1+2j)"}),
        (b"\0", {"type": "bytes", "value": "b'\\x00'"}),
    ],
)
def test_other_things_are_told_by_their_items_or_as_they_show(
    obj: Any, expected: dict[str, Any]
) -> None:
    assert told(obj) == expected


def test_visit_info_is_told_by_its_fields() -> None:
    assert told(VisitInfo(exposure_id=7, exposure_time=3.0))["exposure_id"] == 7


def test_each_comment_of_a_header_is_told() -> None:
    cards = fits.Header([("A", 1), ("COMMENT", "one"), ("COMMENT", "two")])
    assert [tuple(row.values()) for row in summary.rows(cards)] == [
        ("A", 1),
        ("COMMENT", "one"),
        ("COMMENT", "two"),
    ]


def test_what_shows_on_many_lines_is_told_on_one() -> None:
    assert "\n" in repr(WCS(header(1.0, 2.0, 0.001)))
    assert told(WCS(header(1.0, 2.0, 0.001)))["value"].startswith(
        "WCS Keywords Number of WCS axes: 2 CTYPE"
    )


def test_a_calibration_is_told_by_the_columns_of_all_its_tables() -> None:
    calib = IsrCalib(
        "CROSSTALK", {}, (Table({"CT_COEFFS": [[0.0, 0.1]]}), Table({"IC_SOURCE_DET": ["R01"]}))
    )
    assert [row["column"] for row in summary.rows(calib)] == ["CT_COEFFS", "IC_SOURCE_DET"]
