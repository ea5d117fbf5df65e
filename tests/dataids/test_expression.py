"""Conditions on datasets: what they mean, by SQLite and by Python, and what is refused."""

from __future__ import annotations

import datetime
import itertools
import math
import pickle
import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.dataids import expression, grammar
from persistence.errors import DataIdError, ExpressionError, PersistenceError, UnknownKey

TIME = datetime.datetime
KINDS: Mapping[str, type] = {
    "visit": int,
    "ccdnum": int,
    "expTime": float,
    "filter": str,
    "date": str,
    "written": TIME,
    "DATE-OBS": str,
    "calexp": bool,
}
SQL = {int: "INTEGER", float: "REAL", str: "TEXT", TIME: "INTEGER", bool: "INTEGER"}
ROW = {
    "visit": 410877,
    "ccdnum": 28,
    "expTime": 90.5,
    "filter": "r",
    "date": "2014-02-20T23:59:59.5",
    "written": 1_793_500_200_000_000_000,  # date -u -d @1793500200: 2026-11-01T02:30:00
    "DATE-OBS": None,
    "calexp": True,
}


def by_sqlite(text: str, *rows: Mapping[str, Any]) -> list[bool | None]:
    """Compute the value of an expression in each row with SQLite."""
    sql, parameters = expression.parse(text).sql(KINDS)
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f'"{key}" {SQL[kind]}' for key, kind in KINDS.items())
    connection.execute(f"CREATE TABLE rows (number INTEGER PRIMARY KEY, {columns})")
    marks = ", ".join("?" * len(KINDS))
    connection.executemany(
        f"INSERT INTO rows VALUES (NULL, {marks})", [[row[key] for key in KINDS] for row in rows]
    )
    found = connection.execute(f"SELECT {sql} FROM rows ORDER BY number", parameters).fetchall()
    connection.close()
    return [None if value is None else bool(value) for (value,) in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("visit == 410877", True),
        ("visit = 410877", True),
        ("visit <> 410877", False),
        ("visit != 410877", False),
        ("410877 == visit", True),
        ("410876 < visit <= 410877", True),
        ("410877 < visit", False),
        ("410877 >= visit", True),
        ("visit > -5", True),
        ("visit > +5", True),
        ("visit == 410877.0", True),
        ("expTime == 90.5", True),
        ("expTime < 1e3", True),
        ("expTime > .5", True),
        ("ccdnum < visit", True),
        ("ccdnum < expTime", True),
        # lists and ranges
        ("visit in (410877)", True),
        ("visit in (1, 2, 410877)", True),
        ("visit in [1, 2]", False),
        ("visit IN (410870..410880)", True),
        ("visit in 410870..410880", True),
        ("visit in (410870..410880:2)", False),
        ("visit in (410871..410880:2, 5)", True),
        ("visit in (-3..410880:10)", True),
        ("visit not in (1..5)", True),
        ("visit between 1 and 5 or ccdnum == 28", True),
        ("visit between 1 and 410877 and ccdnum == 28", True),
        ("visit not between 1 and 5", True),
        ("expTime in (90..91)", True),
        ("filter in ('g', \"r\")", True),
        ("filter in ('a'..'z')", True),
        # patterns: letters count as they are
        ("filter like 'r'", True),
        ("filter like 'R'", False),
        ("filter like '%'", True),
        ("filter like '_'", True),
        ("filter like '__'", False),
        ("filter not like 'g%'", True),
        # null
        ("`DATE-OBS` is null", True),
        ("`DATE-OBS` is None", True),
        ("`DATE-OBS` is not null", False),
        ("visit is not null", True),
        ("`DATE-OBS` == 'x'", None),
        ("`DATE-OBS` != 'x'", None),
        ("not `DATE-OBS` == 'x'", None),
        ("`DATE-OBS` in ('x', 'y')", None),
        ("`DATE-OBS` like '%'", None),
        ("`DATE-OBS` == 'x' or visit > 0", True),
        ("`DATE-OBS` == 'x' and visit < 0", False),
        ("`DATE-OBS` == 'x' and visit > 0", None),
        ("`DATE-OBS` == date", None),
        # not is above and, and that above or
        ("visit == 410877 or visit == 1 and ccdnum == 1", True),
        ("(visit == 410877 or visit == 1) and ccdnum == 1", False),
        ("not visit == 1 and ccdnum == 28", True),
        ("not (visit == 1 or ccdnum == 28)", False),
        ("NOT NOT visit == 410877", True),
        # a day is all of it, in quotes or not
        ("date == 2014-02-20", True),
        ("date == '2014-02-20'", True),
        ("date != 2014-02-20", False),
        ("date > 2014-02-20", False),
        ("date >= 2014-02-20", True),
        ("date <= 2014-02-20", True),
        ("date < 2014-02-20", False),
        ("date in (2014-02-01..2014-02-20)", True),
        # and a month of all of its days
        ("date == 2014-02", True),
        ("date == '2014-02'", True),
        ("date <= 2014-02", True),
        ("date > 2014-02", False),
        ("date < 2014-02", False),
        ("date in (2014-01..2014-02)", True),
        ("date in (2014-03..2014-12)", False),
        ("filter == '2014-02'", None),
        ("date in (2014-02-20, 2014-02-22)", True),
        ("date between 2014-02-20 and 2014-02-21", True),
        ("date == 2014-02-20T23:59", True),
        ("date == '2014-02-20 23:59'", True),
        ("date == 2014-02-20T23:59:59", True),
        ("date == 2014-02-20T23:59:59.5", True),
        ("date == 2014-02-20T23:59:59.50", True),
        ("date == 2014-02-20T23:59:59.4", False),
        ("date < 2014-02-20T23:59:59.500000001", True),
        ("date < 2014-02-20T23:59:59.51", True),
        ("date > 2014-02-20T23:59:59.49", True),
        ("filter > 2014-02-20", None),
        ("not filter > 2014-02-20", None),
        ("filter < 2014-02-20", None),
        # times of files are in UTC
        ("written == 2026-11-01", True),
        ("written == 2026-11-01Z", True),
        ("written == '2026-11-01T02:30'", True),
        ("written == 2026-11-01T02:30:00Z", True),
        ("written == 2026-11-01T02:30:00.0", True),
        ("written == 2026-11-01T02:30:00.000000001", False),
        ("written != 2026-11-01", False),
        ("written == 2026-11", True),
        ("written > 2026-10", True),
        ("written <= 2026-10", False),
        ("written > 2026-10-31", True),
        ("written > 2026-11-01", False),
        ("written >= 2026-11-01T02:30", True),
        ("written > 2026-11-01T02:29:59.999999999", True),
        ("written < 2026-11-01T02:30:00", False),
        ("written <= 2026-11-01", True),
        ("written < 2026-11-02", True),
        ("written in (2026-10-01..2026-11-01)", True),
        ("written > 0001-01-01", True),
        ("written < 9999-12-31", True),
        # what is a condition by itself
        ("calexp", True),
        ("not calexp", False),
        ("(calexp) and visit > 1", True),
        ("calexp is null", False),
        ("", True),
        ("  \n ", True),
    ],
)
def test_an_expression_means_this_to_sqlite_and_to_python(text: str, value: bool | None) -> None:
    assert by_sqlite(text, ROW) == [value]
    assert expression.parse(text).possible(ROW) is (value is True)
    assert expression.parse(f"not ({text.strip() or 'visit == 410877'})").possible(ROW) is (
        value is False
    )


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("20140220", "date == 2014-02-20", True),
        ("20140220", "date < 2014-02-20T00:00:01", True),
        ("20140220", "date < 2014-02-20T00:00:00.1", True),
        ("2014-02-20 05:00:00", "date > 2014-02-20T04:00", True),
        ("2014-02-20T05:00:00Z", "date == 2014-02-20T05:00:00.000", True),
        ("2014-02-20", "date == 2014-02-20T00:00", False),
        ("2014/02/20", "date == 2014-02-20", None),
        ("UNKNOWN", "date >= 1900-01-01", None),
        ("2014022", "date >= 1900-01-01", None),
        ("2014-02-20x", "date == 2014-02-20", True),
    ],
)
def test_texts_of_registries_are_dates_if_they_are_written_so(
    value: str, text: str, expected: bool | None
) -> None:
    row = {**ROW, "date": value}
    assert by_sqlite(text, row) == [expected]
    assert expression.parse(text).possible(row) is (expected is True)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("i%", ["i", "i_sim_1.4", "i\n"], ["I", "", "xi"]),
        (r"i\_sim%", ["i_sim_1.4"], ["i-sim_1.4"]),
        (r"100\%", ["100%"], ["1000"]),
        (r"a\\b", [r"a\b"], ["ab"]),
        ("[a]*?", ["[a]*?"], ["a", "axx"]),
        ("%a%b%", ["ab", "xaxbx"], ["ba", "b"]),
        ("_é", ["éé"], ["é"]),
        ("", [""], ["a"]),
        ("it''s", ["it's"], ["its"]),
    ],
)
def test_a_pattern_has_any_text_for_percent_and_any_letter_for_underscore(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    text = f"filter like '{pattern}'"
    rows = [{**ROW, "filter": value} for value in (*matching, *others)]
    expected = [True] * len(matching) + [False] * len(others)
    assert by_sqlite(text, *rows) == expected
    assert [expression.parse(text).possible(row) for row in rows] == expected


# -- the same by two others, of random expressions
# ---------------------------------------------------

Truth = bool | None
Test = Callable[[Mapping[str, Any]], Truth]
NUMBERS = ["visit", "ccdnum", "expTime"]
PYTHON: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
small = st.integers(-6, 6)
letters = st.text("aA%_[*b'é", max_size=3)
days = st.dates(datetime.date(2014, 2, 27), datetime.date(2014, 3, 2)).map(str)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def known(row: Mapping[str, Any], key: str, test: Callable[[Any], Truth]) -> Truth:
    return None if row[key] is None else test(row[key])


def both(left: Test, right: Test) -> Test:
    def test(row: Mapping[str, Any]) -> Truth:
        values = left(row), right(row)
        return False if False in values else None if None in values else True

    return test


def contrary(inner: Test) -> Test:
    return lambda row: {True: False, False: True, None: None}[inner(row)]


def either(left: Test, right: Test) -> Test:
    return contrary(both(contrary(left), contrary(right)))


@st.composite
def comparisons(draw: Any) -> tuple[str, Test]:
    sign = draw(st.sampled_from(sorted(PYTHON)))
    kind = draw(st.sampled_from(["number", "text", "keys", "day"]))
    if kind == "number":
        key, value = draw(st.sampled_from(NUMBERS)), draw(small | st.floats(-6, 6))
        return f"{key} {sign} {value!r}", lambda row: known(
            row, key, lambda its: PYTHON[sign](its, value)
        )
    if kind == "text":
        value = draw(letters)
        return f"filter {sign} {quoted(value)}", lambda row: known(
            row, "filter", lambda its: PYTHON[sign](its, value)
        )
    if kind == "day":
        # All of a day, or of a month, is as its first characters are.
        value = draw(days)[: draw(st.sampled_from([7, 10]))]
        return f"date {sign} {value}", lambda row: known(
            row, "date", lambda its: PYTHON[sign](its[: len(value)], value)
        )
    left, right = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(NUMBERS))
    return f"{left}{sign}{right}", lambda row: known(
        row, left, lambda its: known(row, right, lambda other: PYTHON[sign](its, other))
    )


