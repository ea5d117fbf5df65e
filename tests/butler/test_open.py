"""Chains of repositories: the acceptance vectors of the specification (doc/gen2/gen2-core.md, 8.1), and what can go wrong."""

from __future__ import annotations

import functools
import getpass
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from persistence import (
    AliasError,
    Butler,
    CameraMapper,
    DataId,
    Location,
    NoResults,
    ParentsMismatch,
    PolicyError,
    RegistryError,
    RegistryWarning,
    RepositoryError,
    UnknownArgument,
    UnsafeContent,
)
from persistence.butler import repository_cfg
from persistence.cameras import installed
from persistence.cameras.installed import remember

POLICY = "datasets: {note: {template: 'note-%(a)d.txt', storage: TextStorage}}\n"


class W(CameraMapper):
    """A mapper with one pickled type, whose path is made of all items of the data ID."""

    policyFile = os.path.join(os.path.dirname(__file__), "w.yaml")

    def map_foo(self, dataId: Any, write: bool = False) -> Location:
        name = "_".join(f"{key}{value}" for key, value in sorted(dataId.items()))
        return Location(
            self.mapperArgs["root"],
            f"foo_{name}.pickle",
            None,
            "PickleStorage",
            None,
            "foo",
            dataId,
        )


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty directory, with the mapper's policy in it."""
    (tmp_path / "w.yaml").write_text(POLICY)
    monkeypatch.setattr(W, "policyFile", str(tmp_path / "w.yaml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def out(root: str, **args: Any) -> dict[str, Any]:
    """Return what an output is; the mapper of these tests wants to know its root."""
    return {"root": root, "mapper": W, **args}


def make(root: str, **data: Any) -> None:
    """Create a repository that holds some notes."""
    butler = Butler(outputs=out(root))
    for name, text in data.items():
        butler.put(text, "note", a=int(name[1:]))


def old(root: str, parent: str | None = None) -> str:
    """Return a repository of the older kind."""
    Path(root).mkdir(parents=True)
    Path(root, "_mapper").write_text(f"{W.__module__}.{W.__qualname__}\n")
    if parent is not None:
        Path(root, "_parent").symlink_to(parent)
    return root


def roots(butler: Butler) -> list[str]:
    return [os.path.basename(repository.root) for repository in butler._chain.inputs]


def parents(root: str) -> list[str]:
    found = repository_cfg.read(root)
    assert found is not None
    return [os.path.basename(repository_cfg.shown(parent)) for parent in found.parents]


# -- acceptance vectors
# ---------------------------------------------------------------------------------


def test_v1_an_output_and_then_an_input() -> None:
    Butler(outputs=out("a")).put("x", "note", a=1)
    assert Path("a/repositoryCfg.yaml").exists()
    butler = Butler(inputs="a")
    assert butler.get("note", a=1) == "x"
    assert butler.getUri("note", a=1) == os.path.realpath("a/note-1.txt")


def test_v2_tags_restrict_what_is_read_and_outputs_mask_inputs() -> None:
    make("1", a5="A")
    make("2", a5="B")
    butler = Butler(
        inputs=[{"root": "1", "tags": "one"}, {"root": "2", "tags": "two"}],
        outputs=out("3", mode="rw"),
    )
    assert butler.get("note", a=5) == "A"
    assert butler.get("note", DataId(a=5, tag="two")) == "B"
    butler.put("C", "note", a=5)
    assert butler.get("note", a=5) == "C"
    assert butler.get("note", DataId(a=5, tag="one")) == "A"
    with pytest.raises(NoResults):
        butler.get("note", DataId(a=5, tag="three"))


def test_v3_and_v4_a_chain_is_found_again_and_carries_its_tags() -> None:
    make("1", a5="A")
    make("2", a5="B")
    Butler(inputs=["1", "2"], outputs=out("3", mode="rw")).put("C", "note", a=5)
    butler = Butler(inputs={"root": "3", "tags": "t"})
    assert roots(butler) == ["3", "1", "2"]
    assert butler.get("note", a=5) == "C"
    assert all(repository.tags == {"t"} for repository in butler._chain.inputs)


def test_v5_a_shared_parent_is_searched_once_behind_its_first_child() -> None:
    make("1")
    Butler(inputs="1", outputs=out("d1"))
    Butler(inputs="1", outputs=out("d2"))
    assert roots(Butler(inputs=["d1", "d2"])) == ["d1", "1", "d2"]


def test_each_repository_knows_its_parents_in_order() -> None:
    make("1")
    make("2")
    Butler(inputs=["2", "1"], outputs=out("3"))
    Butler(inputs="3", outputs=out("4"))
    found = {
        os.path.basename(repository.root): [
            os.path.basename(parent.root) for parent in repository.parents
        ]
        for repository in Butler("4").chain.inputs
    }
    assert list(found.items()) == [("4", ["3"]), ("3", ["2", "1"]), ("2", []), ("1", [])]


def test_v6_an_input_that_is_a_readable_output_counts_once() -> None:
    make("1")
    butler = Butler(inputs="1", outputs={"root": "1", "mode": "rw"})
    assert roots(butler) == ["1"]
    assert len(butler._chain.outputs) == 1


def test_v7_what_is_only_written_is_not_read() -> None:
    butler = Butler(outputs=[out("1"), out("2")])
    butler.put("x", "note", a=1)
    assert butler.datasetExists("note", a=1, write=True)
    assert not butler.datasetExists("note", a=1)
    assert Path("1/note-1.txt").read_text() == Path("2/note-1.txt").read_text() == "x"


def test_v8_to_v10_an_output_keeps_its_parents_and_may_get_more() -> None:
    for name in ("a", "c"):
        make(name)
    Butler(inputs="a", outputs=out("b"))
    with pytest.raises(ParentsMismatch, match="do not match parents of"):
        Butler(outputs="b")
    with pytest.raises(ParentsMismatch, match="pass these first, in this order"):
        Butler(inputs=["c", "a"], outputs="b")
    Butler(inputs="a", outputs="b")
    Butler(inputs=["a", "c"], outputs="b")
    assert "- ../a\n- ../c\n" in Path("b/repositoryCfg.yaml").read_text()


def test_v11_a_configuration_that_moved_is_of_its_new_place() -> None:
    make("a", a1="x")
    shutil.move("a", "b")
    assert Butler("b").get("note", a=1) == "x"


def test_v12_and_v13_data_may_lie_elsewhere_than_the_configuration() -> None:
    Butler(outputs={"cfgRoot": "x", "root": "y", "mapper": W}).put("t", "note", a=1)
    assert sorted(os.listdir("x")) == ["repositoryCfg.yaml"]
    assert f"_root: {os.path.realpath('y')}\n" in Path("x/repositoryCfg.yaml").read_text()
    assert Butler(inputs="x").get("note", a=1) == Path("y/note-1.txt").read_text() == "t"
    Butler(outputs=out(f"file://{os.getcwd()}/p")).put("t", "note", a=1)
    assert Path("p/note-1.txt").exists()


def test_v14_an_older_repository_is_nested_with_what_it_was_given() -> None:
    old("v1")
    Butler(inputs={"root": "v1", "mapperArgs": {"foo": 1}}, outputs=out("b"))
    text = Path("b/repositoryCfg.yaml").read_text()
    assert "- !RepositoryCfg_v1\n" in text
    assert "_mapperArgs: {foo: 1}" in text
    assert not Path("v1/repositoryCfg.yaml").exists()
    with pytest.raises(RepositoryError, match="do not match parents"):
        Butler(inputs="v1", outputs="b")
    butler = Butler(inputs="b")
    assert butler._chain.inputs[1].mapper.mapperArgs == {"foo": 1}


def test_v16_parents_are_relative_to_the_real_directory() -> None:
    make("a")
    Path("far/away").mkdir(parents=True)
    Path("link").symlink_to("far/away")
    Butler(inputs="a", outputs=out("link/b"))
    assert "- ../../../a\n" in Path("far/away/b/repositoryCfg.yaml").read_text()
    assert roots(Butler(inputs="link/b")) == ["b", "a"]


def test_v17_processes_that_make_one_output_at_once_agree() -> None:
    make("a")
    code = (
        "import sys\n"
        "from persistence.butler import repository_cfg as config\n"
        "from persistence.butler.repository_cfg import RepositoryCfg\n"
        "here = sys.argv[1]\n"
        "config.write(RepositoryCfg(here + '/b', here + '/b', 'x.Y', {}, (here + '/a',)))\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, os.getcwd()]) for _ in range(6)]
    assert [run.wait() for run in runs] == [0] * 6
    assert os.listdir("b") == ["repositoryCfg.yaml"]
    assert parents("b") == ["a"]


def test_v18_aliases_must_not_begin_each_other() -> None:
    make("a", a1="x")
    butler = Butler("a")
    butler.defineAlias("sci", "note")
    assert butler.get("@sci", a=1) == "x"
    assert butler.get("@sci_filename", a=1) == [os.path.realpath("a/note-1.txt")]
    with pytest.raises(AliasError, match="Alias: @science overlaps with existing alias: @sci"):
        butler.defineAlias("science", "note")
    butler.defineAlias("@longname", "note")
    with pytest.raises(AliasError, match="overlaps"):
        butler.defineAlias("long", "note")
    for alias, name in (("a@b", "note"), ("x", "no@te")):
        with pytest.raises(AliasError, match="Badly formatted"):
            butler.defineAlias(alias, name)
    with pytest.raises(AliasError, match="Unresolvable alias specifier in datasetType: @what"):
        butler.get("@what", a=1)


def test_v25_backups_are_numbered_from_the_newest() -> None:
    make("a")
    butler = Butler("a")
    for text in ("first", "second", "third"):
        butler.put(text, "note", a=1, doBackup=True)
    assert [Path("a", f"note-1.txt{end}").read_text() for end in ("", "~1", "~2")] == [
        "third",
        "second",
        "first",
    ]


def test_v26_a_butler_goes_through_pickle_with_its_aliases() -> None:
    make("1", a1="x")
    butler = Butler(inputs="1", outputs=out("2", mode="rw"))
    butler.defineAlias("sci", "note")
    copy = pickle.loads(pickle.dumps(butler))
    assert copy.get("@sci", a=1) == "x"
    assert roots(copy) == ["2", "1"]


def test_v27_a_repositorys_own_policy_holds_there_and_not_in_its_children() -> None:
    overlay = {"datasets": {"note": {"template": "other-%(a)d.txt"}}}
    Butler(outputs=out("a", policy=overlay)).put("x", "note", a=1)
    assert Path("a/other-1.txt").exists()
    butler = Butler(inputs="a", outputs=out("b", mode="rw"))
    assert butler.get("note", a=1) == "x"
    butler.put("y", "note", a=1)
    assert Path("b/note-1.txt").exists()


def test_v15_an_older_parent_that_is_only_named_is_told_what_its_child_is() -> None:
    old("v1")
    Path("v1/note-1.txt").write_text("x")
    Path("b").mkdir()
    Path("b/repositoryCfg.yaml").write_text(
        f"!RepositoryCfg_v1\n_mapper: {W.__module__}.{W.__qualname__}\n_mapperArgs: {{foo: 1}}\n_parents: [../v1]\n"
        "_policy: null\n_root: null\ndirty: true\n"
    )
    butler = Butler(inputs={"root": "b", "mapper": W})
    assert butler.get("note", a=1) == "x"
    assert butler._chain.inputs[1].mapper.mapperArgs == {"foo": 1}


PAIR = """
datasets:
  note: {template: 'note-%(a)d.txt', storage: TextStorage}
  other: {template: 'other-%(a)d-%(b)d.txt', storage: TextStorage}
  pair:
    python: types.SimpleNamespace
    composite: {a: {datasetType: note}, b: {datasetType: other, inputOnly: true}}
    disassembler: persistence.composites.assemble.generic_disassembler
  many:
    python: types.SimpleNamespace
    composite: {all: {datasetType: other, subset: true}}
"""


class Two:
    """What the composite of these tests is taken apart from."""

    def get_a(self) -> str:
        return "left"

    def get_b(self) -> str:
        return "right"


def test_v23_a_component_that_is_only_read_is_not_written() -> None:
    Path("w.yaml").write_text(PAIR)
    Butler(outputs=out("r")).put(Two(), "pair", a=1, b=2)
    butler = Butler(inputs="r")
    assert butler.get("pair.a", a=1, b=2) == "left"
    with pytest.raises(NoResults, match=r"looked for  other-1-2\.txt  in  r"):
        butler.get("pair.b", a=1, b=2)


def test_v24_a_component_may_be_all_that_matches() -> None:
    Path("w.yaml").write_text(PAIR)
    butler = Butler(outputs=out("r", mode="rw"))
    for b in (1, 2):
        butler.put(f"text {b}", "other", a=1, b=b)
    assert sorted(butler.get("many", a=1).all) == ["text 1", "text 2"]


def test_v30_a_calibration_whose_keys_are_known_asks_no_registry(filled: Path) -> None:
    butler = Butler(filled)
    registry = SimpleNamespace(lists_files=False)  # whoever asks it for rows fails
    nothing = SimpleNamespace(find=lambda: registry)
    butler._chain.inputs[0].source = nothing  # type: ignore[assignment]
    path = butler.getUri("bias", calibDate="2015-01-01", ccdnum=7, write=True)
    assert path.endswith("/BIAS/2015-01-01/BIAS-2015-01-01-07.fits")
    assert not butler.datasetExists("bias", calibDate="2015-01-01", ccdnum=7)


# -- reruns
# ---------------------------------------------------------------------------------------------


def test_a_rerun_reads_through_its_chain_and_asks_its_parents_registry(filled: Path) -> None:
    shutil.copytree(filled, "repo", symlinks=True)
    first = Butler(inputs="repo", outputs={"root": "repo/rerun/first", "mode": "rw"})
    first.put(first.get("raw", visit=410877, ccdnum=28), "calexp", visit=410877, ccdnum=28)
    Butler(inputs="repo/rerun/first", outputs={"root": "repo/rerun/second", "mode": "rw"})
    butler = Butler("repo/rerun/second")
    assert roots(butler) == ["second", "first", "repo"]
    assert butler.get("calexp", visit=410877, ccdnum=28).detector.name == "S4"
    assert butler.get("raw_md", visit=410877, ccdnum=28)["CCDNUM"] == 28
    assert len(butler.subset("raw", filter="g")) == 61
    with pytest.raises(
        NoResults,
        match=r"looked for  0410877/calexp/calexp-0410877_29.fits  in  .*second, .*first, ",
    ):
        butler.get("calexp", visit=410877, ccdnum=29)
    shutil.move("repo", "moved")
    assert Butler("moved/rerun/second").datasetExists("calexp", visit=410877, ccdnum=28)


@pytest.mark.parametrize("how", ["link", "relative link", "text", "directory"])
def test_the_older_kind_of_parent_is_followed(how: str) -> None:
    old("a")
    Path("a/note-1.txt").write_text("x")
    Path("b").mkdir()
    if how == "text":
        Path("b/_parent").write_text("../a")
    elif how == "directory":
        shutil.move("a", "b/_parent")
    else:
        Path("b/_parent").symlink_to("../a" if how == "relative link" else os.path.abspath("a"))
    os.makedirs("elsewhere")
    butler = Butler("b", W)
    os.chdir("elsewhere")
    assert butler.get("note", a=1) == "x"


def test_opening_to_read_makes_and_changes_nothing() -> None:
    make("1", a1="x")
    Butler(inputs="1", outputs=out("2"))
    before = {path: path.lstat().st_mtime_ns for path in Path().rglob("*")}
    assert Butler(inputs="2").get("note", a=1) == "x"
    Butler("2").datasetExists("note", a=2)
    for missing in ("nowhere", "1/rerun/nothing"):
        with pytest.raises(RepositoryError, match="there is no directory"):
            Butler(inputs=missing)
    assert Butler.getMapperClass("nowhere") is None
    assert Butler.getMapperClass("2") is W
    assert {path: path.lstat().st_mtime_ns for path in Path().rglob("*")} == before


def test_a_repository_that_is_new_is_made_when_something_is_put() -> None:
    butler = Butler("new", W)
    assert not Path("new").exists()
    butler.put("x", "note", a=1)
    assert sorted(os.listdir("new")) == [".persistence", "note-1.txt", "repositoryCfg.yaml"]
    assert Butler("new").get("note", a=1) == "x"


# -- what is refused
# ------------------------------------------------------------------------------------


def test_the_two_forms_cannot_be_mixed() -> None:
    make("a")
    with pytest.raises(
        RepositoryError, match=r"version 1 API .* may not be used with version 2 API"
    ):
        Butler("a", outputs="b")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": {"root": "a", "mode": "w"}}, "The mode of an input should be readable"),
        ({"outputs": {"root": "a", "mode": "r"}}, "The mode of an output should be writable"),
        ({"outputs": {"root": "a", "mode": "xw"}}, "The mode of an output should be writable"),
        (
            {"outputs": [{"root": "a", "mode": "rw"}, "b"]},
            "does not support multiple output repositories",
        ),
        ({"inputs": {"rot": "a"}}, "unknown repository argument 'rot'; did you mean 'root'"),
        ({"inputs": "http://x/y"}, "only directories and file: URIs"),
        ({"inputs": "w"}, "No cfg found for read-only input repository"),
        ({"outputs": "new"}, "No default mapper could be established"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: Any, message: str) -> None:
    Path("w").mkdir()
    with pytest.raises(RepositoryError, match=message):
        Butler(**arguments)
    assert sorted(os.listdir()) == ["w", "w.yaml"]


def test_an_output_of_another_mapper_is_refused() -> None:
    make("a")
    with pytest.raises(
        RepositoryError, match=r"must match for writable repositories: .* is set up with mapper"
    ):
        Butler(outputs={"root": "a", "mapper": "lsst.obs.decam.DecamMapper"})


def test_a_short_name_in_a_repository_is_gen2s_name_in_what_is_written_on_it() -> None:
    for root, name in (("a", "decam"), ("b", "lsst.obs.decam.DecamMapper")):
        Path(root).mkdir()
        Path(root, "_mapper").write_text(f"{name}\n")
    Butler(inputs=["a", "b"], outputs="new")  # they are of one camera
    lines = Path("new/repositoryCfg.yaml").read_text().splitlines()
    names = [line.strip() for line in lines if "_mapper: " in line]
    assert names == ["_mapper: lsst.obs.decam.DecamMapper"] * 3
    assert Path("a/_mapper").read_text() == "decam\n"
    Butler("new")


def test_an_output_of_somebody_else_is_refused_with_his_name(
    as_nobody: Callable[[Callable[[], str]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest's own directories are closed to others
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        os.chdir(folder)
        Path("w.yaml").write_text(POLICY)
        monkeypatch.setattr(W, "policyFile", f"{folder}/w.yaml")
        make("a", a1="x")
        Butler(inputs="a", outputs=out("mine"))
        owner = rf"{getpass.getuser()} \(uid {os.getuid()}\)"
        refusal = rf"the output .*/mine belongs to {owner}, and you may not write to it"

        def act() -> str:
            assert Butler("mine", W).get("note", a=1) == "x"
            for mode in ("w", "rw"):
                with pytest.raises(RepositoryError, match=refusal):
                    Butler(inputs="a", outputs=out("mine", mode=mode))
            with pytest.raises(
                RepositoryError, match=r"cannot write .*/new/repositoryCfg\.yaml: Permission denied"
            ):
                Butler(inputs="a", outputs=out("new"))
            return "as it should be"

        before = sorted(os.listdir())
        assert as_nobody(act) == "as it should be"
        assert sorted(os.listdir()) == before
        os.chdir("/")


def test_nothing_is_written_for_an_output_whose_inputs_cannot_be_opened() -> None:
    make("a")
    Path("old").mkdir()
    Path("old/_mapper").write_text("not.installed.Mapper\n")
    for inputs in ("old", ["a", "old"]):
        with pytest.raises(
            RepositoryError, match=r"no installed camera has the name 'not\.installed\.Mapper'"
        ):
            Butler(inputs=inputs, outputs=out("new"))
    assert not Path("new").exists()


def test_what_nobody_may_look_into_is_not_taken_for_absent(
    as_nobody: Callable[[Callable[[], str]], str],
) -> None:
    # pytest's own directories are closed to others
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        Path(folder, "locked").mkdir(mode=0o700)
        Path(folder, "locked/_mapper").write_text("lsst.obs.test.TestMapper\n")

        def act() -> str:
            try:
                Butler(f"{folder}/locked")
            except RepositoryError as error:
                return str(error)
            return "opened"

        assert as_nobody(act) == f"{folder}/locked cannot be listed: Permission denied"


def test_what_several_repositories_have_to_say_is_said_once(own: Path) -> None:
    butler = Butler(inputs=str(own), outputs={"root": str(own / "rerun" / "a"), "mode": "rw"})
    with pytest.raises(NoResults) as caught:
        butler.get("raw", visit=410877, ccdnum=99)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(set(lines))
    assert any("registered" in line for line in lines)


@pytest.mark.parametrize("mapper", [dict, os.path.join, 3, Two])
def test_what_is_no_mapper_is_refused(mapper: Any) -> None:
    make("a")
    with pytest.raises(RuntimeError, match=r"is not a mapper: a camera's mapper is a subclass of"):
        Butler("a", mapper)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("os.path\n", "no installed camera has the name 'os.path'"),
        ("nothing\n", "Unqualified mapper name 'nothing' in .*/a/_mapper"),
        ("", "Unqualified mapper name ''"),
        ("\udcff.x\n", "cannot be read"),
    ],
)
def test_a_mapper_file_that_names_no_camera_is_told(line: str, message: str) -> None:
    Path("a").mkdir()
    Path("a/_mapper").write_bytes(line.encode(errors="surrogateescape"))
    with pytest.raises(RuntimeError, match=message):
        Butler("a")


def test_a_registry_that_is_a_text_file_is_told(own: Path) -> None:
    (own / "registry.sqlite3").write_text("this was a registry once\n" * 100)
    butler = Butler(own)
    with pytest.raises(RegistryError, match=r"own/registry\.sqlite3.*not a database"):
        butler.queryMetadata("raw", "visit")
    with pytest.raises(RegistryError, match=r"own/registry\.sqlite3.*not a database"):
        butler.get("raw", visit=410877)


def test_a_template_key_that_nothing_can_supply_is_told(own: Path) -> None:
    overlay = {"exposures": {"raw": {"template": "%(colour)s/%(visit)d.fits"}}}
    butler = Butler(inputs={"root": str(own), "policy": overlay})
    with pytest.raises(
        NoResults, match=r"needs  colour(.|\n)*'colour' is not a column of .*registry\.sqlite3"
    ):
        butler.get("raw", visit=410877, ccdnum=28)


def test_inputs_of_two_mappers_give_no_default() -> None:
    make("a")
    Butler(outputs={"root": "b", "mapper": "lsst.obs.decam.DecamMapper"})
    with pytest.raises(
        RepositoryError, match=r"No default mapper could be established for .*new: its inputs have"
    ):
        Butler(inputs=["a", "b"], outputs="new")


def test_a_parent_that_is_gone_is_named_with_a_guess_at_where_it_went() -> None:
    make("tree/a")
    Butler(inputs="tree/a", outputs=out("child"))
    shutil.move("tree", "moved")
    with pytest.raises(RepositoryError, match=r"the parent .*/tree/a of .*/child is gone"):
        Butler("child")
    shutil.copytree("moved/a", "a")
    with pytest.raises(RepositoryError, match=rf"is gone; is it {os.path.realpath('a')} now\?"):
        Butler("child")


def test_parents_in_a_circle_are_told() -> None:
    make("a")
    Butler(inputs="a", outputs=out("b"))
    text = Path("a/repositoryCfg.yaml").read_text()
    Path("a/repositoryCfg.yaml").write_text(text.replace("_parents: []", "_parents: [../b]"))
    with pytest.raises(RepositoryError, match=r"parents form a cycle: .*/b -> .*/a -> .*/b"):
        Butler("b")
    old("x")
    Path("x/_mapper").unlink()
    Path("x/_parent").symlink_to("../x")
    with pytest.raises(RepositoryError, match="circle"):
        Butler("x")


def test_one_repository_as_input_and_as_what_is_only_written_can_be_read() -> None:
    """Trap T47: the original recursed without end."""
    make("a", a1="x")
    butler = Butler(inputs="a", outputs="a")
    assert butler.get("note", a=1) == "x"
    butler.put("y", "note", a=1)
    assert butler.get("note", a=1) == "y"
    assert parents("a") == []


def test_old_and_new_inputs_may_be_mixed() -> None:
    """Trap T4."""
    make("new")
    old("old")
    for order in (["new", "old"], ["old", "new"]):
        Butler(inputs=order, outputs=out("-".join(order)))
        assert roots(Butler("-".join(order)))[1:] == order


RUINS = {
    "empty": ("", "is empty"),
    "truncated": ("!RepositoryCfg_v1\n_mapper: x.Y\n_mapperArgs: {", "not YAML"),
    "of another version": (
        "!RepositoryCfg_v2\n_mapper: x.Y\n",
        "'!RepositoryCfg_v2' is not a known kind of configuration",
    ),
    "incomplete": ("!RepositoryCfg_v1\n_mapper: x.Y\n", "lacks _mapperArgs, _parents, _root"),
    "hostile": (
        "!RepositoryCfg_v1\n_mapper: x.Y\n_mapperArgs: {a: !!python/object/apply:os.system [touch hacked]}\n"
        "_parents: []\n_root: null\n",
        "is not plain data; nothing of it was run",
    ),
}


@pytest.mark.parametrize("ruin", RUINS)
def test_a_configuration_that_is_damaged_is_told_with_its_file(ruin: str) -> None:
    text, message = RUINS[ruin]
    Path("a").mkdir()
    Path("a/repositoryCfg.yaml").write_text(text)
    with pytest.raises(RuntimeError, match=rf"a/repositoryCfg\.yaml.*{message}"):
        Butler("a")
    assert not Path("hacked").exists()


# -- code that only a repository's own files name
# ----------------------------------------------------------

_EVIL = (
    "{datasets: {cmd: {template: 'x.txt', storage: TextStorage}, "
    "evil: {python: %s, composite: {command: {datasetType: cmd}}}}}"
)
BROUGHT = {
    "a policy laid over the camera's": ("{}", _EVIL % "os.system"),
    "a policy in the mapper's arguments": (f"{{policy: {_EVIL % 'os.system'}}}", "null"),
    "a policy's file in the mapper's arguments": ("{policy: evil.yaml}", "null"),
    "a policy laid over by the mapper's arguments": (f"{{overlay: {_EVIL % 'os.system'}}}", "null"),
    "code reached through a module of ours": ("{}", _EVIL % "persistence.files.atomic.os.system"),
}


@pytest.mark.parametrize("case", BROUGHT)
def test_code_that_only_a_repositorys_configuration_names_is_not_run(
    place: Path, case: str
) -> None:
    args, policy = BROUGHT[case]
    Path("evil.yaml").write_text(_EVIL % "os.system")
    Path("repo").mkdir()
    Path("repo/x.txt").write_text(f"touch {place}/hacked")
    Path("repo/repositoryCfg.yaml").write_text(
        f"!RepositoryCfg_v1\n_mapper: lsst.obs.test.TestMapper\n_mapperArgs: {args}\n"
        f"_parents: []\n_policy: {policy}\n_root: null\n"
    )
    Path("child").mkdir()
    Path("child/repositoryCfg.yaml").write_text(
        "!RepositoryCfg_v1\n_mapper: lsst.obs.test.TestMapper\n_mapperArgs: {}\n_parents: [../repo]\n_root: null\n"
    )
    for said in (
        {"root": "repo"},
        {"inputs": "repo"},
        {"inputs": "repo", "outputs": "new"},
        {"root": "child"},
    ):
        with pytest.raises(
            UnsafeContent, match=r"/repo names code \(.*os\.system.*If you trust it, use"
        ):
            Butler(**said).get("evil")
    assert not Path("hacked").exists()


def test_code_that_the_caller_names_is_run() -> None:
    pair = {"python": "types.SimpleNamespace", "assembler": "types.SimpleNamespace"}
    overlay = {"datasets": {"both": {**pair, "composite": {"one": {"datasetType": "note"}}}}}
    Butler(outputs=out("a", policy=overlay)).put("x", "note", a=1)
    overlay["datasets"]["both"]["assembler"] = "builtins.dict"
    Butler(outputs=out("b", policy=overlay)).put("x", "note", a=1)
    assert Butler("a").get("both", a=1).componentInfo["one"].obj == "x"
    assert (
        Butler(inputs={"root": "b", "policy": overlay}).get("both", a=1)["cls"] is SimpleNamespace
    )
    with pytest.raises(UnsafeContent, match="names code"):
        Butler("b")


WRONG_SETUPS = {
    "a camera that is not installed": (
        "a.B",
        "{}",
        "null",
        "no installed camera has the name 'a.B'",
    ),
    "a policy of unknown keys": (
        "hsc",
        "{}",
        "{exposers: {}}",
        "unknown key 'exposers'; did you mean 'exposures'",
    ),
    "a policy that is a number": (
        "hsc",
        "{policy: 3}",
        "null",
        "policy has to be a path or a mapping, not 3",
    ),
    "a registry that is a number": (
        "hsc",
        "{registry: 3}",
        "null",
        "registry has to be a path, not 3",
    ),
    "a registry that is a list": (
        "hsc",
        "{registry: [a]}",
        "null",
        r"registry has to be a path, not \['a'\]",
    ),
    "calibrations in a mapping": (
        "hsc",
        "{calibRoot: {a: b}}",
        "null",
        "calibRoot has to be a path, not {'a': 'b'}",
    ),
}


@pytest.mark.parametrize("case", WRONG_SETUPS)
def test_a_setup_that_cannot_be_meant_is_told_with_its_repository(case: str) -> None:
    mapper, args, policy, message = WRONG_SETUPS[case]
    Path("repo").mkdir()
    Path("repo/repositoryCfg.yaml").write_text(
        f"!RepositoryCfg_v1\n_mapper: {mapper}\n_mapperArgs: {args}\n_parents: []\n_policy: {policy}\n_root: null\n"
    )
    with pytest.raises((RepositoryError, PolicyError), match=f"/repo: .*{message}"):
        Butler("repo")


def test_an_older_repositorys_unknown_camera_is_told_with_the_repository() -> None:
    Path("repo").mkdir()
    Path("repo/_mapper").write_text("lsst.obs.decam.DecamMaper\n")
    with pytest.raises(
        RepositoryError,
        match=r"/repo: no installed camera has the name 'lsst\.obs\.decam\.DecamMaper'",
    ):
        Butler("repo")


def test_an_output_that_is_only_written_knows_the_registries_of_the_inputs(
    own: Path, tmp_path: Path
) -> None:
    butler = Butler(inputs=str(own), outputs={"root": str(tmp_path / "out"), "mode": "w"})
    reference = butler.dataRef("raw", visit=410877, ccdnum=28)
    assert (
        "object" in reference.dataId
    )  # a column of the registry, and a key of no path: the output is warned of none
    reference.put({"a": 1}, "processCcd_metadata")
    assert butler.datasetExists("processCcd_metadata", visit=410877, ccdnum=28, write=True)
    assert not butler.datasetExists("processCcd_metadata", visit=410877, ccdnum=28)


# -- arguments that nothing takes
# ------------------------------------------------------------------------------------------

UNTAKEN = {
    "misspelt": (lambda: Butler("r", calibRot="c"), "no argument 'calibRot'; did you mean 'calibRoot'"),
    "one of the Butler's": (lambda: Butler("r", output="c"), "'output'; did you mean 'outputs'"),
    "like none": (lambda: Butler("r", zzz=1), r"W and its repository take no argument 'zzz' \(known: calibRoot"),
    "with inputs": (lambda: Butler(inputs="r", calibRot="c"), "(?s)version 1.*calibRot; did you mean 'calibRoot'"),
    "with a root": (lambda: Butler("r", inputs="r"), r"version 2 API \(inputs, outputs\): root"),
    "mapperArgs": (lambda: Butler(inputs={"root": "r", "mapperArgs": {"registri": "c"}}), "'registri'; did you mean 'registry'"),
    "a mapper that is made": (lambda: Butler("r", mapper=W(), calibRoot="r"), "is an instance already, and cannot be passed calibRoot"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNTAKEN)
def test_an_argument_that_nothing_takes_is_refused(case: str) -> None:
    old("r")
    remember(W)  # known by its name from now on
    call, message = UNTAKEN[case]
    with pytest.raises(UnknownArgument, match=message) as caught:
        call()
    assert isinstance(caught.value, TypeError)  # as Gen2's mappers raised


def test_what_a_cameras_class_takes_is_taken() -> None:
    class Own(W):
        def __init__(self, shutter: str = "", **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.shutter = shutter

    old("r")
    assert Butler("r", mapper=Own, shutter="open").chain.inputs[0].mapper.shutter == "open"
    with pytest.raises(UnknownArgument, match="Own and its repository take no argument 'shuter'"):
        Butler("r", mapper=Own, shuter="open")


# -- registries on servers
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["registry.pgsql", "registry.mysql", "calibRegistry.pgsql"])
def test_a_registry_on_a_server_is_an_error_at_once(name: str) -> None:
    """It was passed over: every query was answered with nothing."""
    old("r")
    Path("r", name).write_text("host: db\ndatabase: lsst\n")
    with pytest.raises(RegistryError, match=rf"/r/{name} names a registry on a server"):
        Butler("r")
    sqlite3.connect("copy.sqlite3").close()
    argument = name.partition(".")[0]
    with pytest.raises(RegistryError, match=rf"/r/{name} names a registry on a server"):
        Butler("r", **{argument: os.path.abspath(f"r/{name}")})
    assert Butler("r", **{argument: os.path.abspath("copy.sqlite3")}).queryMetadata


# -- calibrations of a tree that was moved
# ------------------------------------------------------------------------------------------


def processed(tree: Path) -> None:
    """Create a repository with its calibrations, and a rerun that was set up with them."""
    (tree / "CALIB").mkdir(parents=True)
    with sqlite3.connect(tree / "CALIB/calibRegistry.sqlite3") as connection:
        connection.execute("create table bias (calibDate text)")
    connection.close()
    old(str(tree / "repo"))
    arguments = {"calibRoot": str(tree / "CALIB")}
    Butler(
        inputs={"root": str(tree / "repo"), "mapper": W, "mapperArgs": arguments},
        outputs={"root": str(tree / "repo/rerun/a"), "mapper": W, "mapperArgs": arguments},
    )


def calibrations(root: Path) -> str:
    return Butler(root).chain.inputs[0].calibrations.root


@pytest.mark.parametrize("writes", ["relative", "absolute"])
@pytest.mark.parametrize("moves", [True, False], ids=["moved", "copied"])
def test_a_tree_that_is_moved_has_its_own_calibrations(
    tmp_path: Path, writes: str, moves: bool
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    processed(one)
    path = one / "repo/rerun/a/repositoryCfg.yaml"
    assert "calibRoot: ../../../CALIB" in path.read_text()
    assert calibrations(one / "repo/rerun/a") == str(one / "CALIB")
    if writes == "absolute":  # as Gen2 did
        path.write_text(path.read_text().replace("../../../CALIB", str(one / "CALIB")))
        assert calibrations(one / "repo/rerun/a") == str(one / "CALIB")
    (one.rename if moves else functools.partial(shutil.copytree, one))(other)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = calibrations(other / "repo/rerun/a")
    is_lost = writes == "absolute"
    assert found == str((one if is_lost and not moves else other) / "CALIB")
    told = [str(warning.message) for warning in caught]
    assert [f"{other}/CALIB is taken for it" in text for text in told] == [True] * (
        is_lost and moves
    )
    shutil.rmtree(other / "CALIB")
    shutil.rmtree(one, ignore_errors=True)
    with pytest.warns(RegistryWarning, match="none of them will be found"):
        assert calibrations(other / "repo/rerun/a") == str(other / "repo/rerun/a")


@pytest.mark.parametrize("name", ["CALIB/other.sqlite3", "other.sqlite3"])
@pytest.mark.parametrize("stands", [True, False])
def test_a_tree_that_is_copied_has_its_own_registry_of_calibrations(
    tmp_path: Path, name: str, stands: bool
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    processed(one)
    shutil.move(one / "CALIB/calibRegistry.sqlite3", one / name)
    (one / "way").symlink_to("CALIB")
    arguments = {"calibRoot": str(one / "way"), "calibRegistry": str(one / name)}
    there = {"root": str(one / "repo/rerun/b"), "mode": "rw", "mapper": W, "mapperArgs": arguments}
    inputs = {"root": str(one / "repo"), "mapper": W, "mapperArgs": arguments}
    for _again in range(2):
        Butler(inputs=inputs, outputs=there)
    assert str(one) not in (one / "repo/rerun/b/repositoryCfg.yaml").read_text()
    shutil.copytree(one, other, symlinks=True)
    if not stands:
        shutil.rmtree(one)
    registry = Butler(other / "repo/rerun/b").chain.inputs[0].calibrations.registry
    assert os.path.samefile(registry.path, other / name)
    (other / name).unlink()
    with pytest.warns(RegistryWarning, match=r"other\.sqlite3, which is not there: none of them"):
        Butler(other / "repo/rerun/b")


@pytest.mark.parametrize("typed", ["absolute", "relative"])
def test_an_output_is_opened_again_with_the_calibrations_it_was_set_up_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    processed(tmp_path)
    before = (tmp_path / "repo/rerun/a/repositoryCfg.yaml").read_text()
    monkeypatch.chdir(tmp_path)
    path = str(tmp_path / "CALIB") if typed == "absolute" else "../../../CALIB"
    Butler(outputs={"root": "repo/rerun/a", "mode": "rw", "mapperArgs": {"calibRoot": path}})
    assert (tmp_path / "repo/rerun/a/repositoryCfg.yaml").read_text() == before
    (tmp_path / "OTHER").mkdir()
    other = {"calibRoot": str(tmp_path / "OTHER")}
    with pytest.raises(RepositoryError, match=r"is set up with mapperArgs .*CALIB.*, not .*OTHER"):
        Butler(outputs={"root": "repo/rerun/a", "mode": "rw", "mapperArgs": other})


# -- a Butler that only reads
# ------------------------------------------------------------------------------------------


def test_a_butler_that_only_reads_puts_nothing() -> None:
    old("r")
    Butler("r", mapper=W).put("text", "note", a=1)
    butler = pickle.loads(pickle.dumps(Butler("r", mapper=W, mode="r")))
    assert butler.get("note", a=1) == "text"
    with pytest.raises(NoResults, match=r"(?s)No locations for put: note.*this Butler only reads"):
        butler.put("new", "note", a=2)
    assert not Butler("r", mapper=W).datasetExists("note", a=2)
    assert not butler.datasetExists("note", a=1, write=True)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (
            {"root": "r", "mode": "w"},
            RepositoryError,
            "mode='w': the mode of a Butler on a root is 'rw'",
        ),
        ({"inputs": "r", "mode": "r"}, UnknownArgument, r"\(inputs, outputs\): mode"),
    ],
)
def test_other_modes_are_refused(
    given: dict[str, str], error: type[Exception], message: str
) -> None:
    old("r")
    with pytest.raises(error, match=message):
        Butler(**given)


# -- writing outside of a repository
# ------------------------------------------------------------------------------------------


def redirected() -> None:
    """Create a repository whose file says that its data lie beside it."""
    Path("x").mkdir()
    Path("victim").mkdir()
    remember(W)
    Path("x/repositoryCfg.yaml").write_text(
        f"!RepositoryCfg_v1\n_mapper: {W.__module__}.{W.__qualname__}\n_mapperArgs: {{}}\n_parents: []\n"
        "_root: ../victim\ndirty: true\n"
    )


@pytest.mark.parametrize("given", ["x", {"root": "x"}, {"cfgRoot": "x", "mode": "rw"}])
def test_a_repository_cannot_lead_a_write_outside_of_itself(given: Any) -> None:
    redirected()
    message = "says that its data lie in .*victim, outside of it: to write there, say so yourself"
    with pytest.raises(RepositoryError, match=message):
        Butler(outputs=given)
    butler = Butler("x")  # to be read
    with pytest.raises(RepositoryError, match=message):
        butler.put("text", "note", a=1)
    assert list(Path("victim").iterdir()) == []
    assert not butler.datasetExists("note", a=1)


def test_who_says_where_data_lie_writes_there() -> None:
    redirected()
    Butler(outputs={"cfgRoot": "x", "root": "victim", "mode": "rw"}).put("text", "note", a=1)
    assert Path("victim/note-1.txt").read_text() == "text"
    Path("victim/note-2.txt").write_text("other")
    assert Butler("x").get("note", a=2) == "other"


@pytest.mark.parametrize("above", [False, True], ids=["a directory", "the root"])
def test_nothing_is_written_through_a_link_that_leaves_the_repository(above: bool) -> None:
    Path("w.yaml").write_text(POLICY.replace("note-", "d/note-"))
    Path("elsewhere").mkdir()
    if above:  # a repository may be a link itself
        Path("r").symlink_to("elsewhere")
        Path("elsewhere/_mapper").write_text(f"{W.__module__}.{W.__qualname__}\n")
        Butler("r", mapper=W).put("text", "note", a=1)
        assert Path("elsewhere/d/note-1.txt").exists()
        return
    old("r")
    Path("r/inside").mkdir()
    Path("r/d").symlink_to("inside")
    Butler("r", mapper=W).put("text", "note", a=1)
    assert Path("r/inside/note-1.txt").exists()
    Path("r/d").unlink()
    Path("r/d").symlink_to("../elsewhere")
    with pytest.raises(
        RepositoryError, match=r"r/d leads to .*elsewhere, outside of the repository"
    ):
        Butler("r", mapper=W).put("text", "note", a=1)
    assert list(Path("elsewhere").iterdir()) == []


# -- the camera that the caller names, in the whole chain
# --------------------------------------------------------------------------------------

CAMERA = """
import os
from persistence import CameraMapper

class Mod(CameraMapper):
    policyFile = os.path.join(os.path.dirname(__file__), "policy.yaml")

def joined(dataId, componentInfo, cls):
    return "-".join(part.obj for part in componentInfo.values())
"""
CAMERA_FILE = POLICY.replace(
    "datasets: {",
    "datasets: {both: {python: types.SimpleNamespace, assembler: owncamera.mapper.joined, "
    "composite: {one: {datasetType: note}}}, ",
)


@pytest.fixture
def package(place: Path) -> Path:
    """Return a package with a camera in the manner of Gen2, and beside it a camera's file that names code of it."""
    folder = place / "packages/owncamera"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from owncamera.mapper import Mod\n")
    (folder / "mapper.py").write_text(CAMERA)
    (folder / "policy.yaml").write_text(POLICY)
    Path("camera.yaml").write_text(CAMERA_FILE)
    return place / "packages"


@pytest.fixture
def elsewhere(
    package: Path, monkeypatch: pytest.MonkeyPatch, in_a_fork: Callable[[Callable[[], str]], str]
) -> Callable[..., list[str]]:
    """Return a function that runs lines of Python where no camera was given yet: what they print, or raise."""
    monkeypatch.setattr(installed, "_given", {})
    monkeypatch.syspath_prepend(package)

    def act(*lines: str) -> list[str]:
        def run() -> str:
            shown: list[str] = []
            names = {
                "Butler": Butler,
                "pickle": pickle,
                "show": lambda *what: shown.extend(map(str, what)),
            }
            try:
                exec("\n".join(lines), names)  # lines of these tests
            except Exception as error:
                shown.append(f"{type(error).__name__}: {error}, {'owncamera' in sys.modules}")
            return "\t".join(shown)

        return in_a_fork(run).split("\t")

    return act


GIVEN = {
    "a dotted name": ("owncamera.mapper.Mod", "['owncamera.mapper.Mod']"),
    "a shorter one": ("owncamera.Mod", "['owncamera.Mod']"),
    "a file": ("camera.yaml", "['camera.yaml']"),
    "a file, of whose code one is trusted": ("camera.yaml", "['owncamera.mapper.joined']"),
}


@pytest.mark.parametrize("mark", ["_mapper", "registry.sqlite3", None])
@pytest.mark.parametrize("case", GIVEN)
def test_a_camera_that_the_caller_gives_opens_the_reruns_of_a_repository_again(
    elsewhere: Callable[..., list[str]], case: str, mark: str | None
) -> None:
    mapper, trust = GIVEN[case]
    Path("root").mkdir()
    if mark is not None:
        name = f"../{mapper}" if mapper.endswith(".yaml") else mapper
        Path("root", mark).write_text(f"{name}\n" if mark == "_mapper" else "")
    written = elsewhere(
        f"butler = Butler(inputs={{'root': 'root', 'mapper': {mapper!r}}}, outputs='root/rerun/a')",
        "butler.put('x', 'note', a=1)",
        f"parent = {{'root': 'root/rerun/a', 'mapper': {None if mark else mapper!r}}}",
        "again = Butler(inputs=parent, outputs={'root': 'root/rerun/b', 'mode': 'rw'})",
        "again.put('y', 'note', a=2)",
        f"out = Butler(outputs={{'root': 'root/rerun/c', 'mapper': {mapper!r}}})",
        "show(pickle.dumps(again).hex())",
    )
    assert len(written) == 1, written
    reads = "show(*(butler.get('note', a=a) for a in (1, 2)), len(butler.chain.inputs))"
    for opened in (
        f"butler = Butler('root/rerun/b', mapper={mapper!r})",
        f"butler = Butler(inputs={{'root': 'root/rerun/b', 'mapper': {mapper!r}}})",
        f"butler = Butler(inputs='root/rerun/b', outputs={{'root': 'root/rerun/c', 'mapper': {mapper!r}}})",
        # as the Butler that opened it without a word, because the caller had given it before
        f"butler = pickle.loads(bytes.fromhex({written[0]!r}))",
        f"butler = Butler('root/rerun/b', trust={trust})" if mark == "_mapper" else "",
    ):
        if opened:
            assert elsewhere(opened, reads) == ["x", "y", "3"], opened
    (refused,) = elsewhere("Butler('root/rerun/b')", "show('opened')")
    assert "mapper=" in refused or f"trust=['{mapper}']" in refused
    assert refused.endswith(", False")


def test_what_is_trusted_in_one_butler_is_not_in_the_next(
    elsewhere: Callable[..., list[str]],
) -> None:
    Path("root").mkdir()
    Path("root/_mapper").write_text("owncamera.Mod\n")
    for trust in ("'owncamera.Mod'", "['owncamera.Mod']"):
        name, refused = elsewhere(
            f"Butler('root', trust={trust})",
            "show(Butler.getMapperClass('root', ['owncamera.Mod']).__name__)",
            "Butler('root')",
        )
        assert name == "Mod"
        assert "root: no installed camera has the name 'owncamera.Mod'" in refused
    for line in (
        "Butler('root')",
        "Butler.getMapperClass('root')",
        "Butler('root', trust=['a.B'])",
    ):
        (refused,) = elsewhere(line)
        assert refused.startswith("CameraNotFound: ")
        assert refused.endswith(", False")


def test_nothing_is_written_for_a_camera_that_cannot_be_imported(place: Path) -> None:
    for outputs in ({"root": "new", "mapper": "nowhere.Mod"}, {"root": "new", "mapper": "os.path"}):
        with pytest.raises(RepositoryError, match=r"cannot be imported|is not a mapper"):
            Butler(outputs=outputs)
    assert sorted(os.listdir()) == ["w.yaml"]


def test_a_parent_whose_camera_cannot_be_had_is_read_with_that_of_its_child() -> None:
    make("a")
    Butler(inputs={"root": "a", "mapper": W}, outputs=out("b")).put("x", "note", a=1)
    cfg = Path("a/repositoryCfg.yaml")
    cfg.write_text(cfg.read_text().replace(f"_mapper: {W.__module__}.W", "_mapper: gone.Mapper"))
    with pytest.raises(RepositoryError, match=r"no installed camera has the name 'gone\.Mapper'"):
        Butler("b")
    with pytest.warns(RegistryWarning, match=r"/a: no installed .*It is read with .*\.W, which"):
        butler = Butler("b", mapper=W)
    assert [type(one.mapper) for one in butler.chain.inputs] == [W, W]
    with pytest.raises(RepositoryError, match=r"must match.*'gone\.Mapper', not '.*\.W'"):
        Butler(outputs={"root": "a", "mapper": W})


def test_a_directory_that_holds_repositories_is_no_repository_and_names_them(tmp_path):
    for number in range(6):
        (tmp_path / f"repo{number}").mkdir()
        (tmp_path / f"repo{number}/_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    (tmp_path / "other").mkdir()
    with pytest.raises(RepositoryError, match=r"Repositories in it: repo0, .*, repo4, [.]{3}$"):
        Butler(str(tmp_path))
    with pytest.raises(RepositoryError, match=r"mapper=$"):
        Butler(str(tmp_path / "other"))
