"""When master calibrations may be used: Gen2's worked examples, and what holds for every series."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.calibs import validity
from persistence.calibs.validity import Gap, Moment, Overlap, Window
from persistence.errors import DataIdError

DATES = st.dates(date(1950, 1, 1), date(2030, 1, 1))
TIMES = st.sampled_from(["", "08:00:00", "20:00:00", "20:00:00.5"])
SERIES = st.lists(DATES.map(Moment), min_size=1, max_size=12)
TIMED = st.lists(
    st.builds(Moment, DATES | st.just(date(2015, 3, 1)), TIMES), min_size=1, max_size=12
)


def window(start: str, end: str) -> Window:
    return Window(date.fromisoformat(start), date.fromisoformat(end))


# doc/gen2/gen2-cli.md, 2.6 and 8: rule, dates, windows.
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
    found = rule([validity.moment(one) for one in dates])
    assert [f"{one.start} {one.end}" for one in found.values()] == windows


@given(SERIES, st.integers(0, 4000))
def test_without_increment_no_day_has_two_windows(dates: list[Moment], days: int) -> None:
    found = sorted(validity.around(days, increment=False)(dates).values())
    for one, other in itertools.pairwise(found):
        assert one.end < other.start or (one.end - one.start).days == 2 * days


@given(TIMED, st.integers(0, 4000), st.booleans(), DATES)
def test_each_date_has_its_own_window_and_no_moment_two(
    dates: list[Moment], days: int, increment: bool, day: date
) -> None:
    for rule in (validity.around(days, increment), validity.until_superseded, validity.nearest):
        windows = rule(dates)
        for own in (*windows, Moment(day), Moment(day, "08:00:00"), Moment(dates[0].day)):
            holding = [window for window in windows.values() if window.holds(own)]
            valid = [one for one in holding if not validity.superseded(one, own, holding)]
            assert len(valid) <= 1
            assert own not in windows or valid == [windows[own]] or own.time == ""


@given(SERIES, DATES)
def test_nearest_leaves_no_hole_and_gives_the_nearest(dates: list[Moment], day: date) -> None:
    windows = validity.nearest(dates)
    (chosen,) = [own for own, found in windows.items() if found.start <= day <= found.end]
    assert abs(chosen.day - day) == min(abs(own.day - day) for own in dates)
    assert validity.faults(windows) == []


@given(TIMED)
def test_a_series_that_is_valid_until_superseded_has_no_faults(dates: list[Moment]) -> None:
    assert validity.faults(validity.until_superseded(dates)) == []


def test_gaps_and_overlaps_are_found() -> None:
    a, b, c = (Moment(date(2015, 1, day)) for day in (1, 11, 12))
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
    ("text", "time"),
    [
        ("2015-02-18", ""),
        ("20150218", ""),
        (20150218, ""),
        ("2015-02-18T12:34:56.7", "12:34:56.7"),
        ("2015-02-18T00:00:00.000", "00:00:00"),
        ("2015-02-18 12:34", "12:34:00"),
        (" 20150218T120000 ", "12:00:00"),
        ("20150218T08", "08:00:00"),
        ("2015-02-18T23:59:60.250Z", "23:59:60.25"),
        ("2015-02-18T12:00:00+00:00", "12:00:00"),
    ],
)
def test_a_moment_may_be_written_in_many_ways(text: Any, time: str) -> None:
    assert validity.moment(text) == Moment(date(2015, 2, 18), time)
    assert validity.day_of(text) == date(2015, 2, 18)


@pytest.mark.parametrize(
    "text",
    [
        *("", "None", "unknown", "2015-13-01", "2015-02-30", "15-02-18", "2015-02-18x"),
        *("18.2.2015", None, "2015-02-18T", "2015-02-18T25:00", "2015-02-18T12:00+02:00"),
        "2015-02-18 or so",
    ],
)
def test_what_is_no_date_is_refused(text: Any) -> None:
    with pytest.raises(DataIdError, match="is not a date"):
        validity.moment(text)


# A window, and moments that it holds or does not: as Gen2 compared texts, but for days that are whole.
HELD = [
    ("2015-03-01", "2015-03-02", "2015-03-01 2015-03-02 2015-03-02T23:59:59.9 20150302", "2015-02-28T23:59:59 2015-03-03"),
    ("2015-03-01T18:00:00", "2015-03-02T06:00:00", "2015-03-01T18:00:00 2015-03-02T06:00:00 2015-03-01 2015-03-02",
     "2015-03-01T17:59:59.9 2015-03-02T06:00:00.1 2015-02-28 2015-03-03"),
    ("20150301T180000", "20150302T060000", "2015-03-01T18:00:01 2015-03-01", "2015-03-01T06:00:00"),
    ("2015-03-01", "2015-03-02T00:00:00", "2015-03-01T23:00:00 2015-03-02T00:00:00 2015-03-02", "2015-03-02T00:00:01"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "end", "inside", "outside"), HELD)
def test_a_time_of_day_counts_where_both_sides_have_one(
    start: str, end: str, inside: str, outside: str
) -> None:
    own = validity.window(start, end)
    assert [one for one in inside.split() if not own.holds(validity.moment(one))] == []
    assert [one for one in outside.split() if own.holds(validity.moment(one))] == []


# The exposure's time; windows that hold it; which of them gives up the day.
DAY = "2015-03-02"
GIVEN_UP = [
    (DAY, ["2015-01-01 2015-03-02", "2015-03-02 2037-12-31"], [True, False]),
    (DAY, ["2015-01-01 2015-03-02T12:00:00", "2015-03-02T12:00:00 2037-12-31"], [True, False]),
    (DAY, ["2015-03-02 2015-03-02"], [False]),
    (DAY, ["2015-01-01 2015-03-03", "2015-03-02 2037-12-31"], [False, False]),
    (DAY, ["2015-01-01 2015-03-02"], [False]),
    # Three of a day: the last one has it, if no more than the day is known.
    (DAY, ["2014-01-01 2015-03-02T08:00:00", "2015-03-02T08:00:00 2015-03-02T20:00:00",
           "2015-03-02T20:00:00 2037-12-31"], [True, True, False]),
    ("2015-03-02T08:00:00", ["2014-01-01 2015-03-02T08:00:00", "2015-03-02T08:00:00 2037-12-31"], [True, False]),
    ("2015-03-02T18:00:00", ["2014-01-01 2015-03-02", "2015-03-02T12:00:00 2037-12-31"], [True, False]),
]  # fmt: skip


@pytest.mark.parametrize(("time", "windows", "expected"), GIVEN_UP)
def test_a_window_is_superseded_on_its_last_day_alone(
    time: str, windows: list[str], expected: list[bool]
) -> None:
    moment, found = validity.moment(time), [validity.window(*one.split()) for one in windows]
    assert all(one.holds(moment) for one in found)
    assert [validity.superseded(one, moment, found) for one in found] == expected


SAME_DAY = [
    (validity.until_superseded, "1970-01-01 2014-02-20T08:00:00 2014-02-20T20:00:00",
     ["1970-01-01 2014-02-20T08:00:00", "2014-02-20T08:00:00 2014-02-20T20:00:00", "2014-02-20T20:00:00 2037-12-31"]),
    (validity.until_superseded, "2014-02-20 2014-02-20T20:00:00", ["2014-02-20 2014-02-20T20:00:00",
     "2014-02-20T20:00:00 2037-12-31"]),
    (validity.until_superseded, "2014-02-20 2014-03-01", ["2014-02-20 2014-03-01", "2014-03-01 2037-12-31"]),
    (validity.around(3), "2015-02-01T08:00:00 2015-02-01T12:30:00 2015-02-01T20:00:00",
     ["2015-01-29 2015-02-01T12:30:00", "2015-02-01T12:30:00 2015-02-01T20:00:00", "2015-02-01T20:00:00 2015-02-04"]),
    (validity.nearest, "2015-02-01 2015-02-01T12:00:00 2015-02-03",
     ["1900-01-01 2015-02-01T12:00:00", "2015-02-01T12:00:00 2015-02-02", "2015-02-03 2037-12-31"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "dates", "windows"), SAME_DAY)
def test_of_one_day_each_is_valid_until_the_time_of_the_next(
    rule: validity.Rule, dates: str, windows: list[str]
) -> None:
    found = rule([validity.moment(one) for one in dates.split()]).values()
    assert [f"{one.first} {one.last}" for one in found] == windows


def test_a_negative_validity_is_refused() -> None:
    with pytest.raises(DataIdError, match="a validity of -1 days"):
        validity.around(-1)
