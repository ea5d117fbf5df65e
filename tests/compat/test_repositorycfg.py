"""How a repository is set up, as an object that scripts hold and change."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsst.daf.persistence import (
    ParentsMismatch,
    Policy,
    PosixStorage,
    RepositoryArgs,
    RepositoryCfg,
)
from obs_decam.mapper import DecamMapper

NAME = "lsst.obs.decam.DecamMapper"


def make(
    root: str | None = "/r/out",
    mapper: Any = NAME,
    args: Any = None,
    parents: Any = (),
    policy: Any = None,
) -> Any:
    return RepositoryCfg(root, mapper, args, parents, policy)


def test_it_holds_what_it_is_told_and_is_dirty() -> None:
    cfg = make(args=None, policy={"a": 1})
    assert (cfg.root, cfg.mapper, cfg.mapperArgs, cfg.parents, cfg.policy) == (
        "/r/out",
        NAME,
        {},
        [],
        {"a": 1},
    )
    assert cfg.dirty
    assert (
        repr(cfg)
        == f"RepositoryCfg(root='/r/out', mapper={NAME!r}, mapperArgs={{}}, parents=[], policy={{'a': 1}})"
    )


@pytest.mark.parametrize(
    "other", ["/r/out", None, 3, {}, make(root="/r/other"), make(parents="/r/a")], ids=str
)
def test_trap_t4_it_is_equal_to_nothing_else_and_never_raises(other: Any) -> None:
    assert make() != other
    assert other != make()
    assert make() == make()


def test_a_root_has_to_be_cleared_before_it_changes() -> None:
    cfg = make()
    cfg.root = "/r/out"
    with pytest.raises(RuntimeError, match="Explicity clear root"):
        cfg.root = "/r/new"
    cfg.root = None
    cfg.root = "/r/new"
    assert cfg.root == "/r/new"


def test_a_mapper_is_set_once_and_that_counts_as_a_change() -> None:
    cfg = make(mapper=None)
    cfg.dirty = False
    cfg.mapper = NAME
    assert cfg.dirty
    with pytest.raises(RuntimeError, match="Should not set mapper over previous not-None value"):
        cfg.mapper = NAME
    cfg.dirty = False
    cfg.mapperArgs = {"a": 1}
    assert (cfg.mapperArgs, cfg.dirty) == ({"a": 1}, True)


# -- parents
# -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parents", "listed"),
    [
        ("/r/a", ["/r/a"]),
        (["/r/a", "/x/b"], ["/r/a", "/x/b"]),
        (["/r/a", "/r/out/../a"], ["/r/a"]),
        (["swift://x"], ["swift://x"]),
        (None, []),
    ],
)
def test_parents_are_absolute_and_listed_once(parents: Any, listed: list[str]) -> None:
    assert make(parents=parents).parents == listed


def test_parents_move_with_the_tree() -> None:
    cfg = make(parents=["/r/a", make(root="/r/old")])
    cfg.root = None
    cfg.root = "/moved/out"
    assert cfg.parents == ["/moved/a", make(root="/moved/old")]


def test_parents_are_relative_to_the_real_directory(tmp_path: Path) -> None:
    (tmp_path / "deep" / "real").mkdir(parents=True)
    (tmp_path / "link").symlink_to("deep/real")
    cfg = make(root=str(tmp_path / "link"), parents=str(tmp_path / "a"))
    PosixStorage.putRepositoryCfg(cfg)
    assert "- ../../a\n" in (tmp_path / "deep" / "real" / "repositoryCfg.yaml").read_text()


def test_trap_t3_looking_at_parents_changes_none_of_them() -> None:
    nested = make(root="/r/old", parents=["/r/older"])
    cfg = make(parents=[nested])
    before = pickle.dumps(cfg)
    assert cfg.parents == cfg.parents == [nested]
    assert pickle.dumps(cfg) == before
    assert nested.root == "/r/old"
    assert cfg.parents[0].parents == ["/r/older"]
    cfg.extendParents([nested, "/r/b"])
    assert cfg.parents == [nested, "/r/b"]


def test_parents_are_added_at_the_end() -> None:
    cfg = make(parents=["/r/a"])
    cfg.dirty = False
    cfg.addParents("/r/a")
    assert not cfg.dirty
    cfg.addParents(["/r/b"])
    cfg.addParents(make(root="/r/old"))
    assert cfg.parents == ["/r/a", "/r/b", make(root="/r/old")]
    assert cfg.dirty


def test_a_list_of_parents_can_only_grow() -> None:
    cfg = make(parents=["/r/a", "/r/b"])
    cfg.dirty = False
    cfg.extendParents(["/r/a", "/r/b"])
    assert not cfg.dirty
    cfg.extendParents(["/r/a", "/r/b", "/r/c"])
    assert (cfg.parents, cfg.dirty) == (["/r/a", "/r/b", "/r/c"], True)
    for other in (["/r/a"], ["/r/b", "/r/a", "/r/c"], []):
        with pytest.raises(ParentsMismatch, match="The beginning of the passed-in parents list"):
            cfg.extendParents(other)


def test_one_configuration_extends_another_that_has_all_else_the_same() -> None:
    cfg = make(parents=["/r/a"])
    cfg.extend(make(parents=["/r/a", "/r/b"]))
    assert cfg.parents == ["/r/a", "/r/b"]
    with pytest.raises(RuntimeError, match="can not be extended with cfg:"):
        cfg.extend(make(args={"x": 1}, parents=["/r/a", "/r/b"]))
    with pytest.raises(ParentsMismatch):
        cfg.extend(make(parents=["/r/c"]))


# -- arguments
# ---------------------------------------------------------------------------------------


def test_it_is_made_of_what_a_caller_says() -> None:
    args = RepositoryArgs(
        cfgRoot="/r/cfg", root="/r/out", mapper=DecamMapper, mapperArgs={"a": 1}, policy={"b": 2}
    )
    assert RepositoryCfg.makeFromArgs(args) == make(
        mapper=DecamMapper, args={"a": 1}, policy={"b": 2}
    )


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ({"root": "/r/out"}, True),
        ({"root": "/r/out", "mapper": NAME}, True),
        ({"root": "/r/out", "mapper": DecamMapper}, True),
        ({"root": "/r/out", "mapper": "lsst.obs.decam.decamMapper.DecamMapper"}, True),
        ({"root": "/r/out", "mapper": "nosuch.Mapper"}, False),
        ({"root": "/r/other"}, False),
        ({"root": "/r/out", "mapperArgs": {"x": 1, "z": 3}}, True),
        ({"root": "/r/out", "mapperArgs": {"x": 2}}, False),
        ({"root": "/r/out", "policy": {"p": 1}}, True),
        ({"root": "/r/out", "policy": Policy({"p": 1})}, True),
        ({"root": "/r/out", "policy": {"p": 2}}, False),
    ],
)
def test_what_is_said_in_both_has_to_agree(said: dict[str, Any], fits: bool) -> None:
    cfg = make(args={"x": 1, "y": 2}, policy={"p": 1})
    assert cfg.matchesArgs(RepositoryArgs(**said)) is fits


def test_a_path_for_the_mapper_is_the_same_relative_and_absolute(tmp_path: Path) -> None:
    PosixStorage.putRepositoryCfg(make(str(tmp_path), args={"calibRoot": "c"}))
    there = PosixStorage.getRepositoryCfg(str(tmp_path))
    assert there is not None
    for given, fits in (("c", True), (f"{tmp_path}/c", True), ("d", False)):
        assert there.matchesArgs(RepositoryArgs(mapperArgs={"calibRoot": given})) is fits


# -- files
# -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        make,
        lambda root: make(root, mapper=None),
        lambda root: make(
            root,
            args={"calibRoot": f"{root}/c"},
            policy=Policy({"datasets": {"a": {"template": "b"}}}),
        ),
        lambda root: make(
            root, parents=[f"{root}/../a", make("/x/old", args={"a": 1}, parents="/x/older")]
        ),
    ],
    ids=["plain", "no mapper", "policy", "parents"],
)
def test_it_goes_to_a_file_and_back(change: Callable[[str], Any], tmp_path: Path) -> None:
    cfg = change(str(tmp_path))
    PosixStorage.putRepositoryCfg(cfg)
    assert not cfg.dirty
    back = PosixStorage.getRepositoryCfg(str(tmp_path))
    assert back == cfg
    assert back is not None
    assert not back.dirty
    PosixStorage.putRepositoryCfg(back)


def test_data_may_lie_elsewhere_than_the_configuration(tmp_path: Path) -> None:
    PosixStorage.putRepositoryCfg(make("/r/out"), str(tmp_path))
    assert "_root: /r/out\n" in (tmp_path / "repositoryCfg.yaml").read_text()
    back = PosixStorage.getRepositoryCfg(str(tmp_path))
    assert back is not None
    assert back.root == "/r/out"


def test_parents_that_do_not_fit_a_file_leave_it(tmp_path: Path) -> None:
    PosixStorage.putRepositoryCfg(make(str(tmp_path), parents=["/r/a"]))
    before = (tmp_path / "repositoryCfg.yaml").read_text()
    with pytest.raises(ParentsMismatch):
        PosixStorage.putRepositoryCfg(make(str(tmp_path), parents=["/r/b"]))
    assert (tmp_path / "repositoryCfg.yaml").read_text() == before
