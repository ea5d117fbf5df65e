"""From header keywords to what they mean, for a camera without surprises."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("name", ["r", "G", "", "g DECam"])
def test_a_filter_that_the_policy_does_not_know_is_called_what_it_is(name):
    assert not G.answers_to(name)
    assert HeaderTranslator((G, Y)).label(name) == FilterLabel(name)


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


def test_a_camera_that_names_no_keyword_has_no_zero_point_and_no_detector():
    assert HeaderTranslator().zero_point({"MAGZERO": 31.5}) is None
    assert HeaderTranslator().detector({"CCDNUM": 5}) is None