@st.composite
def members(draw: Any) -> tuple[str, Test]:
    singles = draw(st.lists(small, min_size=1, max_size=3))
    first, length, step = draw(small), draw(st.integers(0, 6)), draw(st.integers(1, 3))
    contrary_word = draw(st.sampled_from(["", "not "]))
    text = ", ".join([*map(str, singles), f"{first}..{first + length}:{step}"])
    values = {*singles, *range(first, first + length + 1, step)}
    return f"visit {contrary_word}in ({text})", lambda row: known(
        row, "visit", lambda its: (its in values) is (contrary_word == "")
    )


@st.composite
def patterns(draw: Any) -> tuple[str, Test]:
    pattern = draw(letters)
    parts = [{"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern]
    regex = re.compile("".join(parts), re.DOTALL)
    return f"filter like {quoted(pattern)}", lambda row: known(
        row, "filter", lambda its: regex.fullmatch(its) is not None
    )


def truth(row: Mapping[str, Any]) -> Truth:
    return row["calexp"]


@st.composite
def nulls(draw: Any) -> tuple[str, Test]:
    key = draw(st.sampled_from(["visit", "filter", "date"]))
    return f"{key} is null", lambda row: row[key] is None


def combined(inner: st.SearchStrategy[tuple[str, Test]]) -> st.SearchStrategy[tuple[str, Test]]:
    pairs = st.tuples(inner, inner)
    return (
        pairs.map(lambda two: (f"({two[0][0]}) and ({two[1][0]})", both(two[0][1], two[1][1])))
        | pairs.map(lambda two: (f"({two[0][0]}) OR ({two[1][0]})", either(two[0][1], two[1][1])))
        | inner.map(lambda part: (f"not ({part[0]})", contrary(part[1])))
    )


expressions = st.recursive(
    comparisons() | members() | patterns() | nulls() | st.just(("calexp", truth)),
    combined,
    max_leaves=8,
)
rows = st.fixed_dictionaries(
    {
        "visit": st.none() | small,
        "ccdnum": st.none() | small,
        "expTime": st.none() | st.floats(-6, 6),
        "filter": st.none() | letters,
        "date": st.none() | days | days.map(lambda day: f"{day}T12:00"),
        "written": st.none(),
        "DATE-OBS": st.none(),
        "calexp": st.none() | st.booleans(),
    }
)


@settings(max_examples=300, deadline=None)
@given(expressions, st.lists(rows, min_size=1, max_size=5))
def test_sqlite_and_python_and_a_naive_evaluation_agree(
    pair: tuple[str, Test], some: list[dict[str, Any]]
) -> None:
    text, naive = pair
    expected = [naive(row) for row in some]
    assert by_sqlite(text, *some) == expected
    assert [expression.parse(text).possible(row) for row in some] == [
        value is True for value in expected
    ]


@settings(max_examples=300, deadline=None)
@given(expressions, rows, st.sets(st.sampled_from(sorted(KINDS))))
def test_what_is_true_is_possible_whatever_is_not_known(
    pair: tuple[str, Test], row: dict[str, Any], hidden: set[str]
) -> None:
    text, naive = pair
    parsed = expression.parse(text)
    if naive(row):
        assert parsed.possible({key: value for key, value in row.items() if key not in hidden})
        assert all(row[key] == value for key, value in parsed.known().items())


@pytest.mark.parametrize(
    ("text", "values", "possible"),
    [
        ("visit == 1 and ccdnum == 2", {"visit": 2}, False),
        ("visit == 1 and ccdnum == 2", {"visit": 1}, True),
        ("visit == 1 or ccdnum == 2", {"visit": 2}, True),
        ("not (visit == 1 or ccdnum == 2)", {"visit": 1}, False),
        ("visit in (1..100:3) and filter like 'r%'", {"visit": 3}, False),
        ("visit < ccdnum", {"visit": 2}, True),
        ("visit < ccdnum and visit > 5", {"visit": 2}, False),
        ("date < 2014-01-01", {"date": "2014-01-01"}, False),
        ("visit is null", {"visit": 1}, False),
        ("visit != 3", {}, True),
    ],
)
def test_it_is_impossible_as_soon_as_what_is_known_excludes_it(
    text: str, values: dict[str, Any], possible: bool
) -> None:
    assert expression.parse(text).possible(values) is possible


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("visit == 1 and filter == 'r'", {"visit": 1, "filter": "r"}),
        ("1 == visit", {"visit": 1}),
        ("visit in (1)", {"visit": 1}),
        ("visit in (1, 1)", {"visit": 1}),
        ("visit in (1, 2)", {}),
        ("visit in (1..1)", {}),
        ("visit == 1.0", {"visit": 1}),
        ("expTime == 1.5", {}),
        ("visit == 1 or ccdnum == 2", {}),
        ("(visit == 1 and ccdnum == 2) or (visit == 1 and ccdnum == 3)", {"visit": 1}),
        ("not visit == 1", {}),
        ("visit <= 1", {}),
        ("visit == ccdnum", {}),
        ("date == 2014-02-20", {}),  # a text may go on behind the day
        ("", {}),
    ],
)
def test_what_a_key_has_to_be_equal_to_is_known(text: str, values: dict[str, Any]) -> None:
    assert expression.parse(text).known() == values


