"""Dataset types that a repository defines for itself."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from persistence import Butler
from persistence.errors import (
    DataIdError,
    PersistenceError,
    PolicyError,
    RepositoryError,
    UnknownDatasetType,
)
from persistence.files import yaml_nodes
from persistence.policy import in_repository, load
from persistence.policy.in_repository import Definition

CAMERA = """
datasets:
  one: {template: 'one/%(visit)d.yaml', storage: YamlStorage}
  pair: {python: types.SimpleNamespace, composite: {one: {datasetType: one}}}
"""


@pytest.fixture
def repo(tmp_path, monkeypatch) -> Path:
    """Return a repository with one dataset."""
    monkeypatch.chdir(tmp_path)
    Path("camera.yaml").write_text(CAMERA)
    Butler(outputs={"root": "repo", "mapper": "camera.yaml"}).put({"a": 1}, "one", visit=1)
    return tmp_path / "repo"


GOOD = {
    "a": "a",
    "a_b-c1": "a_b-c1",
    "calexp:jointcal": "calexp:jointcal",
    "blue(src)": "blue",
    "a:b(c:d)": "a:b",
}
BAD = [
    "",
    " ",
    "a b",
    "a/b",
    "../x",
    ".x",
    "a.b",
    "x.",
    "a:",
    ":a",
    "a:b:c",
    "a(b",
    "a)b",
    "a()",
    "1x",
    "-x",
    "a\n",
]
BAD += ["ä", "a\0", "%(visit)d", "*", "stages", "stages(a)", None, 5, b"a", ("a",)]


@pytest.mark.parametrize("name", GOOD)
def test_a_definition_has_a_file_called_by_its_name(name):
    made = in_repository.make("/root", name, "datasets", {"template": "x", "storage": None})
    assert made.path == f"/root/policy/{GOOD[name]}.yaml"
    assert yaml_nodes.plain(yaml_nodes.compose_text(made.text, "")) == {
        "datasets": {name: {"template": "x"}}
    }
    assert in_repository.names(made) == {GOOD[name]}


@pytest.mark.parametrize("name", BAD, ids=repr)
def test_a_name_that_cannot_be_asked_for_is_refused(name):
    with pytest.raises(DataIdError, match="is not a name of a dataset type"):
        in_repository.make("/root", name, "datasets", {})


def test_the_definitions_of_a_repository_are_read_by_name_and_nothing_else_is(repo):
    assert in_repository.read(str(repo)) == ()
    (repo / "policy").mkdir()
    for name in ("b.yaml", "a.yaml", ".hidden.yaml", "a.yaml~", "a.paf", "README"):
        (repo / "policy" / name).write_text("datasets: {}\n")
    assert [os.path.basename(one.path) for one in in_repository.read(str(repo))] == [
        "a.yaml",
        "b.yaml",
    ]


def test_a_file_called_policy_is_no_directory_of_definitions(repo):
    (repo / "policy").write_text("")
    assert in_repository.read(str(repo)) == ()
    with pytest.raises(RepositoryError, match="cannot write"):
        in_repository.record(in_repository.make(str(repo), "new", "datasets", {}))


DAMAGED = {
    "no YAML": (b"datasets: [b", "not YAML"),
    "a NUL": (b"datasets: \0", "not YAML"),
    "no UTF-8": (b"\xff\xfe", "cannot be read"),
    "a list": (b"- a", "a mapping"),
    "a text": (b"hello", "a mapping"),
    "a section that is a list": (b"datasets: [a]", "a mapping"),
    "a type that is a text": (b"datasets: {a: b}", "a mapping"),
    "an unknown key": (b"dataset: {}", "unknown key 'dataset'; did you mean 'datasets'"),
    "an unknown key of a type": (
        b"datasets: {a: {templat: b}}",
        "unknown key 'templat'; did you mean 'template'",
    ),
    "code in a tag": (
        b"datasets: {a: {template: !!python/object/apply:os.abort []}}",
        "nothing of it was run",
    ),
    "an unknown component": (
        b"datasets: {a: {composite: {b: {datasetType: onn}}}}",
        "did you mean 'one'",
    ),
    "a circle": (b"datasets: {a: {composite: {b: {datasetType: a}}}}", "is circular"),
    "a base that is not there": (b"datasets: {a(b): {}}", "builds on 'b'"),
    "stages that are a text": (b"stages: one", "stages has to be a mapping"),
    "a stage that is a number": (b"stages: {one: 5}", "stages.one has to be text"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_definition_is_told_with_its_file(repo, what):
    content, told = DAMAGED[what]
    (repo / "policy").mkdir()
    (repo / "policy" / "new.yaml").write_bytes(content)
    with pytest.raises(PersistenceError, match=told) as caught:
        Butler(repo)
    assert str(caught.value).startswith(f"{repo}/policy/new.yaml")


@pytest.mark.parametrize("text", ["", "# nothing\n", "datasets: {}\n"])
def test_a_definition_may_say_nothing(repo, text):
    (repo / "policy").mkdir()
    (repo / "policy" / "new.yaml").write_text(text)
    assert Butler(repo).get("one", visit=1) == {"a": 1}


def test_a_definition_that_may_not_be_read_is_told(repo, as_nobody):
    (repo / "policy").mkdir(mode=0o700)
    for directory in (repo, repo.parent, repo.parent.parent):
        directory.chmod(0o755)
    told = as_nobody(lambda: str(in_repository.read(str(repo))))
    assert "cannot be listed" in told or "()" in told  # whoever is nobody himself may


def test_the_same_may_be_recorded_again_and_nothing_else(repo):
    made = in_repository.make(str(repo), "new", "datasets", {"template": "a"})
    in_repository.record(made)
    in_repository.record(made)
    other = in_repository.make(str(repo), "new", "datasets", {"template": "b"})
    with pytest.raises(
        PolicyError, match=r"(?s)has another definition.*template: a.*not.*template: b"
    ):
        in_repository.record(other)
    assert Path(made.path).read_text() == made.text
    in_repository.record(other, replace=True)
    assert Path(made.path).read_text() == other.text
    assert os.listdir(repo / "policy") == ["new.yaml"]


def test_a_definition_can_be_another_repositorys():
    made = in_repository.make("/a", "new", "datasets", {"template": "a"})
    assert in_repository.moved(made, "new", "/b") == Definition("/b/policy/new.yaml", made.text)


def types_of(text: str):
    return load.extended(load.EMPTY, (("<test>", f"datasets: {text}"),)).types


SAME = ("{a: {template: 'x/%(visit)d'}}", "{a: {python: null, template: x/%(visit)d}}")
OTHER = {
    "template": "{a: {template: 'y/%(visit)d'}}",
    "storage": "{a: {template: 'x/%(visit)d', storage: TextStorage}}",
    "key": "{a: {template: 'x/%(visit)d', keys: {ccd: int}}}",
    "type of a key": "{a: {template: 'x/%(visit)s'}}",
}


def test_the_same_in_other_words_is_the_same():
    in_repository.refuse_other("a", *(types_of(text)["a"] for text in SAME))


@pytest.mark.parametrize("what", OTHER)
def test_another_definition_is_refused_and_both_are_shown(what):
    there, new = types_of(SAME[0])["a"], types_of(OTHER[what])["a"]
    with pytest.raises(PolicyError, match="'a' already has a different definition") as caught:
        in_repository.refuse_other("a", there, new)
    assert in_repository.shown(there) in str(caught.value)
    assert in_repository.shown(new) in str(caught.value)


# -- through a Butler
# --------------------------------------------------------------------------------

TOLD = {
    "no such assembler": (
        {"composite": {"a": "one"}, "assembler": "no.such"},
        "cannot be imported",
    ),
    "an assembler that is a number": (
        {"composite": {"a": "one"}, "assembler": 5},
        "'5' cannot be imported",
    ),
    "a composite that is a text": (
        {"composite": "one"},
        "composite must be a mapping of components, not 'one'",
    ),
    "a composite that is a list": ({"composite": ["one"]}, "composite must be a mapping"),
    "a misspelt key": ({"tmplate": "x"}, "did you mean 'template'"),
    "a misspelt key of a component": (
        {"composite": {"a": {"datasetTyp": "one"}}},
        "did you mean 'datasetType'",
    ),
    "a misspelt component": ({"composite": {"a": "onn"}}, "did you mean 'one'"),
    "a misspelt storage": (
        {"template": "x", "storage": "YamlStorag"},
        "did you mean 'YamlStorage'",
    ),
    "a misspelt section": ({"template": "x", "section": "dataset"}, "did you mean 'datasets'"),
    "a function without a name": (
        {"composite": {"a": "one"}, "assembler": lambda: 0},
        "define it in a module",
    ),
    "what is no plain data": ({"template": Path("x")}, "YAML holds text"),
}


@pytest.mark.parametrize("what", TOLD)
def test_what_cannot_be_meant_is_told_and_nothing_is_recorded(repo, what):
    keys, told = TOLD[what]
    butler = Butler(repo)
    with pytest.raises(PolicyError, match=told):
        butler.defineDataset("new", **keys)
    assert not (repo / "policy").exists()
    with pytest.raises(UnknownDatasetType):
        butler.getKeys("new")


def chain_of_types(repo: Path) -> None:
    butler = Butler(repo)
    butler.defineDataset("base(one)", template="base/%(visit)d.yaml")
    butler.defineDataset("built(base)", template="built/%(visit)d.yaml")
    butler.defineDataset("inner", python="types.SimpleNamespace", composite={"x": "built"})
    butler.put({"b": 2}, "built", visit=1)


@pytest.mark.parametrize("mode", ["w", "rw"])
def test_an_output_keeps_with_a_definition_those_that_it_needs(repo, mode):
    chain_of_types(repo)
    butler = Butler(inputs=repo, outputs={"root": "out", "mode": mode})
    butler.defineDataset("outer", python="types.SimpleNamespace", composite={"y": "inner"})
    assert sorted(os.listdir("out/policy")) == [
        f"{name}.yaml" for name in ("base", "built", "inner", "outer")
    ]
    assert Butler("out").get("outer", visit=1).y.x == {"b": 2}


@pytest.mark.parametrize("mode", ["w", "rw"])
def test_an_output_can_be_opened_after_a_put_of_a_type_that_its_parent_defines(repo, mode):
    chain_of_types(repo)
    Butler(inputs=repo, outputs={"root": "out", "mode": mode}).put({"b": 3}, "built", visit=1)
    assert sorted(os.listdir("out/policy")) == ["base.yaml", "built.yaml"]
    assert Butler("out").get("built", visit=1) == {"b": 3}
    assert Butler(repo).get("built", visit=1) == {"b": 2}


def test_a_stage_that_is_not_defined_is_told(repo):
    (repo / "policy").mkdir()
    (repo / "policy" / "stages.yaml").write_text("stages: {one: jointcal}\n")
    butler = Butler(repo)
    with pytest.raises(UnknownDatasetType, match="one:jointcal"):
        butler.get("one", visit=1)


def test_a_pickled_butler_knows_what_it_was_told(repo):
    butler = Butler(inputs=repo)
    butler.defineDataset("one:late", template="one/%(visit)d.yaml", storage="YamlStorage")
    butler.defineStage("one", "late")
    copy = pickle.loads(pickle.dumps(butler))
    assert copy.get("one:late", visit=1) == {"a": 1}
    assert copy.chain.staged(copy.chain.request("one")).datasetType == "one:late"
    assert not (repo / "policy").exists()
