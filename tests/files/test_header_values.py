"""What a value in a header is; what is none is not known."""

from __future__ import annotations

import datetime
import math
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.files import header_values


def shown(value: Any) -> str:
    """Name a value in a test's name, in each process alike."""
    return "undefined" if value is UNDEFINED else repr(value)[:30]


UNDEFINED = fits.Card.fromstring("KEY     =").value

NUMBERS: list[tuple[Any, Any]] = [
    (30, 30.0), (30.5, 30.5), ("30", 30.0), (" 30.0 ", 30.0), ("1.5D3", 1500.0), ("-.5e-1", -0.05), ("5.", 5.0),
    (np.float32(0.5), 0.5), (np.int16(7), 7.0), ("30\0\0", 30.0),
    (None, None), (UNDEFINED, None), (math.nan, None), (np.float32("nan"), None), (math.inf, None), (10**400, None),
    (True, None), (np.bool_(True), None), ("", None), ("NaN", None), ("inf", None), ("thirty", None), ("30 s", None),
    ("1_0", None), ("\u0663", None), ("1e999", None), (1 + 2j, None), ((1, 2), None), ("0x10", None), ("12:30:00", None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), NUMBERS, ids=shown)
def test_a_number_is_what_the_standard_calls_one_and_finite(value: Any, expected: Any) -> None:
    found = header_values.number(value)
    assert found == expected
    assert type(found) in (float, type(None))


INTEGERS: list[tuple[Any, Any]] = [
    (7, 7), (-1, -1), (7.0, 7), ("7", 7), (" 0007 ", 7), ("+7", 7), (np.int64(7), 7), (np.float64(7.0), 7),
    (20170119014819001, 20170119014819001), ("20170119014819001", 20170119014819001), (float(2**53 - 1), 2**53 - 1),
    (None, None), (UNDEFINED, None), (True, None), (np.bool_(True), None), (7.5, None), ("7.0", None), ("7.5", None),
    (20170119014819001.0, None), (math.nan, None), (math.inf, None), ("2015_0218", None), ("", None), ("seven", None),
    ("\u0667", None), (7 + 0j, None), ("1" * 5000, None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), INTEGERS, ids=shown)
def test_an_integer_is_exact_or_none(value: Any, expected: Any) -> None:
    found = header_values.integer(value)
    assert found == expected
    assert type(found) in (int, type(None))


@given(st.floats() | st.integers() | st.booleans())
def test_no_number_becomes_another_one(value: Any) -> None:
    integer, number = header_values.integer(value), header_values.number(value)
    assert integer is None or Fraction(integer) == Fraction(value)
    assert number is None or number == float(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" M31 ", "M31"),
        ("M31\0\0", "M31"),
        (4258, "4258"),
        ("", None),
        ("  ", None),
        (None, None),
        (UNDEFINED, None),
        (math.nan, None),
    ],
)
def test_a_text_is_not_the_word_for_nothing(value: Any, expected: Any) -> None:
    assert header_values.text(value) == expected


DATES: list[tuple[Any, Any]] = [
    ("2015-02-18", "2015-02-18"), ("2015-02-18T03:00:00", "2015-02-18T03:00:00"),
    ("2013-02-13T09:01:40.966998", "2013-02-13T09:01:40.966998"), (" 2015-02-18 03:00 ", "2015-02-18 03:00"),
    ("2016-12-31T23:59:60.5", "2016-12-31T23:59:60.5"), ("2015-02-18T03:00:00Z", "2015-02-18T03:00:00Z"),
    ("20150218", "2015-02-18"), ("2015/02/18", "2015-02-18"), ("2015/02/18 03:00:00", "2015-02-18 03:00:00"),
    ("31/12/99", "1999-12-31"), ("05/11/53", "1953-11-05"), ("1970-01-01T00:00:00", "1970-01-01T00:00:00"),
    ("03/03/26", None), ("31/12/1999", None), ("12/31/99", None), ("2015-02-30", None), ("2015-02-30T03:00:00", None),
    ("2015-13-01", None), ("yesterday", None), ("unknown", None), ("", None), ("99999-01-01", None), ("0000-00-00", None),
    ("1858-11-17T00:00:00", None), ("2015-02-18T25:00:00", None), ("2015-02-18Tnoon", None), ("2015-02-18T", None),
    ("2015-02-18T03:00:00+02:00", None), ("2015-2-18", None), ("2015-02-18/../x", None), (20150218, "2015-02-18"), (57071, None), (True, None), (None, None),
    (UNDEFINED, None), (57071.5, None), (math.nan, None), ("\u0662\u0660\u0661\u0665-02-18", None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), DATES, ids=shown)
def test_a_date_is_understood_or_none(value: Any, expected: Any) -> None:
    assert header_values.date(value) == expected


@settings(deadline=None)
@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)))
def test_dates_are_those_that_astropy_and_wcslib_read(day: Any) -> None:
    iso = header_values.date(day.isoformat())
    assert iso is not None
    assert iso == Time(iso, scale="tai").isot[:10]
    for form in ("%Y/%m/%d", *["%d/%m/%y"][: day.year < 2000]):
        header = fits.Header([("CTYPE1", "LINEAR"), ("DATE-OBS", day.strftime(form))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            old = WCS(header).wcs
        assert old.dateobs == header_values.date(header["DATE-OBS"])


@given(st.text() | st.integers() | st.floats() | st.none() | st.binary())
def test_whatever_a_value_is_nothing_is_raised(value: Any) -> None:
    for read in (
        header_values.number,
        header_values.integer,
        header_values.text,
        header_values.date,
    ):
        read(value)
