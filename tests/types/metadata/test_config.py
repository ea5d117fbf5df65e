"""Configurations: a tree of values, by dotted name or as attributes."""

from __future__ import annotations

import copy
import math
import pickle
import sys
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.formatters.config import parse
from persistence.types.metadata.config import Config, Made

TREE = Config(
    {"isr.doBias": True, "isr.doFlat": False, "indexer['HTM'].depth": 7, "name": "x", "isrX.y": 1},
    "lsst.ip.isr.IsrTask",
    {"isr": "retarget(target=lsst.ip.isr.IsrTask)"},
)


def test_a_configuration_is_a_mapping_of_dotted_names():
    assert TREE["isr.doBias"] is True
    assert list(TREE) == ["isr.doBias", "isr.doFlat", "indexer['HTM'].depth", "name", "isrX.y"]
    assert len(TREE) == 5
    assert "isr.doBias" in TREE
    assert "isr" not in TREE
    with pytest.raises(KeyError, match="isr"):
        TREE["isr"]


def test_attributes_lead_down_the_tree():
    assert TREE.name == "x"
    assert TREE.isr.doFlat is False
    assert dict(TREE.isr) == {"doBias": True, "doFlat": False}
    assert dict(TREE.indexer) == {"['HTM'].depth": 7}


@pytest.mark.parametrize(
    ("tree", "name"),
    [
        (TREE, "nothing"),
        (TREE.isr, "nothing"),
        (TREE, "nam"),
        (TREE, "_values_"),
        (TREE, "__deepcopy__"),
    ],
)
def test_an_entry_that_is_not_there_is_an_attribute_error(tree, name):
    with pytest.raises(AttributeError, match=name):
        getattr(tree, name)


def test_values_are_not_shared_with_what_it_was_made_of():
    values = {"a": 1}
    config = Config(values)
    values["a"] = 2
    assert config["a"] == 1


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_is_equal(again):
    assert again(TREE) == TREE


@pytest.mark.parametrize(
    "other",
    [
        Config({"a": 2}, "x.Y", {"n": "1"}),
        Config({"a": 1}, "x.Z", {"n": "1"}),
        Config({"a": 1}, "x.Y", {"n": "2"}),
        {"a": 1},
    ],
)
def test_configurations_are_equal_if_values_class_and_notes_are(other):
    one = Config({"a": 1}, "x.Y", {"n": "1"})
    assert one == Config({"a": 1}, "x.Y", {"n": "1"})
    assert one != other


def test_a_configuration_cannot_be_hashed():
    with pytest.raises(TypeError):
        hash(TREE)


def test_the_text_is_gen2s():
    assert TREE.text().split("\n") == [
        "import lsst.ip.isr",
        "assert type(config)==lsst.ip.isr.IsrTask, 'config is of another type'",
        "config.isr.retarget(target=lsst.ip.isr.IsrTask)",
        "config.isr.doBias=True",
        "config.isr.doFlat=False",
        "config.indexer['HTM'].depth=7",
        "config.name='x'",
        "config.isrX.y=1",
        "",
    ]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_number_that_is_no_literal_is_written_as_gen2_did(value):
    text = Config({"a": value}).text()
    assert text == f"config.a=float('{value}')\n"
    assert repr(parse(text)["a"]) == repr(value)


DRAWN = Config(
    {
        "steps": {},
        "steps['a']": Made("lsst.x.Step"),
        "steps['a'].sub.depth": 3,
        "steps['b']": Made("lsst.y.Step"),
        "skyMap": "rings",
        "skyMap['rings'].numRings": 120,
        "skyMap.n": math.nan,
    },
    "lsst.x.Config",
    {"steps['a'].sub": "retarget(target=lsst.z.Sub, ConfigClass=lsst.z.SubConfig)"},
    {"skyMap['rings'].numRings": "How many.\nNot few."},
)


