"""What becomes of a card's value: patterns, slices, tables, arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from persistence.errors import FormatterError
from persistence.files import header_steps
from persistence.files.header_steps import Misfit
from persistence.types.exposure.headersource import sources

HEADER = {"NAME": "SUPA00535770", "EXPID": 4711, "TEXT": "12.5", "SEQ": "007", "EAST": True}

# What a camera's file says, and what a header then means.
MEANT: dict[str, tuple[Any, Any]] = {
    "the first group": ({"key": "NAME", "pattern": r"SUP[AE](\d+)"}, "00535770"),
    "the group of the property": (
        {"key": "NAME", "pattern": r"(?P<kind>SUP[AE])(?P<visit>\d{7})(?P<ccd>\d)"},
        "0053577",
    ),
    "all that matches, without groups": ({"key": "NAME", "pattern": r"\d{4}$"}, "5770"),
    "groups made to another text": (
        {"key": "NAME", "pattern": r"(SUP)[AE](?P<n>\d+)\d", "becomes": r"\g<n>-\1"},
        "0053577-SUP",
    ),
    "a slice": ({"key": "NAME", "slice": [4, -1]}, "0053577"),
    "a slice to the end": ({"key": "NAME", "slice": [-1]}, "0"),
    "a slice from the start": ({"key": "NAME", "slice": [None, 3]}, "SUP"),
    "a table": ({"key": "SEQ", "table": {"007": "bond"}}, "bond"),
    "a table of a number": ({"key": "EXPID", "table": {"4711": 1}}, 1),
    "a table of a logical value": ({"key": "EAST", "table": {"true": "E", "false": "W"}}, "E"),
    "a pattern, then a table": (
        {"key": "NAME", "pattern": r"(\d)$", "table": {"0": "zero"}},
        "zero",
    ),
    "arithmetic": ({"compute": "({EXPID} - 11) // 100 * 10 + {SEQ} % 4"}, 473),
    "arithmetic of a real number": ({"compute": "-{TEXT} / 2"}, -6.25),
    "the first card of several": ({"key": ["NONE", "SEQ", "NAME"]}, "007"),
    "none of several": ({"key": ["NONE", "NEITHER"]}, None),
    "arithmetic of a card that is not there": ({"compute": "{NONE} + 1"}, None),
}


@pytest.mark.parametrize("case", MEANT)
def test_a_source_means_what_its_steps_say(case: str) -> None:
    entry, expected = MEANT[case]
    values = [source.meant(HEADER, "visit") for source in sources(entry)]
    value = next((value for value in values if value is not None), None)
    assert value == expected
    assert type(value) is type(expected)


MISFITS: dict[str, tuple[Any, str]] = {
    "a pattern that does not match": (
        {"key": "NAME", "pattern": "^HSC"},
        r"NAME='SUPA00535770' does not match the pattern '\^HSC'",
    ),
    "a group that took no part": (
        {"key": "NAME", "pattern": "^SUP(X)?"},
        "NAME='SUPA00535770' has nothing where the pattern",
    ),
    "a slice beyond the end": (
        {"key": "SEQ", "slice": [3, 5]},
        "SEQ='007' has no characters 3 to 5",
    ),
    "a table that misses a value": (
        {"key": "SEQ", "table": {"008": "x", "9": "y"}},
        r"SEQ='007' is not in the table \(008, 9\); did you mean '008'",
    ),
    "arithmetic of a text": ({"compute": "{NAME} + 1"}, "NAME='SUPA00535770' is not a number"),
    "a division by nothing": (
        {"compute": "1 // ({SEQ} - 7)"},
        r"1 // \(\{SEQ\} - 7\) has no value \(SEQ='007'\)",
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_is_told_with_keyword_and_value(case: str) -> None:
    entry, message = MISFITS[case]
    (source,) = sources(entry)
    with pytest.raises(FormatterError, match=message):
        source.meant(HEADER)
    assert source.read(HEADER) is None  # of a visit it is not known


@given(some.integers(-(10**15), 10**15), some.integers(1, 10**6), some.integers(-1000, 1000))
def test_whole_numbers_stay_whole(number: int, scale: int, offset: int) -> None:
    assert header_steps.scaled(str(number), scale, offset) == number * scale + offset
    text = f"{{A}} * {scale} + ({offset})"
    assert header_steps.computed(text, {"A": number}.get) == number * scale + offset


def test_what_is_no_number_cannot_be_scaled() -> None:
    with pytest.raises(Misfit, match="is not a number"):
        header_steps.scaled("x", 2, 0)


@pytest.mark.parametrize(
    "text",
    ["{A} ** 2", "__import__('os')", "{A} +", "a", "{A}.real", "[1]", "'x' * 3", "1 < 2", "_5"],
)
def test_arithmetic_runs_no_code(text: str) -> None:
    with pytest.raises(ValueError, match=r"arithmetic|\+ - \* / // %"):
        header_steps.expression(text)
