"""Data IDs: values normalised wherever they come in, tags that travel, types that lose nothing."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.dataids import grammar
from persistence.dataids.dataid import DataId, as_given, as_tags, cast, plain, text
from persistence.errors import DataIdError

NUMPY = [
    (np.int64(7), 7),
    (np.uint8(7), 7),
    (np.int32(-7), -7),
    (np.float64(0.5), 0.5),
    (np.float32(0.5), 0.5),
    (np.bool_(True), True),
    (np.str_("g"), "g"),
    (np.array(7), 7),
    (np.array("g"), "g"),
]

ENTRANCES = {
    "constructor": lambda value: DataId({"key": value}),
    "keyword": lambda value: DataId(key=value),
    "item": lambda value: put(DataId(), value),
    "update": lambda value: updated(DataId(), {"key": value}),
    "update by keyword": lambda value: updated(DataId(), key=value),
    "update by pairs": lambda value: updated(DataId(), [("key", value)]),
    "setdefault": lambda value: defaulted(DataId(), value),
}


def put(data_id, value):
    data_id["key"] = value
    return data_id


def updated(data_id, *args, **kwargs):
    data_id.update(*args, **kwargs)
    return data_id


def defaulted(data_id, value):
    assert type(data_id.setdefault("key", value)) is type(plain(value))
    return data_id


def joined(data_id, value):
    data_id |= {"key": value}
    return data_id


@pytest.mark.parametrize("enter", ENTRANCES.values(), ids=ENTRANCES)
@pytest.mark.parametrize(
    ("given_value", "kept"), NUMPY, ids=[f"{type(v).__name__}-{v.dtype}" for v, _ in NUMPY]
)
def test_numpys_values_become_pythons_own_wherever_they_come_in(enter, given_value, kept):
    value = enter(given_value)["key"]
    assert type(value) is type(kept)
    assert value == kept


def test_numpys_values_become_pythons_own_when_they_come_in_by_a_union():
    assert type(joined(DataId(), np.int64(7))["key"]) is int


@pytest.mark.parametrize("value", [None, (1, 2), [1], b"g", {"a": 1}, np.arange(3)], ids=repr)
def test_other_values_are_left_as_they_are(value):
    assert plain(value) is value


def test_a_data_id_has_the_keys_of_its_mapping_and_of_its_keywords():
    assert DataId({"visit": 1, "ccdnum": 2}, ccdnum=3, filter="g") == {
        "visit": 1,
        "ccdnum": 3,
        "filter": "g",
    }


@pytest.mark.parametrize("given_id", [0, False, 5, "visit=1", {"visit"}], ids=repr)
def test_what_is_no_data_id_is_refused_with_keywords_or_without(given_id):
    for rest in ({}, {"ccdnum": 1}):
        with pytest.raises(DataIdError, match="is not a data ID: pass keys and values"):
            as_given(given_id, rest)


@pytest.mark.parametrize("given_id", [None, {}, DataId(), [], ()], ids=repr)
def test_an_empty_data_id_is_the_keywords(given_id):
    assert as_given(given_id, {"ccdnum": 1}) == {"ccdnum": 1}


def test_the_mapping_that_it_is_made_of_is_not_changed():
    given_id = {"visit": np.int64(1)}
    data_id = DataId(given_id)
    data_id["ccdnum"] = 2
    assert list(given_id) == ["visit"]
    assert type(given_id["visit"]) is np.int64


@pytest.mark.parametrize(
    ("tag", "tags"),
    [
        (None, set()),
        ("baker", {"baker"}),
        (7, {7}),
        (["a", "b"], {"a", "b"}),
        ({"a"}, {"a"}),
        (("ab", "ab"), {"ab"}),
        ("", {""}),
    ],
)
def test_a_tag_is_one_word_or_many(tag, tags):
    assert as_tags(tag) == tags
    assert DataId(tag=tag).tag == tags


def test_tags_of_another_data_id_come_along_and_add_up():
    first = DataId({"visit": 1}, tag="a")
    second = DataId(first, tag=["b"])
    assert second.tag == {"a", "b"}
    assert first.tag == {"a"}


def test_tags_do_not_count_in_a_comparison():
    assert DataId({"visit": 1}, tag="a") == DataId({"visit": 1}) == {"visit": 1}
    assert DataId({"visit": 1}, tag="a") != DataId({"visit": 2}, tag="a")


@pytest.mark.parametrize(
    "travel",
    [
        DataId.copy,
        copy.copy,
        copy.deepcopy,
        lambda data_id: pickle.loads(pickle.dumps(data_id)),
        DataId,
    ],
    ids=["copy method", "copy", "deepcopy", "pickle", "constructor"],
)
def test_a_copy_has_keys_and_tags_and_a_life_of_its_own(travel):
    data_id = DataId({"visit": 1}, tag=["a", "b"])
    other = travel(data_id)
    assert type(other) is DataId
    assert (other, other.tag) == (data_id, {"a", "b"})
    other["ccdnum"] = 2
    other.tag.add("c")
    assert (dict(data_id), data_id.tag) == ({"visit": 1}, {"a", "b"})


@pytest.mark.parametrize(
    ("data_id", "shown"),
    [
        (DataId(visit=1), "DataId({'visit': 1})"),
        (DataId({"visit": 1}, tag=["b", "a"]), "DataId({'visit': 1}, tag=['a', 'b'])"),
    ],
)
def test_a_data_id_shows_its_keys_and_its_tags_if_it_has_any(data_id, shown):
    assert repr(data_id) == shown


def test_a_data_id_on_one_line_is_what_is_typed():
    assert text({"visit": 410877, "filter": "g"}) == "visit=410877 filter=g"


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["visit", "ccdnum", "filter", "patch"]),
        st.integers(-9, 10**9) | st.from_regex(r"[A-Za-z][A-Za-z0-9,.+-]*", fullmatch=True),
        min_size=1,
    )
)
def test_what_is_typed_after_id_gives_the_data_id_back(data_id):
    kinds = {key: type(value) for key, value in data_id.items()}
    if any(".." in str(value) for value in data_id.values()):  # a range
        return
    assert grammar.parse(text(data_id).split(), kinds) == [data_id]


@pytest.mark.parametrize(
    ("value", "kind", "typed"),
    [
        ("410877", int, 410877),
        ("0042", int, 42),
        ("-3", int, -3),
        (7.0, int, 7),
        (np.int64(7), int, 7),
        (np.float64(7.0), int, 7),
        (7, str, "7"),
        (7, float, 7.0),
        ("1.5", float, 1.5),
        ("g", str, "g"),
        (np.str_("g"), str, "g"),
    ],
    ids=repr,
)
def test_a_value_gets_the_type_of_its_key(value, kind, typed):
    found = cast("key", value, kind)
    assert type(found) is kind
    assert found == typed


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("g", int),
        ("", int),
        ("7.0", int),
        (7.5, int),
        (None, int),
        (float("nan"), int),
        ([7], int),
        ("g", float),
        (None, float),
        pytest.param(
            float("inf"),
            int,
        ),
        ("2015_0218", int),
        ("1_0.5", float),
        ("\u0667", int),
        (2.0**53, int),
        (20170119014819001.0, int),
        pytest.param(None, str),
        pytest.param(b"g", str),
        pytest.param(["g"], str),
    ],
    ids=repr,
)
def test_a_value_that_would_lose_something_is_refused_with_its_key(value, kind):
    with pytest.raises(DataIdError, match=f"^key=.*: key takes a value of type {kind.__name__}$"):
        cast("key", value, kind)


@settings(max_examples=100, deadline=None)
@given(st.integers())
def test_an_integer_and_its_text_are_one_value(number):
    assert cast("visit", str(number), int) == cast("visit", number, int) == number


@settings(max_examples=100, deadline=None)
@given(st.floats(allow_infinity=False))
def test_a_float_is_an_integer_only_if_nothing_is_lost(number):
    if number == number and abs(number) < 2**53 and number == int(number):
        assert cast("visit", number, int) == number
    else:
        with pytest.raises(DataIdError):
            cast("visit", number, int)


def test_a_data_id_without_keys_keeps_its_tags() -> None:
    assert as_given(DataId(tag="new"), {}).tag == {"new"}  # type: ignore[attr-defined]
    assert as_given(DataId(tag="new"), {"visit": 1}).tag == {"new"}  # type: ignore[attr-defined]