def test_the_keys_are_those_that_it_names() -> None:
    parsed = expression.parse("not (`DATE-OBS` > '2' or ccdnum < visit) and visit in (1, 2)")
    assert parsed.keys == ("DATE-OBS", "ccdnum", "visit")


@settings(deadline=None)
@given(expressions, expressions, rows, st.sets(st.sampled_from(sorted(KINDS))))
def test_it_is_parted_by_the_keys(
    one: tuple[str, Test], other: tuple[str, Test], row: dict[str, Any], names: set[str]
) -> None:
    whole = expression.parse(f"({one[0]}) and ({other[0]})")
    some, rest = whole.parted(names)
    assert set(some.keys) <= names
    assert (some.possible(row) and rest.possible(row)) is whole.possible(row)
    assert set(some.keys) | set(rest.keys) == set(whole.keys)


def test_a_part_is_as_large_as_it_can_be() -> None:
    some, rest = expression.parse("visit == 1 and (ccdnum < 2 and filter == 'r')").parted(
        ["visit", "filter"]
    )
    assert some == expression.parse("visit == 1 and filter == 'r'")
    assert not rest.is_everything
    assert expression.parse("").is_everything
    assert expression.parse("visit == 1").parted(["visit"])[1].is_everything


def test_keys_have_other_names() -> None:
    text = "not (ccd == 3 and 1 < ccd and visit > ccd) or ccd in (1, 2) or ccd is null"
    renamed = expression.parse(text).renamed({"ccd": "ccdnum"})
    assert renamed == expression.parse(text.replace("ccd", "ccdnum"))
    assert expression.parse("calexp and filter like 'g'").renamed({}).keys == ("calexp", "filter")
    with pytest.raises(ExpressionError, match=r"column 8: ccdnum is .*\n  ccd == 'x'\n"):
        expression.parse("ccd == 'x'").renamed({"ccd": "ccdnum"}).check(KINDS)


