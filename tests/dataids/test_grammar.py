"""The grammar of data IDs on the command line."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.dataids import grammar
from persistence.errors import DataIdError

KEYS = {"visit": int, "ccdnum": int, "filter": str, "date": str}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1", ["1"]),
        ("1^5", ["1", "5"]),
        ("3..6", ["3", "4", "5", "6"]),
        ("3..3", ["3"]),
        ("1..9:2", ["1", "3", "5", "7", "9"]),
        ("1..8:3", ["1", "4", "7"]),
        ("1^5..9:2^20", ["1", "5", "7", "9", "20"]),
        ("g^r", ["g", "r"]),
        ("", [""]),
        ("a..b", ["a..b"]),
        ("1..", ["1.."]),
        ("-1..3", ["-1..3"]),
        ("0,0^1,2", ["0,0", "1,2"]),
        ("2014-01-01^2014-01-02", ["2014-01-01", "2014-01-02"]),
        ("1.5..2.5", ["1.5..2.5"]),
    ],
)
def test_alternatives_are_parted_by_carets_and_ranges_have_both_ends(text, values):
    assert grammar.values(text) == values


@pytest.mark.parametrize("text", ["5..3", "1^5..3", "1..9:0"])
def test_a_range_without_members_is_refused_and_shown(text):
    with pytest.raises(
        DataIdError, match=r"^range '(5\.\.3|1\.\.9:0)' is empty: write low\.\.high"
    ):
        grammar.values(text)


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        ([], [{}]),
        (["visit=1"], [{"visit": 1}]),
        (["filter=g", "visit=007"], [{"filter": "g", "visit": 7}]),
        (["visit=1^2", "filter=g"], [{"visit": 1, "filter": "g"}, {"visit": 2, "filter": "g"}]),
        (
            ["visit=1..2", "ccdnum=3^4"],
            [{"visit": visit, "ccdnum": ccdnum} for visit in (1, 2) for ccdnum in (3, 4)],
        ),
        (["date=2014-01-01"], [{"date": "2014-01-01"}]),
        (["date=a=b"], [{"date": "a=b"}]),
        (["filter=g DECam"], [{"filter": "g DECam"}]),
    ],
)
def test_words_stand_for_data_ids_of_which_the_last_key_varies_fastest(tokens, found):
    assert grammar.parse(tokens, KEYS) == found


def test_without_known_keys_every_value_is_text():
    assert grammar.parse(["visit=1..2", "any=x"]) == [
        {"visit": "1", "any": "x"},
        {"visit": "2", "any": "x"},
    ]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["visit"], "'visit' is not key=value"),
        ([""], "'' is not key=value"),
        (["visit=1", "visit=2"], r"key 'visit' is given twice; write visit=A\^B"),
        (
            ["vist=1"],
            "unknown key 'vist'; did you mean 'visit'.* .known: visit, ccdnum, filter, date",
        ),
        (["=1"], "unknown key ''"),
        (["visit=x"], "visit='x': visit takes a value of type int"),
        (["visit="], "visit='': visit takes a value of type int"),
        (["visit=1^"], "visit='': visit takes a value of type int"),
        (["visit=1.5"], "visit='1.5': visit takes"),
        (["visit=9..3"], "range '9..3' is empty"),
    ],
)
def test_a_word_that_cannot_be_meant_is_refused(tokens, message):
    with pytest.raises(DataIdError, match=message):
        grammar.parse(tokens, KEYS)


def test_a_camera_without_keys_knows_none():
    with pytest.raises(DataIdError, match="unknown key 'visit'"):
        grammar.parse(["visit=1"], {})


NUMBERS = st.integers(0, 10**6)
PIECES = st.one_of(
    NUMBERS.map(lambda number: (str(number), [number])),
    st.tuples(NUMBERS, st.integers(0, 20)).map(
        lambda pair: (f"{pair[0]}..{sum(pair)}", list(range(pair[0], sum(pair) + 1)))
    ),
    st.tuples(NUMBERS, st.integers(0, 20), st.integers(1, 7)).map(
        lambda range_: (
            f"{range_[0]}..{range_[0] + range_[1]}:{range_[2]}",
            list(range(range_[0], range_[0] + range_[1] + 1, range_[2])),
        )
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["visit", "ccdnum", "tract"]), st.lists(PIECES, min_size=1, max_size=3)
    )
)
def test_what_is_typed_stands_for_the_product_of_its_alternatives(typed):
    tokens = [f"{key}={'^'.join(text for text, _ in pieces)}" for key, pieces in typed.items()]
    members = [[number for _, numbers in pieces for number in numbers] for pieces in typed.values()]
    expected = [dict(zip(typed, row, strict=True)) for row in itertools.product(*members)]
    assert grammar.parse(tokens, dict.fromkeys(typed, int)) == expected


def test_a_range_of_texts_keeps_leading_zeros():
    assert grammar.values("007..009") == ["007", "008", "009"]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (
            ["visit=1..99999999999"],
            r"1\.\.99999999999 selects 99999999999 values: more than 1000000 are too many",
        ),
        (
            ["visit=1..9999", "ccdnum=1..9999"],
            r"visit=1\.\.9999 ccdnum=1\.\.9999 selects 99980001 values",
        ),
    ],
)
def test_a_digit_too_many_is_refused_before_it_fills_the_memory(tokens, message):
    with pytest.raises(DataIdError, match=message):
        grammar.parse(tokens, KEYS)


def test_another_name_of_a_key_is_that_key():
    assert grammar.parse(["ccd=1^2"], KEYS, {"ccd": "ccdnum"}) == [{"ccdnum": 1}, {"ccdnum": 2}]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["ccd=1", "ccdnum=2"], r"key 'ccdnum' is given twice"),
        (["chp=1"], r"unknown key 'chp'; did you mean 'chip'"),
        (["ccd=x"], r"ccdnum='x': ccdnum takes a value of type int"),
    ],
)
def test_other_names_are_checked_as_the_keys_are(tokens, message):
    with pytest.raises(DataIdError, match=message):
        grammar.parse(tokens, KEYS, {"ccd": "ccdnum", "chip": "ccdnum"})


# What Gen2 made of them (doc/gen2/gen2-cli.md, 8), but where the module says that we do otherwise.
@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        (["visit=8^9", "ccd=0,3^1,4"], ["8 0,3", "8 1,4", "9 0,3", "9 1,4"]),
        (["filter=r^i", "visit=40^41^42"], ["r 40", "r 41", "r 42", "i 40", "i 41", "i 42"]),
        (["ccdnum=3^6..12"], ["3", "6", "7", "8", "9", "10", "11", "12"]),
        (["v=2^5..7^20..22"], ["2", "5", "6", "7", "20", "21", "22"]),
        (["v=10..19:4"], ["10", "14", "18"]),
        (["v=1..1"], ["1"]),
        (["v=007"], ["007"]),
        (["v=-2..1"], ["-2..1"]),
        ([], [""]),
    ],
)
def test_the_originals_vectors_of_the_grammar(tokens, found):
    assert [" ".join(data_id.values()) for data_id in grammar.parse(tokens)] == found
