"""Gen2's Policy: dotted names, layers, YAML in and out, and what the original's own answered."""

from __future__ import annotations

import copy
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obs_decam.mapper import DecamMapper
from persistence import Butler, Policy, RepositoryArgs
from persistence.butler import repository_cfg
from persistence.errors import PolicyError


def small() -> Policy:
    return Policy({"a": {"b": 1, "c": {"d": "x y"}}, "l": [1, 2], "n": None})


@pytest.mark.parametrize(
    ("name", "value", "there"),
    [
        ("a.b", 1, True),
        ("a", {"b": 1, "c": {"d": "x y"}}, True),
        ("a.c.d", "x y", True),
        ("l", [1, 2], True),
        ("n", None, True),
        ("z", None, False),
        ("a.z", None, False),
        ("z.a", None, False),
        ("a.b.z", None, False),
        ("l.0", None, False),
        (7, None, False),
    ],
)
def test_a_dotted_name_leads_to_a_value_or_to_none(name: Any, value: Any, there: bool) -> None:
    policy = small()
    assert policy[name] == value
    assert (name in policy) is there
    assert policy.get(name, "default") == (value if there else "default")


def test_a_key_that_is_a_number_is_found() -> None:
    assert Policy({7: "x"})[7] == "x"


def test_a_mapping_comes_out_as_a_copy() -> None:
    policy = small()
    policy["a"]["b"] = 5
    assert isinstance(policy["a"], Policy)
    assert policy["a.b"] == 1


def test_the_mapping_that_it_is_made_of_is_not_changed() -> None:
    given = {"a": {"b": 1}}
    policy = Policy(given)
    policy["a.b"] = 2
    policy.update({"a": {"c": 3}})
    assert given == {"a": {"b": 1}}


def test_what_is_laid_over_it_or_set_in_it_is_not_changed() -> None:
    layer = {"new": {"x": 1}}
    policy = small()
    policy.update(layer)
    policy["set"] = layer
    policy["new.x"] = 2
    policy["set.new.x"] = 3
    assert layer == {"new": {"x": 1}}


def test_setting_makes_the_mappings_above() -> None:
    policy = Policy()
    policy["x.y.z"] = 3
    policy["x.w"] = Policy({"v": 4})
    assert policy.data == {"x": {"y": {"z": 3}, "w": {"v": 4}}}
    assert type(policy.data["x"]["w"]) is dict


def test_setting_below_a_value_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"'a\.b\.c' cannot be set: 'b' is 1"):
        small()["a.b.c"] = 2


def test_values_can_be_taken_out() -> None:
    policy = small()
    del policy["a.c"]
    assert policy.pop("l") == [1, 2]
    assert policy.pop("z", 5) == 5
    assert policy.setdefault("a.b", 9) == 1
    assert policy.setdefault("a.e", 9) == 9
    assert policy.data == {"a": {"b": 1, "e": 9}, "n": None}
    with pytest.raises(KeyError, match=r"z\.y"):
        del policy["z.y"]
    with pytest.raises(KeyError):
        policy.pop("z")


