"""What a repository brings with it runs nothing, whatever it names (promise 2 of the design)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from persistence import Butler, PersistenceError, RepositoryArgs, UnsafeContent
from persistence.composites.assemble import do_import
from persistence.files import yaml_nodes
from persistence.policy.refuse_code import HARMLESS

# `os.system(command=...)` is what a composite of one text would call; each name leads to it.
CALLS = [
    "os.system",
    "posix.system",
    "persistence.files.atomic.os.system",
    "persistence.composites.ready_made.np.f2py.os.system",
]
TYPES = """
datasets:
  cmd: {{template: cmd.txt, storage: TextStorage, python: str}}
  run: {{python: {name}, composite: {{command: {{datasetType: cmd}}}}}}
"""
CAMERA = "datasets: {run: {template: run.txt, storage: TextStorage}}\n"
CFG = """!RepositoryCfg_v1
_mapper: lsst.obs.decam.DecamMapper
_mapperArgs: {args}
_parents: []
_policy: {policy}
_root: null
dirty: false
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory in which a command would leave a file ``hacked``."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "repo"
    made.mkdir()
    (made / "cmd.txt").write_text("touch hacked")
    (made / "evil.yaml").write_text(TYPES.format(name="os.system"))
    return made


def refused(repo: Path) -> None:
    with pytest.raises(PersistenceError, match=r"names code.*system"):
        Butler(repo).get("run")
    assert not Path("hacked").exists()


@pytest.mark.parametrize("name", CALLS)
def test_a_cameras_file_in_a_repository_may_not_name_code_by_any_detour(
    repo: Path, name: str
) -> None:
    (repo / "camera.yaml").write_text(TYPES.format(name=name))
    (repo / "_mapper").write_text("camera.yaml\n")
    refused(repo)


def overlay(name: str) -> str:
    return yaml_nodes.flow(yaml.safe_load(TYPES.format(name=name)))


@pytest.mark.parametrize("name", CALLS)
def test_a_repositorys_own_policy_may_not_name_code(repo: Path, name: str) -> None:
    (repo / "repositoryCfg.yaml").write_text(CFG.format(args="{}", policy=overlay(name)))
    refused(repo)


@pytest.mark.parametrize(
    "args", ["{{policy: {path}}}", "{{policy: {said}}}", "{{overlay: {said}}}"]
)
def test_a_repositorys_arguments_for_the_mapper_may_not_name_code(repo: Path, args: str) -> None:
    told = args.format(path=repo / "evil.yaml", said=overlay("os.system"))
    # which takes any policy
    cfg = CFG.replace("lsst.obs.decam.DecamMapper", "lsst.obs.test.TestMapper")
    (repo / "repositoryCfg.yaml").write_text(cfg.format(args=told, policy="null"))
    refused(repo)


HIDDEN = {
    "behind no overlay": ("{overlay: null}", overlay("os.system")),
    "under a number": ("{}", overlay("os.system").replace("run:", "5:")),
    "under a truth": ("{}", overlay("os.system").replace("run:", "true:")),
    "in a policy of Gen2's": (
        "{}",
        f"!!python/object:lsst.daf.persistence.policy.Policy {{data: {overlay('os.system')}}}",
    ),
}


@pytest.mark.parametrize("where", HIDDEN)
def test_code_is_found_wherever_a_configuration_hides_it(repo: Path, where: str) -> None:
    args, policy = HIDDEN[where]
    (repo / "repositoryCfg.yaml").write_text(CFG.format(args=args, policy=policy))
    refused(repo)


def test_parts_for_a_class_that_only_the_camera_names_are_code_too(repo: Path) -> None:
    parts = "{datasets: {test_plot: {composite: {a: {datasetType: test_config, setter: savefig}}}}}"
    cfg = CFG.replace("lsst.obs.decam.DecamMapper", "lsst.obs.test.TestMapper")
    (repo / "repositoryCfg.yaml").write_text(cfg.format(args="{}", policy=parts))
    with pytest.raises(UnsafeContent, match=r"names code.*matplotlib\.figure\.Figure"):
        Butler(repo)


def test_a_parent_may_not_name_code_either(repo: Path) -> None:
    (repo / "repositoryCfg.yaml").write_text(CFG.format(args="{}", policy=overlay("os.system")))
    with pytest.raises(UnsafeContent, match=r"names code.*os\.system.*trust="):
        Butler(inputs=repo, outputs={"root": "out", "mode": "rw"})


def test_who_trusts_what_a_repository_names_says_so(repo: Path) -> None:
    (repo / "repositoryCfg.yaml").write_text(CFG.format(args="{}", policy=overlay("os.system")))
    assert Butler(repo, trust=["os.system"]).get("run") == 0
    assert Path("hacked").exists()


def test_who_gives_the_policy_trusts_it(repo: Path) -> None:
    (repo / "camera.yaml").write_text(CAMERA)
    policy = {
        "datasets": {"run": {"template": None, "python": "fractions.Fraction", "composite": {}}}
    }
    args = RepositoryArgs(str(repo), mapper=str(repo / "camera.yaml"), policy=policy)
    assert Butler(inputs=args).getKeys("run") == {}