def test_brackets_and_attributes_lead_down_to_the_same():
    assert DRAWN.steps["a"].sub.depth == DRAWN["steps['a'].sub.depth"] == 3
    assert DRAWN.steps["a"].class_name == "lsst.x.Step"
    assert DRAWN.steps["b"] == Made("lsst.y.Step")
    assert DRAWN.skyMap["rings"].numRings == 120
    assert (DRAWN["skyMap"], DRAWN["steps"]) == ("rings", {})
    assert DRAWN.steps["a"].notes == {
        "sub": "retarget(target=lsst.z.Sub, ConfigClass=lsst.z.SubConfig)"
    }
    with pytest.raises(KeyError, match="'c'"):
        DRAWN.steps["c"]


def test_a_text_is_in_the_order_that_the_original_needs():
    assert DRAWN.text().splitlines() == [
        "import lsst.x",
        "assert type(config)==lsst.x.Config, 'config is of another type'",
        "import lsst.y",
        "import lsst.z",
        "config.steps={}",
        "config.steps['a']=lsst.x.Step()",
        "config.steps['a'].sub.retarget(target=lsst.z.Sub, ConfigClass=lsst.z.SubConfig)",
        "config.steps['a'].sub.depth=3",
        "config.steps['b']=lsst.y.Step()",
        "config.skyMap='rings'",
        "# How many.",
        "# Not few.",
        "config.skyMap['rings'].numRings=120",
        "config.skyMap.n=float('nan')",
    ]
    again = parse(DRAWN.text())
    assert repr(again) == repr(DRAWN)
    assert (again.notes, again.docs) == (DRAWN.notes, DRAWN.docs)


def test_differences_name_all_that_differs_in_order():
    other = Config({**DRAWN, "skyMap": "discrete", "new": [1]}, "lsst.x.Other")
    found = DRAWN.diff(other)
    assert str(found).splitlines() == [
        "new: missing != [1]",
        "skyMap: 'rings' != 'discrete'",
        "steps['a'].sub.retarget: 'retarget(target=lsst.z.Sub, ConfigClass=lsst.z.SubConfig)' != missing",
        "type(config): 'lsst.x.Config' != 'lsst.x.Other'",
    ]
    assert str(DRAWN.diff(DRAWN)) == ""
    assert not DRAWN.diff(parse(DRAWN.text()))


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (1, 1.0),
        (True, 1),
        (1, "1"),
        ([1], (1,)),
        (math.nan, 0.0),
        (None, "None"),
        (0.1, 0.1 + 1e-15),
    ],
)
def test_values_that_look_alike_differ(mine, theirs):
    assert Config({"a": mine}).diff(Config({"a": theirs})) == (("a", mine, theirs),)


@pytest.mark.parametrize(
    "value", [math.nan, [math.inf, (math.nan,)], {"a": math.nan}, {"b": 1, "a": [{}]}, ()]
)
def test_values_that_are_the_same_do_not_differ(value):
    text = Config({"a": value}).text()
    assert not Config({"a": value}).diff(parse(text))


# No word of Python begins with X.
NAMES = st.from_regex(
    r"X[a-zA-Z0-9_]{0,4}(\.X[a-zA-Z0-9_]{0,4}|\['[A-Za-z]{1,5}'\]){0,2}", fullmatch=True
)
LITERALS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, LITERALS, max_size=5))
def test_the_text_of_a_configuration_is_read_back_as_it_was(values):
    config = Config(values, "lsst.pipe.Thing")
    assert parse(config.text()) == config


def test_a_configuration_says_what_differs_from_the_defaults_of_an_imported_class(monkeypatch):
    pex = pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")

    class Below(pex.Config):
        n = pex.Field("A number.", int, default=1)

    class Own(pex.Config):
        below = pex.ConfigField("Below.", Below)
        words = pex.ListField("Words.", str, default=["a"])

    monkeypatch.setitem(sys.modules, "module_of_a_user", types.SimpleNamespace(Own=Own))
    changed = Config({"below.n": 2, "words": ["a"]}, "module_of_a_user.Own")
    assert [str(one) for one in changed.changes()] == ["below.n: 2 != 1"]
    assert "1 entries differ from the defaults" in changed._repr_html_()
    # a class of another kind is not called, whatever a file says
    assert Config({}, "subprocess.Popen").changes() is None
    assert Config({}, "no.such.module").changes() is None