@pytest.mark.parametrize(
    ("under", "over", "result"),
    [
        ({"a": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 3}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": 1}, {"a": {"y": 2}}, {"a": {"y": 2}}),
        ({"a": 1}, {"a": {}}, {"a": 1}),
        ({}, {"a": {}}, {"a": {}}),
        ({"a": {"x": 1}}, {"a": 2}, {"a": 2}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
    ],
)
def test_update_lays_one_over_the_other(under: Any, over: Any, result: Any) -> None:
    for layer in (over, Policy(over)):
        policy = Policy(under)
        policy.update(layer)
        assert policy == result


def test_v29_merge_fills_up_and_leaves_its_argument_alone() -> None:
    policy, other = Policy({"x": {"q": 1}}), Policy({"x": {"r": 2}, "y": 5})
    policy.merge(other)
    assert policy == {"x": {"q": 1, "r": 2}, "y": 5}
    assert other == {"x": {"r": 2}, "y": 5}
    policy["x.r"] = 3
    assert other["x.r"] == 2


def test_merge_puts_the_others_keys_first() -> None:
    policy = Policy({"own": 1, "both": 2})
    policy.merge(Policy({"both": 3, "other": 4}))
    assert list(policy.data.items()) == [("both", 2), ("other", 4), ("own", 1)]


def test_names_are_dotted_and_name_mappings_too() -> None:
    assert small().names() == ["a", "a.b", "a.c", "a.c.d", "l", "n"]
    assert small().names(topLevelOnly=True) == ["a", "l", "n"] == list(small())


@pytest.mark.parametrize(
    ("name", "value"),
    [("a.b", [1]), ("a.c.d", ["x y"]), ("l", [1, 2]), ("z", [None]), ("a.c", {"d": "x y"})],
)
def test_asarray_gives_a_list_and_splits_no_text(name: str, value: Any) -> None:
    assert small().asArray(name) == value


def test_policies_are_compared_with_each_other_and_with_dictionaries() -> None:
    assert small() == small() == small().data
    assert small() != Policy()
    assert small() != "text"


@pytest.mark.parametrize(
    "travel",
    [lambda policy: pickle.loads(pickle.dumps(policy)), copy.copy, copy.deepcopy, Policy.copy],
    ids=["pickle", "copy", "deepcopy", "Policy.copy"],
)
def test_a_policy_can_be_copied_and_pickled(travel: Callable[[Policy], Policy]) -> None:
    arrived = travel(small())
    assert type(arrived) is Policy
    assert arrived == small()


# -- files
# -------------------------------------------------------------------------------------------


def test_it_goes_to_a_file_and_back_in_the_sections_order(tmp_path: Path) -> None:
    policy = Policy(
        {
            "zebra": 1,
            "datasets": {"b": {"template": "b"}, "a": {}},
            "camera": "x",
            "levels": {"v": ["c"]},
        }
    )
    policy.dumpToFile(tmp_path / "p.yaml")
    back = Policy(str(tmp_path / "p.yaml"))
    assert back == policy
    assert list(back) == ["levels", "camera", "datasets", "zebra"]
    assert list(back["datasets"]) == ["b", "a"]
    stream = io.StringIO()
    policy.dump(stream)
    assert stream.getvalue() == (tmp_path / "p.yaml").read_text()


def test_an_empty_file_is_an_empty_policy(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").touch()
    assert Policy(tmp_path / "p.yaml") == {}


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("a: !!python/object/apply:os.system [echo]\n")
    with pytest.raises(PolicyError, match=r"p\.yaml:1: tag .* nothing of it was run"):
        Policy(str(tmp_path / "p.yaml"))


@pytest.mark.parametrize(
    ("other", "message"),
    [("x.paf", r"Unhandled policy file type:x\.paf"), (3, "could not be loaded from other:3")],
)
def test_what_is_no_policy_is_refused(other: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        Policy(other)


def test_it_can_be_shown_to_people() -> None:
    assert small().ppprint() == "{'a': {'b': 1, 'c': {'d': 'x y'}}, 'l': [1, 2], 'n': None}"


def test_a_products_directory_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBS_NONE_DIR", "/obs")
    assert Policy.defaultPolicyFile("obs_none", "a.yaml") == os.path.join("/obs", "a.yaml")
    assert Policy.defaultPolicyFile("obs_none", "a.yaml", "policy") == "/obs/policy/a.yaml"
    monkeypatch.delenv("OBS_NONE_DIR")
    with pytest.raises(LookupError, match="OBS_NONE_DIR is not set"):
        Policy.defaultPolicyFile("obs_none", "a.yaml")


# -- older spellings
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "answer", "new"),
    [
        (lambda policy: policy.getValue("a.b"), 1, r"policy\[name\]"),
        (lambda policy: policy.getString("a.c.d"), "x y", r"policy\[name\]"),
        (lambda policy: policy.getBool("a.b"), 1, r"policy\[name\]"),
        (lambda policy: policy.getPolicy("a.c"), {"d": "x y"}, r"policy\[name\]"),
        (lambda policy: policy.getStringArray("l"), [1, 2], "asArray"),
        (lambda policy: policy.exists("a.b"), True, "name in policy"),
        (
            lambda policy: [policy.setValue("q", 1), policy["q"]],
            [None, 1],
            r"policy\[name\] = value",
        ),
        (lambda policy: [policy.mergeDefaults(Policy({"q": 1})), policy["q"]], [None, 1], "merge"),
    ],
)
def test_an_older_spelling_works_and_names_the_newer(
    call: Callable[[Policy], Any], answer: Any, new: str
) -> None:
    with pytest.warns(FutureWarning, match=f"deprecated: write {new}$") as caught:
        assert call(small()) == answer
    assert caught[0].filename == __file__


# -- as a repository's policy
# ------------------------------------------------------------------------


def test_a_repository_takes_it_and_plain_data_are_on_disk(tmp_path: Path) -> None:
    policy = Policy(
        {
            "datasets": {
                "notes": {"template": "n/%(visit)d.txt", "storage": "TextStorage", "python": "str"}
            }
        }
    )
    args = RepositoryArgs(root=str(tmp_path / "out"), mapper=DecamMapper, policy=policy)
    Butler(outputs=args).put("good", "notes", visit=7)
    assert (tmp_path / "out/n/7.txt").read_text() == "good"
    text = (tmp_path / "out" / repository_cfg.FILE).read_text()
    assert "!!python/object:lsst.daf.persistence.policy.Policy {data: {datasets: {notes: {" in text
    assert text.count("!!python") == 1
    # Opened again with the same policy, and with none.
    for again in (args, str(tmp_path / "out")):
        assert Butler(inputs=again).get("notes", visit=7) == "good"
    Butler(outputs=args).put("better", "notes", visit=8)


# -- the original's own answers
# ----------------------------------------------------------------------


def _set_in_copy() -> Any:
    policy = Policy({"a": {"b": 1}})
    policy["a"]["b"] = 5
    return policy["a.b"]


def _merged() -> Any:
    policy = Policy({"a": {"b": 1, "n": 3}})
    policy.merge(Policy({"a": {"b": 9, "c": 2}, "k": 1}))
    return policy.data


def _deep() -> Any:
    policy = Policy()
    policy["x.y.z"] = 3
    return policy.data


# What the probes looked at; where ours differs on purpose, what it gives, and why.
PROBES: dict[str, Callable[[], Any]] = {
    "missing key": lambda: small()["nosuch"],
    "get(missing, default) on Python 3.11": lambda: small().get("nosuch", "default"),
    "'a.b.z' in policy, a.b being an int": lambda: "a.b.z" in small(),
    "policy['a']['b'] = 5 then policy['a.b']: a sub-policy is a copy": _set_in_copy,
    "names(topLevelOnly=True)": lambda: Policy({"a": {"b": 1}, "l": [1, 2]}).names(
        topLevelOnly=True
    ),
    "asArray of a scalar, a string, a list, a missing key": lambda: [
        small().asArray(name) for name in ("a.b", "a.c.d", "l", "nosuch")
    ],
    "Policy('missing.yaml')": lambda: Policy("/nosuch/missing.yaml"),
    "merge: self wins, nested": _merged,
    "policy['x.y.z'] = 3": _deep,
}
OURS = {
    "get(missing, default) on Python 3.11": "default",  # the original forgot it
    "'a.b.z' in policy, a.b being an int": False,  # the original raised TypeError
}


@pytest.mark.parametrize("what", PROBES)
def test_it_answers_as_the_original_did(vectors: Any, what: str) -> None:
    (probe,) = [
        one
        for one in vectors("behaviours")["probes"]
        if (one["about"], one["what"]) == ("Policy", what)
    ]
    if "raises" in probe and what not in OURS:
        with pytest.raises(OSError, match="No such file or directory") as caught:
            PROBES[what]()
        assert {cls.__name__ for cls in type(caught.value).__mro__} >= set(probe["raises"])
    else:
        assert PROBES[what]() == OURS.get(what, probe.get("result"))


def test_no_probe_of_the_policy_is_left_out(vectors: Any) -> None:
    assert {
        one["what"] for one in vectors("behaviours")["probes"] if one["about"] == "Policy"
    } == set(PROBES)