def test_a_repositorys_own_policy_may_name_what_does_no_harm(repo: Path) -> None:
    (repo / "repositoryCfg.yaml").write_text(
        CFG.format(args="{}", policy=overlay("types.SimpleNamespace"))
    )
    assert Butler(repo).get("run").command == "touch hacked"


PAIR = """
datasets:
  cmd: {template: cmd.txt, storage: TextStorage, python: str}
  pair: {python: types.SimpleNamespace, composite: {command: {datasetType: cmd}}}
  run(pair): {}
"""
EVIL = "foo: {python: os.system, composite: {command: {datasetType: cmd}}}"
# What a repository defines, each so that `run` would call a command.
DEFINED = {
    "itself": EVIL.replace("foo", "new"),
    "by a type that it builds on": f"{{new(foo): {{}}, {EVIL}}}",
    "by a type that this one builds on": f"{{new(bar): {{}}, bar(foo): {{}}, {EVIL}}}",
    "with a blank in the name": "new (pair): {python: os.system}",
    "of the camera's that it builds on": "new(pair): {assembler: os.system}",
}


@pytest.fixture
def own(repo: Path) -> Path:
    """Return a repository of a camera with a harmless composite, where definitions may be laid."""
    (repo / "camera.yaml").write_text(PAIR)
    (repo / "_mapper").write_text("camera.yaml\n")
    (repo / "policy").mkdir()
    return repo


def define(repo: Path, said: str) -> None:
    text = said if said.startswith("{") else f"{{{said}}}"
    (repo / "policy" / "types.yaml").write_text(f"datasets: {text}\n")


def refuses(butler: Butler, name: str) -> None:
    with pytest.raises(UnsafeContent, match=r"names code.*os\.system.*trust="):
        butler.get(name)
    assert not Path("hacked").exists()


@pytest.mark.parametrize("how", DEFINED)
def test_code_that_a_definition_names_is_refused_when_it_would_run_and_not_before(
    own: Path, how: str
) -> None:
    define(own, DEFINED[how])
    butler = Butler(own)
    assert butler.get("pair").command == "touch hacked"
    assert butler.datasetExists("new")
    assert butler.get("new.command") == "touch hacked"
    refuses(butler, "new")


@pytest.mark.parametrize("how", DEFINED)
def test_a_repositorys_own_policy_may_not_name_code_by_building_on_a_type(
    own: Path, how: str
) -> None:
    text = DEFINED[how] if DEFINED[how].startswith("{") else f"{{{DEFINED[how]}}}"
    cfg = CFG.replace("lsst.obs.decam.DecamMapper", "camera.yaml").format(
        args="{}", policy=f"{{datasets: {text}}}"
    )
    (own / "repositoryCfg.yaml").write_text(cfg)
    (own / "_mapper").unlink()
    with pytest.raises(UnsafeContent, match=r"names code.*os\.system"):
        Butler(own)


def test_a_type_of_the_cameras_that_builds_on_a_redefined_one_is_refused_too(own: Path) -> None:
    define(own, "pair: {python: os.system}")
    refuses(Butler(own), "run")


def test_a_definition_that_an_output_takes_over_is_trusted_no_more_than_before(own: Path) -> None:
    define(own, EVIL)
    butler = Butler(inputs=own, outputs={"root": "out", "mode": "rw"})
    butler.defineDataset("mine", python="types.SimpleNamespace", composite={"part": "foo"})
    refuses(butler, "foo")
    refuses(butler, "mine")
    refuses(Butler("out"), "mine.part")


def test_building_on_a_foreign_definition_is_no_trust_in_it(own: Path) -> None:
    define(own, EVIL)
    for _ in "first", "again":
        butler = Butler(own)
        butler.defineDataset("mine(foo)")
        refuses(butler, "mine")
    assert Butler(own, trust=["os.system"]).get("mine") == 0


def test_who_defines_the_same_trusts_it(own: Path) -> None:
    define(own, EVIL)
    butler = Butler(own)
    butler.defineDataset("foo", python="os.system", composite={"command": "cmd"})
    assert butler.get("foo") == 0


@pytest.mark.parametrize("python", ["python: types.SimpleNamespace, ", ""])
def test_a_definition_may_not_have_any_method_called(own: Path, python: str) -> None:
    define(
        own,
        f"foo: {{{python}composite: {{command: {{datasetType: cmd, getter: clear, setter: update}}}}}}",
    )
    given = {"command": "precious"}
    with pytest.raises(UnsafeContent, match=r"names code.*clear"):
        Butler(own).put(given, "foo")
    assert given == {"command": "precious"}
    with pytest.raises(UnsafeContent, match=r"names code.*update"):
        Butler(own).get("foo")


def test_a_definition_may_name_getters(own: Path) -> None:
    define(own, "foo: {composite: {command: {datasetType: cmd, getter: getCommand}}}")
    with pytest.raises(PersistenceError, match=r"tried getCommand\(\)"):
        Butler(own).put({}, "foo")


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_what_does_no_harm_is_there(name: str) -> None:
    assert callable(do_import(name, "the test"))
