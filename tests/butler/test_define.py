"""Dataset types that are defined at run time, and stages: recorded, known to whoever comes, never contradicted."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, NoResults, PolicyError, UnknownDatasetType, UnsafeContent

POLICY = """
datasets:
  note: {template: 'note/%(visit)d.txt', storage: TextStorage}
"""
NEW: dict[str, Any] = {"template": "new/%(visit)d-%(tract)d.txt", "storage": "TextStorage"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory with a camera's file."""
    monkeypatch.chdir(tmp_path)
    Path("camera.yaml").write_text(POLICY)


def repository(root: str = "a", **inputs: Any) -> Butler:
    return Butler(
        **inputs, outputs={"root": root, "mapper": str(Path("camera.yaml").resolve()), "mode": "rw"}
    )


def test_a_new_type_is_used_at_once_and_known_to_the_next_process() -> None:
    butler = repository()
    butler.defineDataset("fresh", **NEW)
    butler.put("x", "fresh", visit=1, tract=2)
    assert os.listdir("a/new") == ["1-2.txt"]
    later = Butler("a")
    assert later.get("fresh", visit=1, tract=2) == "x"
    assert later.getKeys("fresh") == {"visit": int, "tract": int}
    assert "fresh" in later.getDatasetTypes()


def test_the_same_definition_again_is_no_conflict() -> None:
    for _ in range(2):
        butler = repository()
        butler.defineDataset("fresh", **NEW)
        butler.defineDataset("fresh", **NEW)
    assert os.listdir("a/policy") == ["fresh.yaml"]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("fresh", {"template": "other/%(visit)d.txt", "storage": "TextStorage"}),
        ("fresh", NEW | {"storage": "YamlStorage"}),
        ("fresh", NEW | {"section": "exposures"}),
        ("note", NEW),
    ],
)
def test_another_definition_is_refused_and_both_are_shown(name: str, other: dict[str, Any]) -> None:
    butler = repository()
    butler.defineDataset("fresh", **NEW)
    before = butler.chain.outputs[0].mapper.types[name]
    with pytest.raises(PolicyError) as caught:
        butler.defineDataset(name, **other)
    assert before.template is not None
    assert before.template.text in str(caught.value) or "is defined in datasets already" in str(
        caught.value
    )
    assert other["template"] in str(caught.value) or "is defined in datasets already" in str(
        caught.value
    )
    assert butler.chain.outputs[0].mapper.types[name] == before


LESS = {
    "a component": {"composite": {"a": "note"}},
    "a key of a component": {"composite": {"a": "note", "b": "note"}},
    "every component": {},
    "its type": {"python": None},
    "what it builds on": {"name": "whole"},
}


@pytest.mark.parametrize("what", LESS)
def test_a_definition_that_says_less_is_another_one(what: str) -> None:
    butler = repository()
    butler.defineDataset("base", tables=["raw"])
    full: dict[str, Any] = {
        "name": "whole(base)",
        "python": "types.SimpleNamespace",
        "composite": {"a": "note", "b": {"datasetType": "note", "inputOnly": True}},
    }
    butler.defineDataset(**full)
    butler.defineDataset(**full)
    less = (
        {"name": "whole(base)", "python": "types.SimpleNamespace"}
        if what == "every component"
        else full
    )
    with pytest.raises(PolicyError, match="'whole' already has a different definition"):
        butler.defineDataset(**{**less, **LESS[what]})


