"""The values of one key."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.dataids import grammar, ranges


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["1"], "1"),
        (["2", "1"], "1^2"),
        (["1", "2", "3"], "1..3"),
        (["1", "3", "5"], "1^3^5"),
        (["1", "3", "5", "7"], "1..7:2"),
        (["410877", "410879", "410881"], "410877..410881:2"),
        (["1", "3", "5", "6", "7", "8"], "1^3^5..8"),
        (["1", "2", "3", "4", "6", "8", "10", "12"], "1..3^4..12:2"),
        (["10", "12", "14"], "10^12^14"),
        (["9", "10", "11"], "9..11"),
        (["007", "008", "009", "010", "011"], "007..011"),
        (["07", "08", "9", "10", "100"], "9^100^07^08^10"),
        (["0", "1", "2"], "0..2"),
        (["g", "r", "5"], "5^g^r"),
        (["2014-01-01", "2014-01-02"], "2014-01-01^2014-01-02"),
        (["9" * 30, "1"], f"1^{'9' * 30}"),
        ([""], ""),
    ],
)
def test_values_are_written_as_ranges_where_these_are_shorter(values: list[str], text: str) -> None:
    assert ranges.text(values) == text
    assert set(grammar.values(text)) == set(values)


DIGITS = st.one_of(st.integers(0, 40).map(str), st.integers(0, 120).map("{:03d}".format))


@settings(max_examples=300, deadline=None)
@given(st.sets(DIGITS, min_size=1))
def test_the_grammar_gives_each_value_back_once(values: set[str]) -> None:
    assert sorted(grammar.values(ranges.text(values))) == sorted(values)


def shortest(numbers: list[int]) -> int:
    """Try each way to part numbers; gives the length of the shortest text."""
    least = []
    for cuts in itertools.product([False, True], repeat=len(numbers) - 1):
        places = [0, *(place + 1 for place, cut in enumerate(cuts) if cut), len(numbers)]
        parts = [numbers[first:last] for first, last in itertools.pairwise(places)]
        steps = [{high - low for low, high in itertools.pairwise(part)} for part in parts]
        if all(len(some) < 2 for some in steps):
            least.append(len("^".join(written(part) for part in parts)))
    return min(least)


def written(part: list[int]) -> str:
    if len(part) < 3:
        return "^".join(map(str, part))
    step = part[1] - part[0]
    return f"{part[0]}..{part[-1]}" + (f":{step}" if step > 1 else "")


@settings(max_examples=200, deadline=None)
@given(st.sets(st.one_of(st.integers(0, 25), st.integers(95, 115)), min_size=1, max_size=9))
def test_no_other_parting_is_shorter(numbers: set[int]) -> None:
    assert len(ranges.text(map(str, numbers))) == shortest(sorted(numbers))
