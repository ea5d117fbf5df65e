"""Single settings, as they are typed after -c."""

from __future__ import annotations

import functools
import math
from typing import Any

import pytest

from persistence.errors import UsageError
from persistence.pipe.cmdline import overrides


def value(config: Any, name: str) -> Any:
    return functools.reduce(getattr, name.split("."), config)


@pytest.mark.parametrize(
    ("word", "name", "expected"),
    [
        ("flag=False", "flag", False),
        ("gain=-2", "gain", -2.0),
        ("gain=1/3600", "gain", 1 / 3600),
        ("gain=float('inf')", "gain", math.inf),
        ("label=two words", "label", "two words"),
        ("label=None", "label", "None"),
        ("label='x'", "label", "'x'"),
        ("label=a=b", "label", "a=b"),
        ("maybe=3", "maybe", 3),
        ("maybe=None", "maybe", None),
        ("sub.n=0x10", "sub.n", 16),
        ("isr.doBias=False", "isr.doBias", False),
        ("diaPipe.apdb.db_url=sqlite:///a.db", "diaPipe.apdb.db_url", "sqlite:///a.db"),
        ("radii=1,2", "radii", [1.0, 2.0]),
        ("radii=[1, 2.5]", "radii", [1.0, 2.5]),
        ("radii=3", "radii", [3.0]),
        ("names=ab", "names", ["a", "b"]),
        ("names=a,b", "names", ["a", "b"]),
        ("names=calexp, src", "names", ["calexp", "src"]),
        ("names=calexp,", "names", ["calexp"]),
        ("names=['a','b']", "names", ["a", "b"]),
        ("names='a','b'", "names", ["a", "b"]),
        ("names=('calexp',)", "names", ["calexp"]),
        ("names='calexp'", "names", ["calexp"]),
        ("names=[]", "names", []),
        ("names=12", "names", ["1", "2"]),
        ("table={'b': 2}", "table", {"b": 2}),
        ("table['b']=2", "table", {"a": 1, "b": 2}),
        ("level=high", "level", "high"),
        ("fraction=1/4", "fraction", 0.25),
        ("kind=other", "kind.name", "other"),
        ("kind.name=other", "kind.name", "other"),
        ("kind.active.numRings=7", "kind.active.numRings", 7),
        ("several=other,rings", "several.names", {"other", "rings"}),
        ("several.names=['other']", "several.names", {"other"}),
    ],
)
def test_a_value_is_taken_as_its_field_has_it(
    config: Any, word: str, name: str, expected: Any
) -> None:
    overrides.assign(config, word)
    found = value(config, name)
    plain = (
        list(found)
        if isinstance(expected, list)
        else dict(found)
        if isinstance(expected, dict)
        else found
    )
    assert (set(found) if isinstance(expected, set) else plain) == expected
    assert type(expected) in (type(plain), set)


@pytest.mark.parametrize(
    "word", ["kind['other'].numRings=9", "kind[other].numRings=9", 'kind["other"].numRings=9']
)
def test_entries_that_are_not_chosen_can_be_set_too(config: Any, word: str) -> None:
    overrides.assign(config, word)
    assert (config.kind["other"].numRings, config.kind.active.numRings) == (9, 3)


def test_not_a_number_can_be_set(config: Any) -> None:
    overrides.assign(config, "gain=float('nan')")
    assert math.isnan(config.gain)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("gain", "-c gain: write -c NAME=VALUE"),
        ("gain=", "-c gain=: write -c NAME=VALUE"),
        ("=1", "-c =1: write -c NAME=VALUE"),
        (".gain=1", "'.gain' is not the name of a field"),
        ("a b=1", "'a b' is not the name of a field"),
        ("[a]=1", r"'\[a\]' is not the name of a field"),
        ("kind[other=1", r"'kind\[other' is not the name of a field"),
        (
            "gian=1",
            r"there is no field 'gian'; did you mean 'gain'.* \(the configuration has flag, gain, .*, \.\.\.\)",
        ),
        (
            "isr.doBais=True",
            r"there is no field 'isr.doBais'; did you mean 'isr.doBias'\? \(isr has doBias, doFlat,",
        ),
        ("diaPipe.apbd.db_url=x", "did you mean 'diaPipe.apdb'"),
        ("gain.x=1", "gain has no fields"),
        ("gain=abc", "abc is not a value.*; gain is of type float: Electrons per count."),
        ("gain='1'", "incorrect type str. Expected type float; gain is of type float"),
        ("flag=1", "incorrect type int. Expected type bool; flag is of type bool: Do it?"),
        ("flag=false", "false is not a value.*; flag is of type bool"),
        ("sub.n=1.5", "incorrect type float.*; n is of type int: A whole number."),
        ("radii=a,b", "a is not a value.*; radii is a list of float: Some radii."),
        ("radii=['a']", "position 0 with value a is of incorrect type.*; radii is a list of float"),
        ("names=[1]", "value 1 is of incorrect type int.*; names is a list of str"),
        ("table={'b': 'c'}", "incorrect type.*; table is a dict of str: int: Some counts."),
        ("table['b']=c", "c is not a value.*; table is a dict of str: int"),
        ("sub=1", "it has fields of its own: set one of these; sub is of type Sub"),
        ("isr=x", "it has fields of its own"),
        (
            "kind=othr",
            "there is no 'othr'; did you mean 'other'.*; kind is one of 'rings', 'other': Which sky map.",
        ),
        (
            "kind['othr'].numRings=1",
            r"kind has no entry 'othr'; did you mean 'other'\? \(known: rings, other\)",
        ),
        ("kind.numRings=1", r"kind has no field 'numRings'; write kind\['ENTRY'\].numRings"),
        ("kind.rings.numRings=1", r"kind has no field 'rings'; write kind\['ENTRY'\].rings"),
        ("gain['a']=1", "only entries of dictionaries can be set"),
        ("level=middle", "Value middle is not allowed.*; level is one of 'low', 'high': How much."),
        (
            "fraction=2",
            "2.0 is outside of valid range.*; fraction is of type float: A part of the whole",
        ),
        ("gain=__import__('os').getpid()", "is not a value: write a literal"),
    ],
)
def test_what_cannot_be_meant_is_refused(config: Any, word: str, message: str) -> None:
    before = config.toDict()
    with pytest.raises(UsageError, match=message) as refused:
        overrides.assign(config, word)
    assert str(refused.value).startswith(f"-c {word}: ")
    assert "\n" not in str(refused.value)
    assert config.toDict() == before


def test_a_list_of_letters_is_told(config: Any) -> None:
    assert overrides.assign(config, "names=ab") == (
        "-c names=ab: names is a list of texts, and is now ['a', 'b']; write names=['ab'] for one text"
    )
    assert [overrides.assign(config, word) for word in ("names=a,b", "names=a", "label=ab")] == [
        None
    ] * 3


def test_the_history_says_what_was_typed(config: Any) -> None:
    overrides.assign(config, "isr.doBias=False")
    assert config.isr.value.history["doBias"][-1][2] == "-c isr.doBias=False"
