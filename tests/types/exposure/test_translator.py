"""From header keywords to what they mean, for a camera without surprises."""

from __future__ import annotations

import pytest
from astropy.coordinates import FK4, FK5, ICRS, SkyCoord
from astropy.io import fits

from persistence.types.exposure.translator import FilterLabel, HeaderTranslator

G = FilterLabel("g", "g", "g DECam SDSS c0001 4720.0 1520.0")
Y = FilterLabel("Y", "y", "Y DECam c0005", ("YY", "why"))


class Translator(HeaderTranslator):
    visit_keys = HeaderTranslator.visit_keys | {"exposure_id": "EXPNUM"}
    zero_point_key = "MAGZERO"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("g", G),
        ("g DECam SDSS c0001 4720.0 1520.0", G),
        ("Y", Y),
        ("y", Y),
        ("YY", Y),
        ("why", Y),
        ("Y DECam c0005", Y),
    ],
)
def test_a_filter_answers_to_each_of_its_names(name, label):
    assert label.answers_to(name)
    assert HeaderTranslator((G, Y)).label(name) is label


@pytest.mark.parametrize("name", ["r", "", "g DECam"])
def test_a_filter_that_the_policy_does_not_know_is_called_what_it_is(name):
    assert not G.answers_to(name)
    assert HeaderTranslator((G, Y)).label(name) == FilterLabel(name)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        # HSC writes HSC-i where its list has HSC-I
        ("G", "g"),
        ("WHY", "Y"),
        ("G decam sdss C0001 4720.0 1520.0", "g"),
        # one that has exactly these letters comes first, and two that have them are told apart
        ("i", "i"),
        ("I", "I"),
        ("HSC-Z", None),
    ],
)
def test_a_filter_in_letters_of_another_case_is_the_one_that_has_them(name, label):
    filters = (G, Y, FilterLabel("i"), FilterLabel("I"), FilterLabel("hsc-z"), FilterLabel("HSC-z"))
    assert HeaderTranslator(filters).label(name).name == (label or name)


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        (G, "g (g DECam SDSS c0001 4720.0 1520.0)"),
        (FilterLabel("g"), "g"),
        (FilterLabel("g", physical="g"), "g"),
    ],
)
def test_a_filter_shows_its_name_and_the_piece_of_glass_if_that_says_more(label, shown):
    assert str(label) == shown


@pytest.mark.parametrize(
    ("header", "data_id", "label"),
    [
        ({"FILTER": "Y DECam c0005"}, {}, Y),
        ({"FILTER": "  g  "}, {"filter": "Y"}, G),
        ({}, {"filter": "Y"}, Y),
        ({"FILTER": ""}, {"filter": "g"}, G),
        ({"FILTER": None}, {"filter": "g"}, G),
        ({"FILTER": "none"}, {}, FilterLabel("none")),
        ({"FILTER": fits.card.UNDEFINED}, {}, None),
        ({"FILTER": fits.card.UNDEFINED}, {"filter": "Y"}, Y),
        ({"FILTER": "  "}, {"filter": "Y"}, Y),
        ({"FILTER": "_unknown_"}, {}, None),
        ({}, {}, None),
    ],
)
def test_the_filter_is_what_the_header_says_else_the_data_id(header, data_id, label):
    assert HeaderTranslator((G, Y)).filter(header, data_id) == label


def test_the_visit_is_described_by_the_keywords_that_there_are():
    info = Translator().visit_info({"EXPNUM": 7, "EXPTIME": 90.0, "RA": "01:00:00", "OBJECT": "x"})
    assert (info.exposure_id, info.exposure_time, info.ra) == (7, 90.0, "01:00:00")
    assert (info.dec, info.dark_time, info.airmass, info.date_begin) == (None, None, None, None)


@pytest.mark.parametrize(
    ("card", "name", "value"),
    [
        ({"EXPTIME": "30.0"}, "exposure_time", 30.0),
        ({"EXPTIME": " 3.0D1 "}, "exposure_time", 30.0),
        ({"EXPTIME": "NaN"}, "exposure_time", None),
        ({"EXPTIME": float("nan")}, "exposure_time", None),
        ({"EXPTIME": "n/a"}, "exposure_time", None),
        ({"EXPTIME": True}, "exposure_time", None),
        ({"EXPTIME": -1.0}, "exposure_time", None),
        ({"EXPTIME": 0}, "exposure_time", 0.0),
        ({"EXPNUM": "0007"}, "exposure_id", 7),
        ({"EXPNUM": 7.0}, "exposure_id", 7),
        ({"EXPNUM": 7.5}, "exposure_id", None),
        ({"EXPNUM": -1}, "exposure_id", None),
        ({"EXPNUM": 3018092000065}, "exposure_id", 3018092000065),
        ({"AIRMASS": "-999"}, "airmass", None),
        ({"AIRMASS": 1}, "airmass", 1.0),
        ({"RA": "east"}, "ra", None),
        ({"RA": "15.5"}, "ra", 15.5),
        ({"OBJECT": "   "}, "object", None),
        ({"OBJECT": 31}, "object", "31"),
        ({"OBSTYPE": "OBJECT"}, "observation_type", "science"),
        ({"OBSTYPE": "Dome Flat"}, "observation_type", "dome flat"),
        ({"DATE-OBS": "2013-11-02"}, "date_begin", None),
    ],
)
def test_a_value_is_cast_to_what_it_is_and_what_is_none_is_not_known(card, name, value):
    info = Translator().visit_info(card)
    assert getattr(info, name) == value
    assert type(getattr(info, name)) is type(value)
    assert repr(info)