# -- what is refused
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("visit ==", "", "expected a key, a number or a text"),
        ("visit == 1 ccdnum == 2", "ccdnum", "ccdnum is not expected here: join conditions"),
        ("visit == 1)", ")", r"\) is not expected here"),
        ("(visit == 1", "", r"expected \) after the condition in parentheses"),
        ("visit in (1, 2", "", r"expected \) or a comma, after a value"),
        ("visit in (1, 2]", "]", r"expected \) or a comma, after a value, not \]"),
        ("visit in ()", ")", "expected a number, a date or a text in quotes"),
        ("visit in (ccdnum)", "ccdnum", "a value here, not a key: a text is 'ccdnum'"),
        ("visit in (5..1)", "5..1", "the range is empty"),
        ("visit in (1..5:0)", "0", "expected a step"),
        ("visit in (1..5:1.5)", "1.5", "expected a step"),
        ("and visit == 1", "and", "expected a key"),
        ("visit", "visit", "visit is not a condition: write visit == ..."),
        ("not visit", "visit", "visit is not a condition"),
        ("5", "5", "5 is not a condition"),
        ("5 == 5", "5", "is compared with something that is not a key"),
        ("visit is 5", "5", "expected null after is"),
        ("visit not 5", "5", "expected in, like or between after not"),
        ("visit == null", "null", "write is null"),
        ("null == visit", "null", "write is null"),
        ("visit in (1, None)", "None", "write is null"),
        ("visit == - 'a'", "'a'", "expected a number after -"),
        ("visit == 3x", "3x", "'3x' is not a number, nor a date"),
        ("date == 2014-02-20T", "2014-02-20T", "nor a date such as 2014-02-20"),
        ("date == 2014-2-3", "2014-2-3", "nor a date such as 2014-02-20"),
        ("date == 2014-02-20T5:00", "2014-02-20T5:00", "nor a date such as"),
        ("visit == 5-3", "5-3", "is not a number"),
        ("visit == 1_000", "1_000", "'1_000' is not a number"),
        ("visit == 1e999", "1e999", "1e999 is too large"),
        ("visit == 1.", ".", "a range is low..high"),
        ("filter == 'r", "'", "the quote is not closed"),
        ("filter == `r", "`", "the quote is not closed"),
        ("visit & 3", "&", "'&' has no meaning here: write and"),
        ("visit == 1 || ccdnum == 2", "|", "'|' has no meaning here: write or"),
        ("visit ; drop", ";", "';' has no meaning here$"),
        ("__import__('os')", "(", r"\( is not expected here"),
        ("date == 2014-13-01", "2014-13-01", "2014-13-01 is not a date: month must be"),
        ("date == '2014-02-30'", "'2014-02-30'", "2014-02-30 is not a date: day"),
        ("date == 2014-02-20T25:00", "2014-02-20T25:00", "is not a date"),
        ("filter like g", "g", "expected a pattern in quotes, such as 'a%', not g"),
        # types
        ("visit == 'a'", "'a'", "visit is a whole number, but 'a' is a text$"),
        ("visit == '12'", "'12'", "visit is a whole number, but '12' is a text: write 12$"),
        ("expTime in (1, 'x')", "'x'", "expTime is a number, but 'x' is a text$"),
        ("filter == 5", "5", "filter is a text, but 5 is a whole number: write '5'$"),
        ("filter in ('a'..5)", "5", "filter is a text, but 5 is a whole number"),
        ("visit like '41%'", "visit", "visit is a whole number: only texts can match a pattern"),
        ("visit == filter", "filter", "filter is a text, but visit is a whole number"),
        ("visit > 2014-02-20", "2014-02-20", "visit is a whole .* a date: write 20140220, if"),
        ("written > 5", "5", "written is a time, but 5 is a whole number: write a date"),
        ("written > 'yesterday'", "'yesterday'", "written is a time, .*: write a date"),
        ("written == visit", "visit", "visit is a whole number, but written is a time"),
        ("date > 2014-02-20Z", "2014-02-20Z", "date is a text, which has no time scale"),
        ("filter in ('a'..'c':2)", "'a'..'c':2", "only ranges of whole numbers can have a step"),
        ("expTime in (1..5:2)", "1..5:2", "only ranges of whole numbers can have a step"),
        ("calexp == 1", "1", "calexp is true or false, .*: it is a condition by itself"),
        (
            "calexp == 2014-01-01",
            "2014-01-01",
            "calexp is true or false, but 2014-01-01 is a date$",
        ),
        (f"visit == {2**63}", str(2**63), "has more than 64 bits"),
        # keys
        ("vist == 3", "vist", "unknown key 'vist'; did you mean 'visit'"),
        ("visit == 3 and ccdmun in (3)", "ccdmun", "unknown key 'ccdmun'; did you mean 'ccdnum'"),
        ("filter == r", "r", "unknown key 'r'.*; texts are quoted: 'r'$"),
        ("`visit ` == 3", "`visit `", "unknown key 'visit '; did you mean"),
        ("Visit == 3", "Visit", "unknown key 'Visit'; did you mean 'visit'"),
        ("zzz is null", "zzz", r"unknown key 'zzz' \(known: visit, ccdnum, expTime, filter,"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_pointed_at(text: str, at: str, problem: str) -> None:
    kind = UnknownKey if "unknown key" in problem else ExpressionError
    with pytest.raises(kind) as info:
        expression.parse(text).sql(KINDS)
    message, line, marks = str(info.value).split("\n")
    assert re.search(problem, message)
    assert line == f"  {text}"
    column = int(re.match(r"where, column (\d+): ", message)[1])
    assert marks == " " * (column + 1) + "^" * max(1, len(at))
    assert text[column - 1 :].startswith(at)


def test_an_error_is_one_of_ours_and_of_what_old_code_catches() -> None:
    with pytest.raises(ValueError, match="column 7"):
        expression.parse("visit ; 3")
    with pytest.raises(sqlite3.OperationalError, match="column 1"):  # as queryMetadata's is
        expression.parse("vist == 3").check(KINDS)
    error = pickle.loads(pickle.dumps(ExpressionError("text")))
    assert isinstance(error, PersistenceError)


def test_an_error_shows_one_line_and_not_all_of_it() -> None:
    text = "visit == 1 and\n" + " or ".join(["ccdnum == 1"] * 50) + " or ccdnum == 'x' or visit < 3"
    with pytest.raises(ExpressionError) as info:
        expression.parse(text).check(KINDS)
    message, line, marks = str(info.value).split("\n")
    assert message.startswith("where, column 776: ccdnum is a whole number")
    assert len(line) < 140
    assert line[marks.index("^") : marks.index("^") + 3] == "'x'"


def test_control_characters_are_not_printed() -> None:
    with pytest.raises(ExpressionError) as info:
        expression.parse("visit == '\x1b[2J\t' and x").check(KINDS)
    assert "\x1b" not in str(info.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(" * 51 + "visit == 1" + ")" * 51, "more than 50 conditions are nested"),
        ("not " * 10_000 + "visit == 1", "characters, more than 20000"),
        ("not " * 1000 + "visit == 1", "more than 50 conditions"),
        ("visit in (" + "1," * 20_000, "pass long lists of values as keywords"),
    ],
)
def test_what_is_too_much_is_refused_at_once(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError, match=problem):
        expression.parse(text)


