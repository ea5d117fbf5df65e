"""The shortest text for many data IDs."""

from __future__ import annotations

import random
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.dataids import grammar, shorthand
from persistence.errors import DataIdError


def meant(texts: Iterable[str], keys: Mapping[str, type] | None = None) -> list[dict[str, Any]]:
    """Return the data IDs that a shell and the grammar make of some options."""
    return [data_id for text in texts for data_id in grammar.parse(shlex.split(text), keys)]


def each(data_ids: Iterable[Mapping[str, Any]]) -> set[frozenset[tuple[str, Any]]]:
    return {frozenset(data_id.items()) for data_id in data_ids}


def product(visits: Iterable[int], chips: Iterable[int]) -> list[dict[str, Any]]:
    chips = list(chips)
    return [{"visit": visit, "ccdnum": chip} for visit in visits for chip in chips]


CHIPS = range(1, 63)


@pytest.mark.parametrize(
    ("data_ids", "texts"),
    [
        ([], []),
        ([{}], [""]),
        ([{"visit": 1}], ["visit=1"]),
        (product([410877, 410878], CHIPS), ["visit=410877^410878 ccdnum=1..62"]),
        (product([5, 3, 4], [1]) * 2, ["visit=3..5 ccdnum=1"]),
        (
            [one for one in product(range(100, 200), CHIPS) if one != {"visit": 150, "ccdnum": 61}],
            ["visit=100..149^151..199 ccdnum=1..62", "visit=150 ccdnum=1..60^62"],
        ),
        (
            product([7], [3, 9]) + product([8], [4]) + product([9], [3, 9]),
            ["visit=7^9 ccdnum=3^9", "visit=8 ccdnum=4"],
        ),
        (
            product(range(1, 11), range(1, 11)) + product([3, 7], [12]) + product([3], [13]),
            ["visit=1..10 ccdnum=1..10", "visit=3^7 ccdnum=12", "visit=3 ccdnum=13"],
        ),
        (
            [{"x": x, "y": y, "z": z, "w": 9} for x in "ab" for y in (1, 2, 3) for z in "uv"],
            ["x=a^b y=1..3 z=u^v w=9"],
        ),
        ([{"visit": 1}, {"filter": "g"}, {"visit": 2}], ["visit=1^2", "filter=g"]),
        ([{"filter": "r"}, {"filter": "g"}, {"filter": 1.5}], ["filter=1.5^g^r"]),
        ([{"object": "a b"}, {"object": "c"}], ["'object=a b^c'"]),
        ([{"object": "$HOME;*"}], ["'object=$HOME;*'"]),
        ([{"object": ""}], ["object="]),
        ([{"visit": -1}, {"visit": 0}, {"visit": 1}, {"visit": 2}], ["visit=0..2^-1"]),
    ],
)
def test_few_and_short_options_stand_for_data_ids(
    data_ids: list[dict[str, Any]], texts: list[str]
) -> None:
    assert shorthand.text(data_ids) == texts
    assert len(meant(texts)) == len(each(data_ids))


def test_the_order_of_the_data_ids_does_not_count() -> None:
    data_ids = [
        {"visit": one % 7, "ccdnum": one % 11, "filter": "gr"[one % 2]} for one in range(0, 154, 3)
    ]
    texts = shorthand.text(data_ids)
    rest = data_ids[1:]
    for seed in range(5):
        random.Random(seed).shuffle(rest)
        assert shorthand.text([data_ids[0], *rest]) == texts


@pytest.mark.parametrize(
    ("data_id", "message"),
    [
        (
            {"object": "a^b"},
            r"object='a\^b' cannot be given with --id, where it has another meaning",
        ),
        ({"object": "1..3"}, r"object='1\.\.3' cannot be given"),
        ({"object": "3..1:0"}, r"object='3\.\.1:0' cannot be given"),
        ({"object": "a\0"}, "cannot be given"),
        ({"object": None}, "object=None cannot be given with --id, which knows numbers and text"),
        ({"visit": True}, "visit=True cannot be given with --id, which knows numbers and text"),
        ({"a=b": 1}, "key 'a=b' cannot be given"),
        ({"--id": 1}, "key '--id' cannot be given"),
        ({"": 1}, "key '' cannot be given"),
    ],
)
def test_what_the_grammar_cannot_say_is_refused_by_name(
    data_id: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataIdError, match=message):
        shorthand.text([{"visit": 2}, data_id])


VALUES = st.one_of(
    st.integers(-3, 30),
    st.sampled_from(
        [
            "007",
            "008",
            "009",
            "010",
            "00",
            "a..b",
            "1..",
            "~",
            "#",
            "x y",
            "'",
            '"',
            "\\",
            "\n",
            "é",
            "-",
        ]
    ),
    st.text(max_size=3).filter(lambda text: "^" not in text and "\0" not in text),
    st.floats(allow_nan=False),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3), max_size=30))
def test_the_options_stand_for_the_same_data_ids_as_text(data_ids: list[dict[str, Any]]) -> None:
    found = meant(shorthand.text(data_ids))
    # Values that are equal, as 1 and 1.0, are one: any of their texts will do.
    seen: dict[tuple[str, Any], str] = {}
    for data_id in data_ids:
        for key, value in data_id.items():
            seen.setdefault((key, value), str(value))
    texts = {
        (key, str(value)): seen[key, value]
        for data_id in data_ids
        for key, value in data_id.items()
    }
    same = [{key: texts[key, value] for key, value in data_id.items()} for data_id in found]
    assert each(same) == each(
        {key: seen[key, value] for key, value in data_id.items()} for data_id in data_ids
    )


@settings(max_examples=200, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from("gr")), max_size=80))
def test_each_data_id_comes_once_and_in_no_more_options_than_there_are_groups(
    rows: set[tuple[int, int, str]],
) -> None:
    keys = {"visit": int, "ccdnum": int, "filter": str}
    data_ids = [dict(zip(keys, row, strict=True)) for row in rows]
    texts = shorthand.text(data_ids)
    found = meant(texts, keys)
    assert each(found) == each(data_ids)
    assert len(found) == len(data_ids)
    for place in range(3):
        assert len(texts) <= len({row[:place] + row[place + 1 :] for row in rows})
