"""Rows of a camera's table of headers."""

from __future__ import annotations

import pytest
from astropy.io import fits

from persistence.types.exposure import headersource
from persistence.types.exposure.headersource import Source


@pytest.mark.parametrize(
    ("entry", "sources"),
    [
        ("EXPTIME", (Source("EXPTIME"),)),
        (["A", {"key": "B", "scale": 2}], (Source("A"), Source("B", scale=2))),
        ({"value": 3.0}, (Source(value=3.0),)),
        ({"key": "D", "time": "UT"}, (Source("D", time=("UT",)),)),
        ({"key": "D", "time": ["UT", "UTC"]}, (Source("D", time=("UT", "UTC")),)),
    ],
)
def test_an_entry_is_a_keyword_a_mapping_or_a_list_of_these(entry, sources):
    assert headersource.sources(entry) == sources


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (Source("N"), 7),
        (Source("NONE"), None),
        (Source(value=1.5), 1.5),
        (Source("T", pattern=r"^HSCE(\d+)$|^HSCA(\d{6})00$"), "904024"),
        (Source("T", pattern=r"^SUP(\d+)$"), None),
        (Source("N", pattern=r"(\d)"), "7"),
        (Source("NONE", pattern=r"(\d)"), None),
    ],
)
def test_a_source_reads_a_card_part_of_one_or_none(source, value):
    assert source.read({"N": 7, "T": "HSCA90402400"}) == value


def test_a_card_that_astropy_cannot_parse_is_not_known_and_others_are():
    text = "EXPTIME = NaN".ljust(80) + "AIRMASS =                  1.2".ljust(80)
    header = fits.Header.fromstring(text)
    assert headersource.card(header, "EXPTIME") is None
    assert headersource.card(header, "AIRMASS") == 1.2
    assert headersource.card(header, "DARKTIME") is None


def test_an_error_of_another_kind_is_not_hidden():
    class Broken(dict):
        def get(self, key, default=None):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        headersource.card(Broken(), "EXPTIME")


@pytest.mark.parametrize(
    ("value", "angle"),
    [
        (15, 15.0),
        ("15.5", 15.5),
        ("01:02:03.4", "01:02:03.4"),
        ("-00 30 00", "-00 30 00"),
        ("1:02", "1:02"),
        ("east", None),
        ("##NODATA##", None),
        (None, None),
        (True, None),
        (float("nan"), None),
    ],
)
def test_an_angle_is_a_number_or_sexagesimal_text(value, angle):
    assert headersource.angle(value) == angle


@pytest.mark.parametrize(
    ("value", "truth"), [(True, True), ("T", True), ("True", True), (False, False), (1, False)]
)
def test_a_truth_is_said_in_so_many_words(value, truth):
    assert headersource.truth(value) is truth