def test_as_many_conditions_as_fit_are_no_trouble_for_sqlite() -> None:
    text = " or ".join(f"visit=={number}" for number in range(1400))
    assert by_sqlite(text, {**ROW, "visit": 1399}, ROW) == [True, False]
    text = " or ".join(["date<2014-02-20T00:00:00.5"] * 600)
    assert by_sqlite(text, ROW) == [False]


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    text = "filter like '" + "%a" * 30 + "%b'"
    assert by_sqlite(text, {**ROW, "filter": "a" * 200}) == [False]
    assert not expression.parse(text).possible({**ROW, "filter": "a" * 200})


@pytest.mark.parametrize("text", ["filter == '\ud800'", "filter like '\ud800%'", "x == '\0'"])
def test_what_no_text_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="cannot be part of a key's text"):
        expression.parse(text)


# -- data IDs
# ----------------------------------------------------------------------------------------

PIECES = st.sampled_from(["1", "2..5", "1..9:3", "7", "0..3"])
WORDS = st.fixed_dictionaries(
    {},
    optional={
        "visit": st.lists(PIECES, min_size=1, max_size=3).map("^".join),
        "ccdnum": PIECES,
        "filter": st.sampled_from(["g", "g^r", "x"]),
    },
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=3))
def test_the_id_grammar_is_translated(options: list[dict[str, str]]) -> None:
    keys = {"visit": int, "ccdnum": int, "filter": str}
    words = [[f"{key}={value}" for key, value in one.items()] for one in options]
    data_ids = [one for some in words for one in grammar.parse(some, keys)] or [{}]
    translated = expression.of_words(words, keys)
    for visit, ccdnum, name in itertools.product(range(11), range(0, 11, 2), "gr"):
        row = {"visit": visit, "ccdnum": ccdnum, "filter": name}
        expected = any(one.items() <= row.items() for one in data_ids)
        assert translated.possible(row) is expected
    translated.check(keys)