WRONG = {
    "an unknown key": ({"templat": "x"}, "unknown key 'templat'; did you mean 'template'"),
    "an unknown component": (
        {"composite": {"a": "note_"}},
        "'note_', which does not exist; did you mean 'note'",
    ),
    "a loop": ({"composite": {"a": "fresh"}}, "is circular: fresh -> fresh"),
    "an assembler that is not there": (
        {"composite": {"a": "note"}, "assembler": "os.nothing"},
        "'os.nothing' cannot be imported",
    ),
    "an assembler of another signature": (
        {"composite": {"a": "note"}, "assembler": os.path.join},
        "is not an assembler: these are called with",
    ),
    "an assembler that nobody else could find": (
        {"composite": {"a": "note"}, "assembler": lambda dataId, componentInfo, cls: None},
        "cannot be found by other processes",
    ),
    "a storage that is none": (
        {"template": "x", "storage": "TextStorag"},
        "did you mean 'TextStorage'",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_definition_that_cannot_be_meant_is_refused_and_nothing_is_recorded(what: str) -> None:
    keys, told = WRONG[what]
    butler = repository()
    with pytest.raises(PolicyError, match=told):
        butler.defineDataset("fresh", **keys)
    assert not Path("a/policy").exists()
    assert "fresh" not in butler.getDatasetTypes()


def test_parents_and_children_know_what_any_of_them_defines() -> None:
    repository("a").put("deep", "note", visit=1)
    middle = repository("b", inputs="a")
    middle.defineDataset("derived(note)", python="str")
    assert middle.get("derived", visit=1) == "deep"  # its files are in the repository below
    child = repository("c", inputs="b")
    child.put("high", "derived", visit=2)
    assert os.listdir("c/policy") == ["derived.yaml"]
    os.rename("a", "gone_a")
    assert Path("c/note/2.txt").read_text() == "high"


def test_definitions_are_written_by_many_at_once() -> None:
    repository()
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        told = pool.map(define, ["one", "one", "one", "two", "two", "two"])
    assert len(os.listdir("a/policy")) == 1
    assert sorted(set(told)) == ["defined", "refused"]
    assert told.count("defined") == 3


def define(word: str) -> str:
    try:
        Butler("a").defineDataset("fresh", template=f"{word}/%(visit)d.txt", storage="TextStorage")
    except PolicyError:
        return "refused"
    return "defined"


def test_a_butler_that_writes_nowhere_knows_a_type_as_long_as_it_lives() -> None:
    repository().put("x", "note", visit=1)
    reader = Butler(inputs="a")
    reader.defineDataset("derived(note)", python="str")
    for one in (reader, pickle.loads(pickle.dumps(reader))):
        assert one.get("derived", visit=1) == "x"
    assert not Path("a/policy").exists()
    with pytest.raises(UnknownDatasetType):
        Butler(inputs="a").get("derived", visit=1)


def test_a_policys_file_that_a_person_put_there_counts() -> None:
    repository()
    Path("a/policy").mkdir()
    Path("a/policy/mine.yaml").write_text(
        "datasets:\n  note: {template: 'other/%(visit)d.txt'}\n  extra(note): {python: str}\n"
    )
    butler = Butler("a")
    butler.put("x", "note", visit=1)
    assert Path("a/other/1.txt").read_text() == "x"
    assert butler.get("extra", visit=1) == "x"
    Path("a/policy/mine.yaml").write_text("datasets: {bad: {templet: x}}\n")
    with pytest.raises(PolicyError, match=r"a/policy/mine\.yaml:1: bad: unknown key 'templet'"):
        Butler("a")


def test_of_a_file_with_several_types_a_child_learns_those_that_it_lacks() -> None:
    repository("a").put("x", "note", visit=1)
    Path("a/policy").mkdir()
    Path("a/policy/mine.yaml").write_text(
        "datasets:\n  note: {template: 'other/%(visit)d.txt'}\n  extra(note): {python: str}\n"
    )
    Path("a/policy/more.yaml").write_text("datasets:\n  further(extra): {level: None}\n")
    child = repository("b", inputs="a")
    # its own camera's
    assert child.chain.outputs[0].mapper.types["note"].template.text == "note/%(visit)d.txt"
    child.put("y", "further", visit=2)
    assert sorted(os.listdir("b/policy")) == ["extra.yaml", "further.yaml"]
    assert Butler("b").get("further", visit=2) == "y"


def test_code_that_a_repository_defines_is_refused_when_it_would_be_run() -> None:
    butler = repository()
    butler.put("x", "note", visit=1)
    butler.defineDataset("pair", python="fractions.Fraction", composite={"numerator": "note"})
    stranger = Butler("a")
    assert stranger.get("note", visit=1) == "x"
    assert stranger.datasetExists("pair", visit=1)
    with pytest.raises(UnsafeContent, match=r"a/policy/pair\.yaml:\d: fractions\.Fraction.*trust="):
        stranger.get("pair", visit=1)
    with pytest.raises(ValueError, match="Invalid literal for Fraction"):
        Butler("a", trust=["fractions.Fraction"]).get("pair", visit=1)


# -- stages
# ----------------------------------------------------------------------------------------------


def test_a_plain_name_stands_for_the_newest_stage_in_the_repository_that_says_so() -> None:
    repository("a").put("first", "note", visit=1)
    butler = repository("b", inputs="a")
    butler.defineDataset("note:second", template="second/%(visit)d.txt", storage="TextStorage")
    butler.put("second", "note:second", visit=1)
    assert butler.get("note", visit=1) == "first"
    butler.defineStage("note", "second")
    for one in (butler, Butler("b"), repository("c", inputs="b")):
        assert one.get("note", visit=1) == "second"
        assert one.getUri("note", visit=1).endswith("b/second/1.txt")
    assert Butler("a").get("note", visit=1) == "first"
    butler.defineDataset("note:third", template="third/%(visit)d.txt", storage="TextStorage")
    butler.defineStage("note", "third")
    with pytest.raises(NoResults, match="note:third"):
        Butler("b").get("note", visit=1)


def test_a_stage_that_does_not_exist_is_refused_with_those_that_do() -> None:
    butler = repository()
    butler.defineDataset("note:second", template="second/%(visit)d.txt", storage="TextStorage")
    with pytest.raises(UnknownDatasetType, match=r"'note:secnd'; did you mean 'note:second'"):
        butler.defineStage("note", "secnd")
    with pytest.raises(UnknownDatasetType, match=r"'note:secnd'; did you mean 'note:second'"):
        butler.get("note:secnd", visit=1)