def test_sources_are_tried_in_their_order_and_brought_to_our_unit_and_direction():
    table = {
        "air_temperature": ["TEMP", {"key": "KELVIN", "offset": -273.15}],
        "azimuth": {"key": "AZ", "scale": -1, "offset": 180},
        "longitude": {"value": -155.5},
        "rotation_type": {"value": "SKY"},
    }
    translator = HeaderTranslator(said={"visit": table})
    info = translator.visit_info({"TEMP": -999.0, "KELVIN": 273.15, "AZ": 200.0})
    assert (info.air_temperature, info.azimuth, info.longitude) == (0.0, 340.0, -155.5)
    assert info.rotation_type is None  # there is no rotation to count
    assert translator.visit_info({"TEMP": 4.0, "KELVIN": 3.0}).air_temperature == 4.0


@pytest.mark.parametrize(
    ("cards", "frame"),
    [
        ({}, ICRS()),
        ({"RADESYS": "FK5"}, FK5()),
        ({"RADESYS": "FK5", "EQUINOX": 2015.5}, FK5(equinox="J2015.5")),
        ({"RADECSYS": "FK4", "EQUINOX": "1975.0"}, FK4(equinox="B1975")),
        ({"RADESYS": "FK4"}, FK4()),
        ({"EQUINOX": 1950.0}, FK4()),
        ({"EQUINOX": "B1950"}, FK4()),
        ({"EPOCH": 1950.0}, FK4()),
        ({"EQUINOX": 2000.0, "EPOCH": 1950.0}, FK5()),
        ({"EQUINOX": 2015.5}, FK5(equinox="J2015.5")),
        ({"RADESYS": "ICRS", "EQUINOX": 2015.5}, ICRS()),
        ({"EQUINOX": 0.0}, ICRS()),  # it says nothing
        ({"EQUINOX": "none"}, ICRS()),
    ],
)
def test_the_pointing_is_of_the_frame_and_the_equinox_of_the_header(cards, frame):
    pointed = HeaderTranslator().visit_info({"RA": "10:00:00", "DEC": "20:00:00", **cards})
    expected = SkyCoord(150.0, 20.0, unit="deg", frame=frame)
    assert pointed.boresight.separation(expected.icrs).arcsec < 1e-6


def test_a_target_that_moves_has_no_place_in_a_frame():
    header = {"RA": 15.0, "DEC": 1.0, "RADECSYS": "GAPPT"}
    assert HeaderTranslator().visit_info(header).boresight is None
    assert HeaderTranslator().visit_info({**header, "RADECSYS": "FK5"}).radesys == "fk5"


@pytest.mark.parametrize(
    ("header", "magnitude"),
    [
        ({"MAGZERO": 31.5}, 31.5),
        ({"MAGZERO": 31}, 31.0),
        ({"MAGZERO": "n/a"}, None),
        ({"MAGZERO": None}, None),
        ({}, None),
    ],
)
def test_the_zero_point_is_a_number_or_nothing(header, magnitude):
    found = Translator().zero_point(header)
    assert found == magnitude
    assert found is None or type(found) is float


@pytest.mark.parametrize(
    ("value", "number"), [(50, 50), ("50", 50), (50.0, 50), (50.5, None), (True, None), ("x", None)]
)
def test_the_number_of_a_detector_is_a_whole_number_or_nothing(value, number):
    translator = HeaderTranslator(said={"detector": "DET-ID"})
    assert translator.detector_number({"DET-ID": value}) == number
    detector = translator.detector({"DET-ID": value})
    assert (None if detector is None else detector.id) == number


def test_a_camera_that_names_no_keyword_has_no_zero_point_and_no_detector():
    assert HeaderTranslator().zero_point({"MAGZERO": 31.5}) is None
    assert HeaderTranslator().detector({"CCDNUM": 5}) is None