def test_the_id_grammar_keeps_leading_zeros_of_texts_and_its_errors() -> None:
    its = expression.of_words([["name=007..009"]], {"name": str})
    assert [its.possible({"name": name}) for name in ("007", "7", "009")] == [True, False, True]
    aliased = expression.of_words([["ccd=3"]], {"ccdnum": int}, {"ccd": "ccdnum"})
    assert aliased.known() == {"ccdnum": 3}
    with pytest.raises(DataIdError, match="unknown key 'vist'; did you mean 'visit'"):
        expression.of_words([["vist=3"]], KINDS)
    many = expression.of_words([["visit=1..1000", "ccdnum=1..2000"]], KINDS)  # no product is made
    assert many.possible({"visit": 1000, "ccdnum": 2000})


@pytest.mark.parametrize(
    ("data_id", "matching", "others"),
    [
        ({"visit": 410877}, [{}], [{"visit": 1}, {"visit": None}]),
        ({"visit": np.int64(410877)}, [{}], [{"visit": 1}]),
        ({"visit": [1, 410877]}, [{}, {"visit": 1}], [{"visit": 2}]),
        ({"visit": (1, 2)}, [{"visit": 1}], [{}]),
        ({"visit": range(410870, 410880)}, [{}], [{"visit": 1}]),
        ({"visit": np.arange(1000)}, [{"visit": 999}], [{}]),
        ({"filter": np.array(["g", "r"])}, [{}], [{"filter": "z"}]),
        ({"filter": [f"f{number}" for number in range(1000)]}, [{"filter": "f999"}], [{}]),
        ({"expTime": [90.5, *map(float, range(200))]}, [{}, {"expTime": 3.0}], [{"expTime": 0.5}]),
        ({"filter": None}, [{"filter": None}], [{}]),
        ({"filter": ["g", None]}, [{"filter": None}, {"filter": "g"}], [{}]),
        ({"filter": []}, [], [{}, {"filter": None}]),
        ({"date": "2014-02-20"}, [{"date": "2014-02-20"}], [{}]),  # as in any data ID
        ({}, [{}], []),
    ],
    ids=str,
)
def test_a_data_id_matches_what_is_equal(
    data_id: dict[str, Any], matching: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    its = expression.of_data_ids([data_id])
    sql, parameters = its.sql(KINDS)
    some = [{**ROW, **row} for row in (*matching, *others)]
    expected = [True] * len(matching) + [False] * len(others)
    assert [its.possible(row) for row in some] == expected
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f'? AS "{key}"' for key in KINDS)
    query = f"SELECT 1 FROM (SELECT {columns}) WHERE {sql}"
    found = [connection.execute(query, [*row.values(), *parameters]).fetchall() for row in some]
    connection.close()
    assert [bool(answer) for answer in found] == expected


