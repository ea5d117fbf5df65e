"""When master calibrations may be used: Gen2's worked examples, and what holds for every series."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.calibs import validity
from persistence.calibs.validity import Gap, Overlap, Window
from persistence.errors import DataIdError

DATES = st.dates(date(1950, 1, 1), date(2030, 1, 1))
SERIES = st.lists(DATES, min_size=1, max_size=12)


def window(start: str, end: str) -> Window:
    return Window(date.fromisoformat(start), date.fromisoformat(end))


# gen2-cli 2.6 and 8: rule, dates, windows.
VECTORS = [
    (validity.around(999), ["2015-02-18", "2015-03-13"], ["2012-05-25 2015-03-02", "2015-03-02 2017-12-06"]),
    (validity.around(999, False), ["2015-02-18", "2015-03-13"], ["2012-05-25 2015-03-01", "2015-03-02 2017-12-06"]),
    (validity.around(5), ["2015-02-18", "2015-03-13"], ["2015-02-13 2015-02-23", "2015-03-08 2015-03-18"]),
    (validity.around(7), ["2015-02-01", "2015-02-15"], ["2015-01-25 2015-02-08", "2015-02-08 2015-02-22"]),
    (validity.around(7, False), ["2015-02-01", "2015-02-15"], ["2015-01-25 2015-02-08", "2015-02-08 2015-02-22"]),
    (validity.around(10), ["2015-02-01", "2015-02-12"], ["2015-01-22 2015-02-07", "2015-02-07 2015-02-22"]),
    (validity.until_superseded, ["2015-02-01", "2015-02-12"], ["2015-02-01 2015-02-12", "2015-02-12 2037-12-31"]),
    (validity.around(3), ["2015-02-01", "2015-02-01"], ["2015-01-29 2015-02-04"]),
    (validity.nearest, ["2015-02-18", "2015-03-13"], ["1900-01-01 2015-03-01", "2015-03-02 2037-12-31"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "dates", "windows"), VECTORS)
def test_windows_are_those_that_gen2_worked_out(
    rule: validity.Rule, dates: list[str], windows: list[str]
) -> None:
    found = rule([date.fromisoformat(one) for one in dates])
    assert [f"{one.start} {one.end}" for one in found.values()] == windows


@given(SERIES, st.integers(0, 4000))
def test_without_increment_no_day_has_two_windows(dates: list[date], days: int) -> None:
    found = sorted(validity.around(days, increment=False)(dates).values())
    for one, other in itertools.pairwise(found):
        assert one.end < other.start or (one.end - one.start).days == 2 * days


@given(SERIES, st.integers(0, 4000), st.booleans())
def test_each_date_is_in_its_own_window(dates: list[date], days: int, increment: bool) -> None:
    for rule in (validity.around(days, increment), validity.until_superseded, validity.nearest):
        for own, found in rule(dates).items():
            assert found.start <= own <= found.end


@given(SERIES, DATES)
def test_nearest_leaves_no_hole_and_gives_the_nearest(dates: list[date], day: date) -> None:
    windows = validity.nearest(dates)
    (chosen,) = [own for own, found in windows.items() if found.start <= day <= found.end]
    assert abs(chosen - day) == min(abs(own - day) for own in dates)
    assert validity.faults(windows) == []


@given(SERIES)
def test_a_series_that_is_valid_until_superseded_has_no_faults(dates: list[date]) -> None:
    assert validity.faults(validity.until_superseded(dates)) == []


def test_gaps_and_overlaps_are_found() -> None:
    a, b, c = (date(2015, 1, day) for day in (1, 11, 12))
    windows = {
        a: window("2015-01-01", "2015-01-05"),
        b: window("2015-01-09", "2015-01-20"),
        c: window("2015-01-12", "2015-01-30"),
    }
    assert validity.faults(windows) == [
        Gap(a, b, window("2015-01-06", "2015-01-08")),
        Overlap(b, c, window("2015-01-12", "2015-01-20")),
    ]
    assert (
        validity.faults(
            {a: window("2015-01-01", "2015-01-05"), b: window("2015-01-05", "2015-01-09")}
        )
        == []
    )


@pytest.mark.parametrize(
    ("windows", "holes"),
    [
        ([], ["2015-01-01 2015-01-31"]),
        ([("2014-01-01", "2016-01-01")], []),
        ([("2015-01-10", "2015-01-20")], ["2015-01-01 2015-01-09", "2015-01-21 2015-01-31"]),
        ([("2015-01-10", "2015-01-20"), ("2015-01-01", "2015-01-15")], ["2015-01-21 2015-01-31"]),
        ([("2015-02-10", "2015-02-20")], ["2015-01-01 2015-01-31"]),
        ([("2014-02-10", "2014-02-20")], ["2015-01-01 2015-01-31"]),
    ],
)
def test_the_days_that_nothing_covers_are_found(
    windows: list[tuple[str, str]], holes: list[str]
) -> None:
    found = validity.missing([window(*one) for one in windows], window("2015-01-01", "2015-01-31"))
    assert [f"{one.start} {one.end}" for one in found] == holes


@given(
    st.lists(st.tuples(DATES, st.integers(0, 500)), max_size=8), DATES, st.integers(0, 900), DATES
)
def test_a_day_is_missing_or_covered(
    spans: list[tuple[date, int]], start: date, length: int, day: date
) -> None:
    windows = [Window(first, first + timedelta(days=days)) for first, days in spans]
    wanted = Window(start, start + timedelta(days=length))
    covered = any(one.start <= day <= one.end for one in windows)
    absent = any(one.start <= day <= one.end for one in validity.missing(windows, wanted))
    assert absent == (wanted.start <= day <= wanted.end and not covered)


@pytest.mark.parametrize(
    "text",
    ["2015-02-18", "20150218", "2015-02-18T12:34:56.7", "2015-02-18 12:34", " 20150218T120000 "],
)
def test_a_day_may_be_written_in_many_ways(text: str) -> None:
    assert validity.day_of(text) == date(2015, 2, 18)


@pytest.mark.parametrize(
    "text",
    ["", "None", "unknown", "2015-13-01", "2015-02-30", "15-02-18", "2015-02-18x", "18.2.2015"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(DataIdError, match="is no date"):
        validity.day_of(text)


def test_a_negative_validity_is_refused() -> None:
    with pytest.raises(DataIdError, match="a validity of -1 days"):
        validity.around(-1)
