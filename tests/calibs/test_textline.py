"""When calibrations are valid, as text, and which days are shown."""

from __future__ import annotations

from datetime import date

import pytest

from persistence.calibs import spans, textline
from persistence.calibs.grouping import Group
from persistence.calibs.series import Series
from persistence.calibs.validity import Window


def day(number: int) -> date:
    return date(2015, 1, number)


SHOWN = Window(day(1), day(20))
SERIES = [
    Series("bias", {}, {"2015-01-04": Window(day(3), day(8)), "2015-01-12": Window(day(9), day(12)),
                        "2015-01-16": Window(day(15), day(18))}),
    Series("defects", {}, {"1970-01-01": Window(date(1970, 1, 1), day(5)),
                           "2015-01-06": Window(day(6), date(2037, 12, 31))}),
    Series("dark", {}, {}, broken=("2015-01-07",)),
    Series("fringe", {}, {}, timeless=("2015-01-02", "2015-01-09")),
    Series("flat", {}, {"nonsense": Window(date(2014, 1, 1), day(2)),
                        "2016-01-01": Window(day(20), date(2016, 2, 2))}),
]  # fmt: skip
GROUPS = [Group({}, [one]) for one in SERIES]


def test_each_day_is_a_character_where_there_is_room() -> None:
    header, *bars = list(textline.lines(GROUPS, SHOWN, 29))[:6]
    assert header == "         2015-01-012015-01-20"
    assert [bar.split("  ", 1)[0] for bar in bars] == ["bias", "defects", "dark", "fringe", "flat"]
    assert [bar[9:] for bar in bars] == [
        "..=|====---|..=|==..",
        "<====|------------->",
        "......|.............".replace("|", "?"),
        " |      |",
        "==.................-",
    ]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_lines_are_no_wider_than_the_terminal(width: int) -> None:
    long = Group({"ccdnum": "1-30,32-60,62", "filter": "a name that is long"}, SERIES[:1])
    found = list(textline.lines([*GROUPS, long], SHOWN, width))
    assert max(map(len, found)) <= max(width, textline._LABEL + 22)
    legend = " ".join(found[found.index("") + 1 :])
    assert "? validity never worked out" in legend


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (None, None, Window(date(2013, 12, 2), date(2016, 3, 3))),
        (day(5), None, Window(day(5), date(2016, 2, 17))),
        (day(5), day(6), Window(day(5), day(6))),
    ],
)
def test_open_ends_do_not_count_for_what_is_shown(
    first: date | None, last: date | None, shown: Window
) -> None:
    assert spans.span(GROUPS, first, last) == shown


def test_of_nothing_something_is_shown() -> None:
    assert spans.span([]).start < spans.span([]).end
    assert "validity" in "".join(textline.lines([], spans.span([]), 80))
