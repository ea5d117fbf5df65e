"""Pins: which repository each dataset type comes from, and what is told of pins that cannot be meant."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, CameraMapper, DataId, NoResults, PolicyError, RepositoryError
from persistence.butler.exists import Existence
from persistence.cameras.installed import remember
from persistence.errors import UnknownArgument, UnknownDatasetType
from persistence.files import settings

POLICY = """\
datasets:
  note: {template: 'note-%(a)d.txt', storage: TextStorage}
  noteList: {template: 'list-%(a)d.txt', storage: TextStorage}
  other: {template: 'other-%(a)d.txt', storage: TextStorage}
  note:late: {template: 'late-%(a)d.txt', storage: TextStorage}
  left: {template: 'left-%(a)d.txt', storage: TextStorage}
  right: {template: 'right-%(a)d.txt', storage: TextStorage}
  pair:
    python: dict
    assembler: builtins.dict
    composite: {left: {datasetType: left}, right: {datasetType: right}}
"""
TYPES = ("note", "noteList", "other", "note:late", "left", "right")


class PinMapper(CameraMapper):
    """A camera of notes."""

    policyFile = "camera.yaml"


class OtherMapper(PinMapper):
    """Another camera."""


remember(PinMapper)
remember(OtherMapper)


@pytest.fixture(autouse=True)
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with reruns a and b, whose notes say where they are; 1 is in all of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camera.yaml").write_text(POLICY)
    monkeypatch.setattr(PinMapper, "policyFile", str(tmp_path / "camera.yaml"))
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/_mapper").write_text(f"{PinMapper.__module__}.PinMapper\n")
    fill(Butler(inputs="repo", outputs={"root": "repo", "mode": "rw"}), "repo", 3)
    for name in ("a", "b"):
        fill(Butler(inputs="repo", outputs={"root": f"repo/rerun/{name}", "mode": "rw"}), name)
    return tmp_path / "repo"


def fill(butler: Butler, text: str, number: int = 1) -> None:
    for name in TYPES:
        for a in range(1, number + 1):
            butler.put(text, name, a=a)


def keep(root: str, text: str) -> Path:
    path = Path(root, settings.FILE)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def origin(butler: Butler, name: str, a: int = 1) -> str:
    """Return where a dataset comes from, after all ways to ask for it agree."""
    read = butler.get(name, a=a)
    path = butler.getUri(name, a=a)
    row = butler.query(name, dataId={"a": a}, columns=["repository", "a"])[0]
    assert Path(path).read_text() == read
    assert row["repository"] == os.path.dirname(path)
    assert butler.datasetExists(name, a=a)
    assert butler.datasetExists(name, {"a": a})
    assert (
        butler.exists(name, [{"a": a}]).tolist() == [True] == Existence(butler, name).of([{"a": a}])
    )
    assert butler.dataRef(name, a=a).get() == read == butler.get(name, {"a": a}, immediate=False)
    return str(read)


def test_a_pinned_type_comes_from_its_repository_and_others_as_before() -> None:
    butler = Butler("repo/rerun/b", pins={"note": "repo/rerun/a"})
    assert origin(butler, "note") == "a"
    assert origin(butler, "other") == "b"
    assert origin(butler, "note", 2) == "repo"  # a parent of a
    assert [each.root for each in butler.chain.inputs] == [
        os.path.abspath(p) for p in ("repo/rerun/b", "repo")
    ]


def test_nothing_else_is_searched_for_a_pinned_type() -> None:
    butler = Butler("repo/rerun/b", pins={"note": "repo"})
    Butler("repo/rerun/b").put("b", "note", a=9)
    assert not butler.datasetExists("note", a=9)
    assert not butler.exists("note", [{"a": 9}]).any()
    assert len(butler.query("note", "a == 9")) == 0
    assert sorted(butler.queryMetadata("note", "a")) == [1, 2, 3]
    assert sorted(ref.dataId["a"] for ref in butler.subset("note")) == [1, 2, 3]
    with pytest.raises(NoResults) as caught:
        butler.get("note", a=9)
    assert f"nothing else is searched  note is pinned to {os.path.abspath('repo')} (pins=)" in str(
        caught.value
    )
    assert "rerun/b" not in str(caught.value)


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        ({}, "b b b b"),
        ({"note*": "repo/rerun/a"}, "a a b a"),
        ({"note*": "repo/rerun/a", "note": "repo"}, "repo a b repo"),
        ({"note": "repo/rerun/a"}, "a b b a"),
        ({"note:late": "repo/rerun/a"}, "b b b a"),
        ({"note:late": "repo/rerun/a", "note": "repo"}, "repo b b a"),
        ({"note*": "repo", "*List": "repo/rerun/a"}, "repo repo b repo"),
        ({"note": ["repo/rerun/a", "repo/rerun/b"]}, "a b b a"),
        ({"note": Path("repo/rerun/a")}, "a b b a"),
        ({"*": "repo/rerun/a"}, "a a a a"),
    ],
)
def test_the_nearest_name_decides_then_the_first_pattern(
    pins: dict[str, Any], expected: str
) -> None:
    butler = Butler("repo/rerun/b", pins=pins)
    names = ("note", "noteList", "other", "note:late")
    assert " ".join(origin(butler, name) for name in names) == expected


def test_several_repositories_are_searched_in_their_order() -> None:
    Butler("repo/rerun/b").put("b", "note", a=9)
    butler = Butler("repo/rerun/b", pins={"note": ["repo/rerun/a", "repo/rerun/b"]})
    assert origin(butler, "note") == "a"
    assert origin(butler, "note", 9) == "b"
    butler.put("again", "note", a=9)  # the output is searched
    assert butler.get("note", a=9) == "again"


def test_components_follow_the_pins_of_their_own_types() -> None:
    butler = Butler("repo/rerun/b", pins={"left": "repo/rerun/a"})
    assert butler.get("pair.left", a=1) == "a"
    assert butler.get("pair.right", a=1) == "b"
    with pytest.raises(PolicyError, match="it is put together from left, right: pin these"):
        Butler("repo/rerun/b", pins={"pair": "repo/rerun/a"})


def test_a_stage_that_the_pinned_repository_defines_is_the_one_that_is_read() -> None:
    Butler("repo/rerun/a").defineStage("note", "late")
    butler = Butler("repo/rerun/b", pins={"note": "repo/rerun/a"})
    assert butler.request("note").datasetType == "note:late"
    assert butler.getUri("note", a=1).endswith("rerun/a/late-1.txt")
    assert Butler("repo/rerun/b").getUri("note", a=1).endswith("rerun/b/note-1.txt")


def test_a_type_that_only_the_pinned_repository_defines_is_known() -> None:
    a = Butler("repo/rerun/a")
    a.defineDataset("own", template="own-%(a)d.txt", storage="TextStorage")
    a.put("a", "own", a=1)
    with pytest.raises(UnknownDatasetType):
        Butler("repo/rerun/b").get("own", a=1)
    assert origin(Butler("repo/rerun/b", pins={"own": "repo/rerun/a"}), "own") == "a"


def test_the_inventory_counts_what_pins_make_visible() -> None:
    rows = Butler("repo/rerun/b", pins={"note": "repo/rerun/a"}).index.summary()
    counted = {
        (row["datasetType"], os.path.basename(row["repository"])): row["count"] for row in rows
    }
    assert counted["note", "a"] == 1
    assert ("other", "a") not in counted


# -- writing


def test_a_put_that_get_would_not_find_is_refused_and_writes_nothing() -> None:
    butler = Butler("repo/rerun/b", pins={"note": "repo/rerun/a"})
    before = sorted(Path("repo").rglob("*"))
    root, pinned = map(os.path.abspath, ("repo/rerun/b", "repo/rerun/a"))
    with pytest.raises(RepositoryError) as caught:
        butler.put("x", "note", a=7)
    assert (
        f"note is pinned to {pinned} (pins=): what is written into {root} would not be found"
        in str(caught.value)
    )
    assert f"pins={{'note': ['{root}', '{pinned}']}}" in str(caught.value)
    assert sorted(Path("repo").rglob("*")) == before
    butler.put("x", "other", a=7)
    assert butler.datasetExists("note", a=1, write=True)  # b has one: there is nothing to write


def test_an_output_that_is_never_read_takes_pinned_types() -> None:
    butler = Butler(inputs="repo/rerun/b", outputs="repo/rerun/w", pins={"note": "repo/rerun/a"})
    butler.put(butler.get("note", a=1), "note", a=1)
    assert Path("repo/rerun/w/note-1.txt").read_text() == "a"


def test_a_new_output_may_be_pinned_itself() -> None:
    pins = {"note": ["repo/rerun/new", "repo/rerun/a"]}
    butler = Butler(
        inputs="repo/rerun/b", outputs={"root": "repo/rerun/new", "mode": "rw"}, pins=pins
    )
    assert butler.get("note", a=1) == "a"
    butler.put("new", "note", a=1)
    assert butler.get("note", a=1) == "new"


# -- those that a repository keeps


def test_pins_in_the_settings_hold_for_the_repository_and_what_it_is_a_parent_of() -> None:
    keep("repo/rerun/b", "pins: {note: ../a, right: [../a, .]}\n")
    b = Butler("repo/rerun/b")
    assert [origin(b, name) for name in ("note", "right", "other")] == ["a", "a", "b"]
    c = Butler(inputs="repo/rerun/b", outputs={"root": "repo/rerun/c", "mode": "rw"})
    assert origin(c, "note") == "a"
    c.put("c", "note", a=1)  # a child shows its own, then what its parent shows
    assert origin(c, "note") == "c"
    assert [origin(Butler("repo/rerun/c"), name) for name in ("note", "right")] == ["c", "a"]
    assert origin(Butler("repo/rerun/b"), "note") == "a"
    with pytest.raises(RepositoryError, match=r"b/\.persistence/settings\.yaml\): what is written"):
        b.put("b", "note", a=1)


def test_the_callers_pins_win_by_type_and_false_ignores_all() -> None:
    keep("repo/rerun/b", "pins: {note: ../a, other: ../a}\n")
    butler = Butler("repo/rerun/b", pins={"note": "repo"})
    assert [origin(butler, name) for name in ("note", "other")] == ["repo", "a"]
    assert origin(Butler("repo/rerun/b", pins={}), "note") == "a"
    assert origin(Butler("repo/rerun/b", pins=False), "note") == "b"


def test_pins_of_a_repository_that_is_only_pinned_are_not_followed() -> None:
    keep("repo/rerun/b", "pins: {note: ../a}\n")
    keep("repo/rerun/a", "pins: {note: ../b}\n")  # a loop, if they were
    assert origin(Butler("repo/rerun/b"), "note") == "a"
    assert origin(Butler("repo/rerun/a"), "note") == "b"


def test_a_copied_tree_keeps_its_pins(repo: Path, tmp_path: Path) -> None:
    keep("repo/rerun/b", "pins: {note: ../a}\n")
    repo.rename(tmp_path / "moved")
    butler = Butler("moved/rerun/b")
    assert butler.getUri("note", a=1) == str(tmp_path / "moved/rerun/a/note-1.txt")


def test_a_link_to_the_repository_does_not_change_where_its_pins_lead(tmp_path: Path) -> None:
    keep("repo/rerun/b", "pins: {note: ../a}\n")
    (tmp_path / "mine").symlink_to("repo/rerun/b")
    assert Butler("mine").get("note", a=1) == "a"


def test_another_process_has_the_same_pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(Butler("repo/rerun/b", pins={"note": "repo/rerun/a"}))
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    assert pickle.loads(data).get("note", a=1) == "a"
    os.chdir(tmp_path)
    keep("repo/rerun/b", "pins: {note: ../a}\n")
    assert pickle.loads(pickle.dumps(Butler("repo/rerun/b", pins=False))).get("note", a=1) == "b"


def test_why_shows_the_pin() -> None:
    butler = Butler("repo/rerun/b", pins={"note": "repo/rerun/a"})
    assert f"note is pinned to {os.path.abspath('repo/rerun/a')} (pins=)" in str(
        butler.why("note", a=1)
    )
    assert "pinned" not in str(butler.why("other", a=1))


def test_tags_choose_among_the_pinned_repositories_too() -> None:
    inputs = [{"root": "repo/rerun/b", "tags": "x"}]
    butler = Butler(inputs=inputs, pins={"note": "repo/rerun/a"})
    assert butler.get("note", DataId(a=1, tag="x")) == "a"
    assert not butler.datasetExists("note", DataId(a=1, tag="y"))


# -- what cannot be meant


@pytest.mark.parametrize(
    ("pins", "error", "message"),
    [
        (
            {"nota": "repo/rerun/a"},
            UnknownDatasetType,
            "has no dataset type 'nota'; did you mean 'note'",
        ),
        ({"zz*": "repo/rerun/a"}, UnknownDatasetType, "has no dataset type 'zz[*]'"),
        ({"note_filename": "repo"}, UnknownDatasetType, "did you mean"),
        ({"note": "repo/rerun/z"}, RepositoryError, "there is no directory .*/repo/rerun/z"),
        ({"note": "repo/rerun"}, RepositoryError, "No cfg found .* it has no _mapper"),
        ({"note": []}, UnknownArgument, r"pins\['note'\] = \[\]: expected the path"),
        ({"note": None}, UnknownArgument, "= None: expected the path"),
        ({"note": ["repo", 3]}, UnknownArgument, "expected the path"),
        ({"note": ""}, UnknownArgument, "expected the path"),
        ({3: "repo"}, UnknownArgument, r"pins\[3\]"),
        ("repo/rerun/a", UnknownArgument, "expected repositories by dataset type"),
        (True, UnknownArgument, "expected repositories by dataset type"),
    ],
)
def test_pins_that_cannot_be_meant_are_refused(
    pins: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Butler("repo/rerun/b", pins=pins)


def test_a_repository_of_another_camera_is_refused(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/_mapper").write_text(f"{OtherMapper.__module__}.OtherMapper\n")
    with pytest.raises(RepositoryError, match=r"its camera is OtherMapper, .* those of PinMapper"):
        Butler("repo/rerun/b", pins={"note": "foreign"})


def test_a_mapper_that_a_pinned_repository_names_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil/_mapper").write_text("os.system\n")
    keep("repo/rerun/b", "pins: {note: ../../../evil}\n")
    with pytest.raises(
        RepositoryError, match=r"settings\.yaml; pins=False ignores it\): .*os\.system"
    ):
        Butler("repo/rerun/b")


def test_parents_that_form_a_loop_are_told_with_the_pin(tmp_path: Path) -> None:
    for name, parent in (("x", "y"), ("y", "x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "repositoryCfg.yaml").write_text(
            f"!RepositoryCfg_v1\n_mapper: null\n_mapperArgs: {{}}\n_parents: [../{parent}]\n"
            "_policy: null\n_root: null\ndirty: true\n"
        )
    with pytest.raises(
        RepositoryError, match=r"note is pinned to .*/x \(pins=\): parents form a cycle"
    ):
        Butler("repo/rerun/b", pins={"note": "x"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "pins: {note: ../z}\n",
            r"note is pinned to .*/rerun/z \(.*settings.yaml; pins=False ignores it\)",
        ),
        ("pins: {nota: ../a}\n", "pins=False ignores it.*did you mean 'note'"),
        ("pins: [note]\n", r"settings\.yaml:1: expected a mapping"),
        ("pins:\n  note:\n", r"settings\.yaml:2: pins says 'note': None; expected a dataset type"),
        ("pins:\n  note: {a: b}\n", r"settings\.yaml:2: pins says 'note'"),
        ("pins:\n  note: []\n", r"settings\.yaml:2: pins says 'note': \[\]"),
        ("pins:\n  note: [../a, true]\n", r"settings\.yaml:2: pins says"),
        (
            "pinns: {note: ../a}\n",
            r"settings\.yaml:1: unknown setting 'pinns'; did you mean 'pins'",
        ),
        ("pins: {note: !!python/object:os.system x}\n", "nothing of it was run"),
        ("pins: {note: ../a\n", "not YAML"),
    ],
)
def test_settings_of_another_hand_are_told_with_file_and_line(text: str, message: str) -> None:
    keep("repo/rerun/b", text)
    with pytest.raises((RepositoryError, UnknownDatasetType), match=message):
        Butler("repo/rerun/b")
    assert Butler("repo/rerun/b", pins=False).get("note", a=1) == "b"


@pytest.mark.parametrize("text", ["shared: world\n", "colour: red\n", "shared: {\n", "\xff"])
def test_other_faults_of_the_settings_keep_nobody_from_reading(text: str) -> None:
    keep("repo/rerun/b", text)
    assert Butler("repo/rerun/b").get("note", a=1) == "b"


def test_a_directory_with_a_number_for_a_name_is_found() -> None:
    os.rename("repo/rerun/a", "repo/rerun/0410")
    os.symlink("../0410", "repo/rerun/b/0410")
    keep("repo/rerun/b", "pins: {note: 0410}\n")
    assert Butler("repo/rerun/b").get("note", a=1) == "a"


def test_a_calibration_has_one_place(tmp_path: Path) -> None:
    (tmp_path / "decam").mkdir()
    (tmp_path / "decam/_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    (tmp_path / "calib").mkdir()
    (tmp_path / "calib/calibRegistry.sqlite3").touch()
    with pytest.raises(PolicyError, match=r"and calibs names .*/calib: pass only one"):
        Butler("decam", pins={"flat": "decam"}, calibs={"flat": str(tmp_path / "calib")})
