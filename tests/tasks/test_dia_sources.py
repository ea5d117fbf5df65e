"""Catalogs of difference images become rows of DiaSource; astropy is the judge of sky and times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.time import Time, TimeDelta
from astropy.wcs.utils import pixel_to_skycoord

from persistence.apdb import schema
from persistence.cameras import installed
from persistence.pipe.task import TaskError
from persistence.tasks import dia_sources
from persistence.tasks.dia_sources import Exposed
from persistence.types.exposure.fromheader import visit_of
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.translator import FilterLabel
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.table.catalog import Catalog

NUMBERS = Exposed(410877, 25, 41087725)
FLUX = 3.0  # nJy a count


@pytest.fixture
def exposure(make: Callable[..., Any]) -> Any:
    """Return an exposure of one arcsecond pixels, whose rows run to the west."""
    visit = VisitInfo(date_begin="2014-02-20T00:00:00", exposure_time=30.0, timescale="utc")
    return make([]).replaced(
        photo_calib=PhotoCalib(FLUX), visit_info=visit, filter=FilterLabel("g", "g")
    )


@pytest.fixture
def catalog() -> Any:
    table = Catalog(
        meta={"aliases": {"slot_Centroid": "base_SdssCentroid", "slot_PsfFlux": "base_PsfFlux"}}
    )
    table["id"] = np.array([11, 12, 13])
    table["parent"] = np.array([0, 11, 0])
    table["base_SdssCentroid_x"] = np.array([10.0, 100.0, np.nan])
    table["base_SdssCentroid_y"] = np.array([20.0, 80.0, 5.0])
    table["base_SdssCentroid_xErr"] = np.array([0.1, 0.2, 0.1])
    table["base_SdssCentroid_yErr"] = np.array([0.3, 0.4, 0.1])
    table["base_PsfFlux_instFlux"] = np.array([100.0, -50.0, 1.0])
    table["base_PsfFlux_instFluxErr"] = np.array([10.0, 10.0, 1.0])
    table["base_PixelFlags_flag_cr"] = np.array([True, False, False])
    table["ip_diffim_DipoleFit_orientation"] = np.array([0.0, np.pi / 2, 0.0])
    table["ip_diffim_DipoleFit_separation"] = np.array([2.0, 3.0, 0.0])
    table["slot_Shape_xx"] = np.array([4.0, 5.0, 1.0])
    return table


def test_rows_have_the_catalogs_values_in_the_databases_units(exposure: Any, catalog: Any) -> None:
    rows = dia_sources.rows(catalog, exposure, NUMBERS)
    assert rows["diaSourceId"].tolist() == [11, 12]  # the third has no position
    assert rows["psfFlux"].tolist() == [300.0, -150.0]
    assert rows["psfFluxErr"].tolist() == [30.0, 30.0]
    assert rows["snr"].tolist() == [10.0, 5.0]
    assert rows["psfFlux"].dtype == np.float32
    assert rows["isNegative"].tolist() == [False, True]
    assert rows["pixelFlags_cr"].tolist() == [True, False]
    assert rows["parentDiaSourceId"].tolist() == [None, 11]
    assert rows["band"].tolist() == ["g", "g"]
    assert rows["exposureTime"].tolist() == [30.0, 30.0]
    assert rows["ixx"] == pytest.approx([4.0, 5.0], rel=1e-6)
    assert rows["dipoleLength"] == pytest.approx([2.0, 3.0], rel=1e-6)
    assert set(rows) <= set(schema.load()["DiaSource"].columns)


def test_scores_and_dipoles_are_taken_where_they_are(exposure: Any, catalog: Any) -> None:
    catalog["ip_diffim_score"] = np.array([-7.0, 9.0, 1.0])
    for side, flux in (("pos", [100.0, 50.0, 1.0]), ("neg", [-60.0, -50.0, 1.0])):
        catalog[f"ip_diffim_DipoleFit_{side}_instFlux"] = np.array(flux)
        catalog[f"ip_diffim_DipoleFit_{side}_instFluxErr"] = np.full(3, 2.0)
    rows = dia_sources.rows(catalog, exposure, NUMBERS)
    assert rows["snr"].tolist() == [7.0, 9.0]
    assert rows["isNegative"].tolist() == [True, False]
    assert rows["dipoleMeanFlux"].tolist() == [FLUX * 80, FLUX * 50]
    assert rows["dipoleFluxDiff"].tolist() == [FLUX * 40, 0.0]
    assert rows["dipoleMeanFluxErr"] == pytest.approx(FLUX * 2 * 0.5**0.5)
    assert rows["dipoleFluxDiffErr"] == pytest.approx(FLUX * 2 * 2**0.5)


def test_every_column_of_our_own_difference_images_has_a_place(exposure: Any) -> None:
    from persistence.tasks.image_difference import ImageDifferenceTask

    (empty,) = ImageDifferenceTask().getSchemaCatalogs().values()
    rows = dia_sources.rows(empty, exposure, NUMBERS)
    trails = {name for name in schema.load()["DiaSource"].columns if name.startswith("trail")}
    assert trails <= set(rows)
    expected = (
        "bboxSize x y psfFlux apFlux scienceFlux templateFlux dipoleMeanFlux isDipole snr ixx raErr"
    )
    assert {*expected.split(), "psfChi2", "psfNdata", "dipoleChi2", "dipoleNdata"} <= set(rows)


def test_trails_are_turned_with_the_detector(exposure: Any, catalog: Any) -> None:
    """x runs to the south, y to the east; a pixel is an arcsecond."""
    for name, values in (
        ("x", [11.0, np.nan, 1.0]), ("y", [20.5, np.nan, 1.0]), ("xErr", [0.1, np.nan, 0.1]),
        ("yErr", [0.3, np.nan, 0.1]), ("length", [12.0, np.nan, 3.0]),
        ("angle", [np.pi / 2, np.nan, 0.0]), ("angleErr", [0.01, np.nan, 0.1]),
        ("nData", [900, 0, 900]), ("flag", [False, True, False]),
    ):  # fmt: skip
        catalog[f"ext_trailedSources_Naive_{name}"] = np.array(values)
    rows = dia_sources.rows(catalog, exposure, NUMBERS)
    middle = pixel_to_skycoord(11.0, 20.5, exposure.wcs)
    assert rows["trailRa"][0] == pytest.approx(middle.ra.deg, abs=1e-10)
    assert rows["trailDec"][0] == pytest.approx(middle.dec.deg, abs=1e-10)
    assert rows["trailRaErr"][0] * 3600 == pytest.approx(0.3, rel=1e-4)
    assert rows["trailLength"][0] == pytest.approx(12.0, rel=1e-5)
    assert rows["trailAngle"][0] == pytest.approx(90.0, abs=1e-2)
    assert rows["trailAngleErr"][0] == pytest.approx(np.degrees(0.01))
    assert rows["trailNdata"].tolist() == [900, 0]
    assert rows["trail_flag"].tolist() == [False, True]
    assert rows["trailAlgorithm"].tolist() == [1, None]
    assert all(np.isnan(rows[name][1]) for name in ("trailRa", "trailLength", "trailAngle"))


def test_flagged_sources_are_left_out_unless_what_they_are_is_known(catalog: Any) -> None:
    names = ["ip_diffim_PsfFit_flag", "base_PixelFlags_flag_cr", "absent_flag"]
    catalog["base_PixelFlags_flag_cr"] = np.array([True, False, False])
    assert dia_sources.flagged(catalog, names).tolist() == [True, False, False]
    catalog["ip_diffim_PsfFit_flag"] = np.array([False, True, True])
    assert dia_sources.flagged(catalog, names).tolist() == [True, True, True]
    catalog["ip_diffim_DipoleFit_flag_classification"] = np.array([True, True, False])
    assert dia_sources.flagged(catalog, names).tolist() == [True, False, True]
    catalog["ext_trailedSources_Naive_length"] = np.array([np.nan, np.nan, 7.0])
    assert dia_sources.flagged(catalog, names).tolist() == [True, False, False]
    assert not dia_sources.flagged(catalog, []).any()


def test_positions_are_astropys(exposure: Any, catalog: Any) -> None:
    rows = dia_sources.rows(catalog, exposure, NUMBERS)
    for step in (0.0, 1.0):
        there = pixel_to_skycoord(rows["x"] + step, rows["y"], exposure.wcs)
        if not step:
            here = there
            assert rows["ra"] == pytest.approx(here.ra.deg, abs=1e-10)
            assert rows["dec"] == pytest.approx(here.dec.deg, abs=1e-10)
    # Directions are from north through east; x is the first source's, y the second's.
    assert rows["dipoleAngle"][0] == pytest.approx(here.position_angle(there).deg[0], abs=1e-3)
    up = pixel_to_skycoord(rows["x"], rows["y"] + 1, exposure.wcs)
    assert rows["dipoleAngle"][1] == pytest.approx(here.position_angle(up).deg[1], abs=1e-3)


def test_errors_of_positions_are_turned_with_the_detector(exposure: Any, catalog: Any) -> None:
    rows = dia_sources.rows(catalog, exposure, NUMBERS)
    # x runs to the south, y to the east.
    assert rows["raErr"] * 3600 == pytest.approx([0.3, 0.4], rel=1e-4)
    assert rows["decErr"] * 3600 == pytest.approx([0.1, 0.2], rel=1e-4)
    assert rows["ra_dec_Cov"] * 3600**2 == pytest.approx([0.0, 0.0], abs=1e-4)


@pytest.mark.parametrize(
    ("label", "letter"),
    [
        (FilterLabel("g", "g", "g DECam SDSS c0001"), "g"),
        (FilterLabel("Y", None, "Y DECam c0005"), "y"),
        (FilterLabel("HSC-I", "i", "HSC-I2"), "i"),
        (FilterLabel("VR", None, "VR DECam c0007"), None),
        (FilterLabel("NB0921", "N921"), None),
        (None, None),
    ],
)
def test_a_filter_has_the_letter_that_columns_have(label: Any, letter: str | None) -> None:
    assert dia_sources.band(label) == letter


def test_a_filter_without_a_letter_leaves_the_band_out(exposure: Any, catalog: Any) -> None:
    rows = dia_sources.rows(catalog, exposure.replaced(filter=FilterLabel("VR")), NUMBERS)
    assert "band" not in rows


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("visit_info", VisitInfo(), "time of the exposure is unknown"),
        (
            "visit_info",
            VisitInfo(date_begin="2014-02-20T00:00:00"),
            "time of the exposure is unknown",
        ),
        ("photo_calib", None, "no photometric calibration"),
    ],
)
def test_an_exposure_that_lacks_something_is_refused(
    exposure: Any, catalog: Any, part: str, value: Any, message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        dia_sources.rows(catalog, exposure.replaced(**{part: value}), NUMBERS)


# Real headers, and how their own cards say when the exposure began.
HEADERS = [
    ("decam", "decam_headers/fitsheader-decam-0160496.yaml", "DATE-OBS", "utc"),
    ("decam", "decam_headers/fitsheader-decam.yaml", "DATE-OBS", "utc"),
    ("hsc", "camera_headers/fitsheader-hsc.yaml", "MJD-STR", "utc"),
    ("imsim", "gen2_repos/imsim/raw/204595/R11/00204595-R11-S20-det042.fits", "MJD-OBS", "tai"),
]


def header_of(path: Path) -> Any:
    if path.suffix == ".fits":
        return fits.getheader(path)
    text = path.read_text()
    if text.startswith("!<lsst"):
        return {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    return dict(yaml.safe_load(text))


@pytest.mark.real
@pytest.mark.parametrize(("camera", "path", "card", "scale"), HEADERS)
def test_midpoints_of_real_headers_are_right_to_a_millisecond(
    real: Path, exposure: Any, camera: str, path: str, card: str, scale: str
) -> None:
    header = header_of(real / path)
    visit = visit_of(header, installed.find(camera)().translator)
    begin = Time(header[card], scale=scale, format="mjd" if "MJD" in card else "isot")
    middle = begin + TimeDelta(0.5 * header["EXPTIME"], format="sec")
    time, exposed = dia_sources.midpoint(exposure.replaced(visit_info=visit))
    assert abs(time - middle.tai.mjd) * 86400 < 1e-3
    assert exposed == header["EXPTIME"]
