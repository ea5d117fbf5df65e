"""Gen2's windows of days as Gen3's time spans in TAI."""

from __future__ import annotations

import datetime
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.calibs import validity
from persistence.calibs.validity import Moment, Window
from persistence.gen3 import spans
from persistence.gen3.spans import Span

DAYS = st.dates(date(1980, 1, 1), date(2016, 12, 31))
MARCH = date(2014, 3, 2)
# A busy machine is no failure.
UNTIMED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


# TAI - UTC was 35 s in 2014, and 36 s from July 2015 (IERS Bulletin C).
@pytest.mark.parametrize(
    ("window", "scale", "span"),
    [
        (Window(MARCH, MARCH), "utc",
         Span("2014-03-02 00:00:35.000000000", "2014-03-03 00:00:35.000000000")),
        (Window(MARCH, date(2015, 7, 1)), "utc",
         Span("2014-03-02 00:00:35.000000000", "2015-07-02 00:00:36.000000000")),
        (Window(MARCH, MARCH), "tai",
         Span("2014-03-02 00:00:00.000000000", "2014-03-03 00:00:00.000000000")),
        (Window(date(1970, 1, 1), date(2037, 12, 31)), "utc", Span(None, None)),
        (Window(date(1900, 1, 1), MARCH), "tai", Span(None, "2014-03-03 00:00:00.000000000")),
        (Window(MARCH, date(2014, 3, 4), "10:00:00.5", "12:30:00"), "tai",
         Span("2014-03-02 10:00:00.500000000", "2014-03-04 12:30:00.000000000")),
    ],
)  # fmt: skip
def test_a_window_is_a_half_open_span_in_tai(window: Window, scale: str, span: Span) -> None:
    assert spans.share([window], scale, by_day=False).parts == [(0, span)]
    back = spans.window(span, scale)
    assert back == window or window.is_open_before


def test_times_of_day_do_not_count_where_exposures_have_only_a_day() -> None:
    (part,) = spans.share([Window(MARCH, MARCH, "10:00:00", "12:00:00")], "tai", by_day=True).parts
    assert part.span == Span("2014-03-02 00:00:00.000000000", "2014-03-03 00:00:00.000000000")


def test_of_two_that_share_a_day_the_later_one_has_it() -> None:
    shares = spans.share([Window(date(2014, 1, 1), MARCH), Window(MARCH, MARCH)], "tai", True)
    assert [part.span.end for part in shares.parts] == [
        "2014-03-02 00:00:00.000000000", "2014-03-03 00:00:00.000000000",
    ]  # fmt: skip
    assert not shares.unclear
    assert not shares.never


def test_where_gen2_cannot_choose_gen3_has_a_hole() -> None:
    windows = [Window(date(2014, 1, 1), date(2014, 1, 20)), Window(date(2014, 1, 10), MARCH)]
    shares = spans.share(windows, "tai", True)
    assert shares.unclear == [Window(date(2014, 1, 10), date(2014, 1, 20))]
    assert [part.number for part in shares.parts] == [0, 1]


def test_of_two_with_the_same_days_none_is_ever_chosen() -> None:
    shares = spans.share([Window(MARCH, MARCH)] * 2, "tai", True)
    assert shares.never == [0, 1]


@UNTIMED
@given(st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=5), DAYS)
def test_at_noon_of_any_day_gen3_has_what_gen2_chooses(
    ends: list[tuple[date, date]], day: date
) -> None:
    windows = [Window(*sorted(pair)) for pair in ends]
    holding = [n for n, each in enumerate(windows) if each.holds(Moment(day))]
    expected = [
        number
        for number in holding
        if not validity.superseded(
            windows[number], Moment(day), [windows[n] for n in holding if n != number]
        )
    ]
    noon = f"{day} 12:00:00.000000000"
    chosen = [
        part.number
        for part in spans.share(windows, "tai", by_day=True).parts
        if (part.span.begin or "") <= noon < (part.span.end or "9")
    ]
    assert chosen == (expected if len(expected) == 1 else [])


@UNTIMED
@given(DAYS, DAYS, st.sampled_from(["utc", "tai"]))
def test_a_window_survives_the_way_there_and_back(one: date, other: date, scale: str) -> None:
    window = Window(*sorted((one, other)))
    (part,) = spans.share([window], scale, by_day=True).parts
    assert spans.window(part.span, scale) == window


@pytest.mark.parametrize(
    ("window", "days"),
    [
        (Window(MARCH, MARCH, "00:00:37", "23:59:23"), Window(MARCH, MARCH)),
        (Window(MARCH, date(2014, 3, 9), "23:59:25", "00:00:01"),
         Window(date(2014, 3, 3), date(2014, 3, 8))),
    ],
)  # fmt: skip
def test_ends_are_rounded_to_midnights(window: Window, days: Window) -> None:
    assert spans.rounded(window) == days
    assert days.start - MARCH <= datetime.timedelta(days=1)