def test_a_date_may_be_a_value() -> None:
    its = expression.of_data_ids([{"written": expression.date("2026-11-01")}])
    assert its.possible(ROW)
    assert not its.possible({**ROW, "written": 0})
    assert expression.date("2026-13-01") == "2026-13-01"
    several = expression.of_data_ids([{"written": [expression.date("2014-01-01")]}])
    assert not several.possible(ROW)


@pytest.mark.parametrize("where", [5, ["visit == 3"], b"visit == 3", None])
def test_a_condition_is_a_text(where: Any) -> None:
    with pytest.raises(ExpressionError, match="where: expected the text of a condition, not"):
        expression.parse(where)


def test_an_unknown_key_of_a_data_id_is_told_without_a_place() -> None:
    with pytest.raises(UnknownKey, match=r"^unknown key 'vist'; did you mean 'visit'\?$"):
        expression.of_data_ids([{"vist": 3}]).check(KINDS)
    with pytest.raises(DataIdError, match=r"^visit=\{\}: expected a number, a text"):
        expression.of_data_ids([{"visit": {}}])


def test_expressions_are_joined_and_equal_if_they_say_the_same() -> None:
    one = expression.parse("visit == 3")
    assert one == expression.parse("  visit=3 ") != expression.parse("visit = 4")
    assert hash(one) == hash(expression.parse("3 == visit"))
    joined = one & expression.of_data_ids([{"ccdnum": 4}])
    assert joined.known() == {"visit": 3, "ccdnum": 4}
    assert pickle.loads(pickle.dumps(joined)) == joined
    assert (expression.EVERYTHING & one).possible({"visit": 3})
    assert not math.isnan(len(repr(one)))
