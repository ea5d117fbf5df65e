"""Windows of whole tables: who gets which days beside rows that keep theirs."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from persistence.calibs import validity
from persistence.calibs.validity import Window
from persistence.ingest.calibconfig import CalibRegisterConfig
from persistence.ingest.windows import Sharing, Windows, share_out

REGISTER = CalibRegisterConfig(
    columns=dict.fromkeys(("filter", "ccd", "calibDate", "validStart", "validEnd"), "text"),
    unique=("filter", "ccd", "calibDate"),
)
RULES = {
    "around": Sharing(validity.around(30), touching=True),
    "around, apart": Sharing(validity.around(30, increment=False), touching=False),
    "until-superseded": Sharing(validity.until_superseded, touching=True),
    "nearest": Sharing(validity.nearest, touching=False),
}


def row(line: str) -> dict[str, Any]:
    """Return a row of its date, and first and last day if it has them."""
    words = [*line.split(), "None", "None"]
    return {
        "filter": "g",
        "ccd": 1,
        "calibDate": words[0],
        "validStart": words[1],
        "validEnd": words[2],
    }


def share(rule: str, there: list[str], new: list[str]) -> Windows:
    return share_out(
        "flat", REGISTER, list(enumerate(map(row, there))), list(map(row, new)), RULES[rule]
    )


# rule, rows that keep their windows, new date, its window.
CASES = [
    ("around", [], "2015-03-10", "2015-02-08 to 2015-04-09"),
    ("around", ["2015-01-01 2014-12-02 2015-01-31"], "2015-03-10", "2015-02-08 to 2015-04-09"),
    ("around", ["2015-03-01 2015-01-30 2015-03-31"], "2015-03-10", "2015-03-31 to 2015-04-09"),
    ("around, apart", ["2015-03-01 2015-01-30 2015-03-31"], "2015-03-10", "2015-04-01 to 2015-04-09"),
    ("around", ["2015-03-20 2015-02-18 2015-04-19"], "2015-03-10", "2015-02-08 to 2015-02-18"),
    ("around, apart", ["2015-03-20 2015-02-18 2015-04-19"], "2015-03-10", "2015-02-08 to 2015-02-17"),
    ("around", ["2015-03-01 2015-01-01 2015-05-01"], "2015-03-10", "None"),
    # The part with its own day, though others are longer.
    ("around", ["2014-01-01 2015-03-05 2015-03-08", "2016-01-01 2015-03-12 2015-03-13"], "2015-03-10",
     "2015-03-08 to 2015-03-12"),
    # The longest, where another has its own day.
    ("around", ["2014-01-01 2015-03-04 2015-03-13"], "2015-03-10", "2015-03-13 to 2015-04-09"),
    ("around", ["2014-01-01 2015-03-08 2015-03-20"], "2015-03-10", "2015-02-08 to 2015-03-08"),
    ("until-superseded", ["2015-06-01 2015-06-01 2037-12-31"], "2015-03-10", "2015-03-10 to 2015-06-01"),
    ("until-superseded", ["2015-03-01 2015-03-01 2037-12-31"], "2015-03-10", "None"),
    ("nearest", ["2015-03-01 1900-01-01 2015-05-01"], "2015-03-10", "2015-05-02 to 2037-12-31"),
    # Of two rows of one day the later supersedes the earlier, but not in days that it keeps.
    ("around", ["2015-03-10T12:00:00 2015-01-01 2015-05-01"], "2015-03-10", "None"),
    ("around", ["2015-03-10T12:00:00 2015-03-01 2015-03-11"], "2015-03-10", "2015-02-08 to 2015-03-01"),
    ("around", ["2015-03-01 2015-01-30 2015-03-31"], "2015-03-31T08:00:00", "2015-03-31 to 2015-04-30"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "there", "new", "window"), CASES)
def test_a_new_row_gets_what_those_that_are_there_leave(
    rule: str, there: list[str], new: str, window: str
) -> None:
    made = share(rule, there, [new])
    assert [str(one) for one in made.new] == [window]
    assert made.changed == []


def test_a_row_gives_way_to_a_new_one_of_its_name() -> None:
    assert share("around", ["2015-03-10 2015-01-01 2015-12-31"], ["2015-03-10"]).new == [
        Window(date(2015, 2, 8), date(2015, 4, 9))
    ]


def test_of_new_rows_of_one_day_the_later_supersedes() -> None:
    made = share(
        "until-superseded", [], ["1970-01-01T00:00:00", "20140220T080000", "2014-02-20T20:00:00"]
    )
    assert [str(one) for one in made.new] == [
        "1970-01-01 to 2014-02-20T08:00:00",
        "2014-02-20T08:00:00 to 2014-02-20T20:00:00",
        "2014-02-20T20:00:00 to 2037-12-31",
    ]
    assert made.notes == []


@pytest.mark.parametrize(
    ("there", "new"),
    [
        ([], ["2015-03-10", "20150310"]),
        (["2015-03-10 2015-01-01 2015-12-31"], ["2015-03-10T00:00:00"]),
        (["2015-03-10", "20150310"], []),
    ],
)
def test_two_that_no_time_tells_apart_are_told(there: list[str], new: list[str]) -> None:
    notes = share("around", there, new).notes
    told = "several calibrations are of 2015-03-10: an exposure gets none of them"
    assert [note for note in notes if told in note] != []


def test_rows_whose_windows_are_null_get_one_and_that_is_told() -> None:
    there = [{**row("2015-03-10"), "validStart": "2015-03-01", "validEnd": None}]
    made = share_out("flat", REGISTER, list(enumerate(there)), [], RULES["around"])
    assert made.changed == [(Window(date(2015, 2, 8), date(2015, 4, 9)), 0)]
    assert "2015-03-10, registered without a window, has one now" in made.notes[0]


DATES = st.dates(date(2014, 1, 1), date(2016, 1, 1)).map(str)


# 30 days around dates 60 days apart meet on one day, which Gen2 leaves to both whatever the
# increment (doc/gen2/gen2-cli.md, 2.6).
MEETING = timedelta(days=60)


@example("around, apart", [{"2014-01-27", "2014-03-28"}])
@given(st.sampled_from(sorted(RULES)), st.lists(st.sets(DATES, max_size=6), max_size=4))
def test_however_rows_come_no_day_has_two_but_where_they_touch(
    rule: str, runs: list[set[str]]
) -> None:
    there: list[str] = []
    for dates in runs:
        new = sorted(dates - {line.split()[0] for line in there})
        windows = share(rule, there, new).new
        there += [
            f"{one} {w.start} {w.end}" for one, w in zip(new, windows, strict=True) if w is not None
        ]
    days = [[date.fromisoformat(day) for day in line.split()] for line in there]
    for (one, _, end), (other, start, _) in itertools.pairwise(
        sorted(days, key=lambda own: own[1:])
    ):
        meet = rule == "around, apart" and other - one == MEETING
        assert end <= start if RULES[rule].touching or meet else end < start
