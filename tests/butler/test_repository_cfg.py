"""What a repository's own files say of it."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest

from persistence.butler import repository_cfg
from persistence.butler.repository_cfg import RepositoryCfg
from persistence.errors import ParentsMismatch, PolicyError, RepositoryError


@pytest.mark.real
@pytest.mark.parametrize(
    ("place", "mapper", "parents", "old"),
    [
        ("latiss", "lsst.obs.lsst.latiss.LatissMapper", 0, True),
        ("latiss/CALIB", "lsst.obs.lsst.latiss.LatissMapper", 1, False),
        ("imsim/CALIB", "lsst.obs.lsst.imsim.ImsimMapper", 1, False),
        ("obs_test/input", "lsst.obs.test.testMapper.TestMapper", 0, True),
        (
            "obs_test/calexpMetadataObjectsTest",
            "lsst.obs.test.MapperForTestCalexpMetadataObjects",
            0,
            False,
        ),
        ("obs_test/policyInRepo2/a", "lsst.obs.test.testMapper.TestMapper", 1, True),
        ("min_camera", None, 0, True),
    ],
)
def test_what_the_original_wrote_is_read(
    real: Path, place: str, mapper: str, parents: int, old: bool
) -> None:
    found = repository_cfg.read(str(real / "gen2_repos" / place))
    assert found is not None
    assert (found.mapper, len(found.parents), found.old) == (mapper, parents, old)


@pytest.mark.real
def test_a_directory_that_is_no_repository_is_none(real: Path, tmp_path: Path) -> None:
    assert repository_cfg.read(str(real / "gen2_repos" / "no_registry")) is None
    assert repository_cfg.read(str(tmp_path / "nowhere")) is None


CASES: list[dict[str, Any]] = [
    {},
    {"mapper": "x.Y", "mapperArgs": {"calibRoot": "/CALIB", "n": 1}},
    {"mapper": "x.Y", "policy": {"datasets": {"plain": {"template": "other-%(name)s.pickle"}}}},
]


@pytest.mark.parametrize("said", CASES)
def test_what_is_written_is_read_back(tmp_path: Path, said: dict[str, Any]) -> None:
    root = str(tmp_path / "out")
    nested = RepositoryCfg(root, str(tmp_path / "old"), "x.Y", {"foo": 1}, (), None, old=True)
    cfg = RepositoryCfg(root, root, parents=(str(tmp_path / "parent"), nested), **said)
    assert repository_cfg.write(cfg) == cfg
    assert repository_cfg.read(root) == cfg
    assert repository_cfg.write(cfg) == cfg


def test_the_text_is_the_originals() -> None:
    """As doc/gen2/gen2-core.md, 2.2 shows it, but that a nested root is relative, so that the tree can be moved."""
    nested = RepositoryCfg(
        "/out", "/data/oldRepo", "lsst.obs.decam.DecamMapper", {}, (), None, old=True
    )
    cfg = RepositoryCfg(
        "/out", "/out", "lsst.obs.decam.DecamMapper", {"calibRoot": "/c"}, ("/parentRepo", nested)
    )
    assert repository_cfg.text(cfg) == (
        "!RepositoryCfg_v1\n"
        "_mapper: lsst.obs.decam.DecamMapper\n"
        "_mapperArgs: {calibRoot: ../c}\n"
        "_parents:\n"
        "- ../parentRepo\n"
        "- !RepositoryCfg_v1\n"
        "  _mapper: lsst.obs.decam.DecamMapper\n"
        "  _mapperArgs: {}\n"
        "  _parents: []\n"
        "  _policy: null\n"
        "  _root: ../data/oldRepo\n"
        "  dirty: true\n"
        "_policy: null\n"
        "_root: null\n"
        "dirty: true\n"
    )


@pytest.mark.parametrize(
    ("text", "mapper"),
    [
        ("lsst.obs.x.XMapper", "lsst.obs.x.XMapper"),
        ("!!python/name:lsst.obs.x.XMapper ''", "lsst.obs.x.XMapper"),
        (
            "!!python/object/new:lsst.obs.x.XMapper\n  state: !!python/tuple [[], {root: x}]",
            "lsst.obs.x.XMapper",
        ),
        ("null", None),
    ],
)
def test_a_mapper_is_a_name_in_whichever_way_it_is_written(
    tmp_path: Path, text: str, mapper: str | None
) -> None:
    (tmp_path / "repositoryCfg.yaml").write_text(
        f"!RepositoryCfg_v1\n_isLegacyRepository: false\n_mapper: {text}\n"
        "_mapperArgs: null\n_parents: null\n_root: null\n"
    )
    found = repository_cfg.read(str(tmp_path))
    assert found is not None
    assert found == RepositoryCfg(str(tmp_path), str(tmp_path), mapper)


def test_a_relative_root_is_beside_the_configuration_wherever_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cfg").mkdir()
    (tmp_path / "cfg" / repository_cfg.FILE).write_text(
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: [../parent]\n_root: ../data\n"
    )
    monkeypatch.chdir("/")
    found = repository_cfg.read(str(tmp_path / "cfg"))
    assert found is not None
    assert (found.root, found.parents) == (str(tmp_path / "data"), (str(tmp_path / "parent"),))


# -- the older kind: _mapper and _parent
# -------------------------------------------------------------------


def old(folder: Path, mapper: str | None = None, parent: str | None = None) -> Path:
    """Return a repository of the older kind; its parent is told by a file."""
    folder.mkdir(parents=True, exist_ok=True)
    if mapper is not None:
        (folder / "_mapper").write_text(mapper)
    if parent is not None:
        (folder / "_parent").write_text(parent)
    return folder


@pytest.mark.parametrize("content", ["a.B\n", "a.B", "  a.B  \r\n", "a.B\nsomething else\n"])
def test_the_first_line_of_the_file_names_the_mapper(tmp_path: Path, content: str) -> None:
    assert repository_cfg.mapper_name(str(old(tmp_path, content))) == "a.B"


def test_a_repository_without_a_mapper_has_its_parents(tmp_path: Path) -> None:
    old(tmp_path / "parent", "a.B\n")
    old(tmp_path / "child", None, "../parent\n")
    old(tmp_path / "grandchild", None, "../child\n")
    assert repository_cfg.mapper_name(str(tmp_path / "grandchild")) == "a.B"


def test_its_own_mapper_wins_over_its_parents(tmp_path: Path) -> None:
    old(tmp_path / "parent", "a.B\n")
    assert repository_cfg.mapper_name(str(old(tmp_path / "child", "c.D\n", "../parent\n"))) == "c.D"


@pytest.mark.parametrize(
    "content", ["", "\n", "DecamMapper\n", "   \nlsst.obs.decam.DecamMapper\n"]
)
def test_a_name_without_a_dot_is_refused_with_the_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(RepositoryError, match="Unqualified mapper name") as caught:
        repository_cfg.mapper_name(str(old(tmp_path, content)))
    assert str(tmp_path / "_mapper") in str(caught.value)


@pytest.mark.parametrize("what", ["bytes", "directory"])
def test_a_mapper_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path, what: str) -> None:
    if what == "bytes":
        (tmp_path / "_mapper").write_bytes(b"\xff\xfe")
    else:
        (tmp_path / "_mapper").mkdir()
    with pytest.raises(RepositoryError, match="_mapper cannot be read"):
        repository_cfg.mapper_name(str(tmp_path))


@pytest.mark.parametrize("how", ["file", "link", "directory"])
def test_a_parent_is_told_by_a_link_or_a_file_with_the_links_text(tmp_path: Path, how: str) -> None:
    parent, child = old(tmp_path / "parent", "a.B\n"), old(tmp_path / "child")
    if how == "file":
        (child / "_parent").write_text("../parent\n")
    elif how == "link":
        (child / "_parent").symlink_to("../parent")
    else:
        parent = old(child / "_parent", "a.B\n")
    assert repository_cfg.old_parent(str(child)) == str(parent)
    found = repository_cfg.read(str(child))
    assert found is not None
    assert (found.mapper, found.parents, found.old) == ("a.B", (str(parent),), True)


@pytest.mark.parametrize("how", ["file", "link"])
def test_a_parent_that_is_gone_is_refused_by_name(tmp_path: Path, how: str) -> None:
    if how == "file":
        (tmp_path / "_parent").write_text("../gone\n")
    else:
        (tmp_path / "_parent").symlink_to("../gone")
    with pytest.raises(RepositoryError, match=r"is gone: .*_parent leads to .*gone"):
        repository_cfg.old_parent(str(tmp_path))


def test_a_directory_without_a_parent_has_none(tmp_path: Path) -> None:
    assert repository_cfg.old_parent(str(tmp_path)) is None


def test_parents_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    old(tmp_path / "a", None, "../b\n")
    old(tmp_path / "b", None, "../a\n")
    with pytest.raises(RepositoryError, match="cycle"):
        repository_cfg.mapper_name(str(tmp_path / "a"))


def test_reading_changes_nothing(tmp_path: Path) -> None:
    old(tmp_path / "parent", "a.B\n")
    old(tmp_path / "child", None, "../parent\n")
    before = {path: path.lstat().st_mtime_ns for path in [tmp_path, *tmp_path.rglob("*")]}
    repository_cfg.read(str(tmp_path / "child"))
    assert {path: path.lstat().st_mtime_ns for path in [tmp_path, *tmp_path.rglob("*")]} == before


def test_a_mapper_file_may_begin_with_a_byte_order_mark_and_end_as_on_windows(
    tmp_path: Path,
) -> None:
    (tmp_path / "_mapper").write_bytes(b"\xef\xbb\xbf lsst.obs.x.XMapper \r\nmore\r\n")
    assert repository_cfg.mapper_name(str(tmp_path)) == "lsst.obs.x.XMapper"


# -- what is refused
# ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "",
        "!RepositoryCfg_v1\n",
        "!RepositoryCfg_v1\n_mapper: [1]\n_mapperArgs: {}\n_parents: []\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: 5\n_parents: []\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: 5\n_root: null\n",
        "!RepositoryCfg_v9\n_mapper: a.B\n_mapperArgs: {}\n_parents: []\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: []\n_policy: 5\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: [5]\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: ['']\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: [null]\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: [{a: b}]\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: [s3://a/b]\n_root: null\n",
        '!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: ["\\0"]\n_root: null\n',
        '!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {}\n_parents: []\n_root: "\\0"\n',
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {a: &a [*a]}\n_parents: []\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {a: !!python/tuple x}\n_parents: []\n_root: null\n",
        "!RepositoryCfg_v1\n_mapper: a.B\n_mapperArgs: {a: !!python/str [x]}\n_parents: []\n_root: null\n",
        "just words\n",
        "a: [1\n",
        "- 1\n",
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused_by_name(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / repository_cfg.FILE).write_text(content)
    with pytest.raises((RepositoryError, PolicyError)) as caught:
        repository_cfg.read(str(tmp_path))
    assert str(tmp_path / repository_cfg.FILE) in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "_mapperArgs: {a: !!python/object/apply:os.system ['touch HACKED']}",
        "_policy: !!python/object/apply:os.system ['touch HACKED']",
        "_mapper: !!python/object/apply:os.system ['touch HACKED']",
        "_parents: [!!python/object/apply:os.system ['touch HACKED']]",
    ],
)
def test_nothing_that_a_configuration_names_is_run(tmp_path: Path, line: str) -> None:
    lines = {
        key: f"{key}: null" for key in ("_mapper", "_mapperArgs", "_parents", "_policy", "_root")
    }
    lines[line.split(":")[0]] = line.replace("HACKED", str(tmp_path / "hacked"))
    (tmp_path / repository_cfg.FILE).write_text(
        "!RepositoryCfg_v1\n" + "\n".join(lines.values()) + "\n"
    )
    with contextlib.suppress(RepositoryError, PolicyError):
        repository_cfg.read(str(tmp_path))
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("known", "given", "together"),
    [
        ((), ("/a", "/b"), ("/a", "/b")),
        (("/a",), ("/a", "/b"), ("/a", "/b")),
        (("/a", "/b"), ("/a", "/b"), ("/a", "/b")),
    ],
)
def test_new_parents_are_added_behind_the_known(
    tmp_path: Path, known: tuple[str, ...], given: tuple[str, ...], together: tuple[str, ...]
) -> None:
    root = str(tmp_path / "out")
    repository_cfg.write(RepositoryCfg(root, root, "a.B", parents=known))
    assert repository_cfg.write(RepositoryCfg(root, root, "a.B", parents=given)).parents == together
    found = repository_cfg.read(root)
    assert found is not None
    assert found.parents == together


@pytest.mark.parametrize(
    ("known", "given"), [(("/a",), ()), (("/a",), ("/b",)), (("/a", "/b"), ("/b", "/a"))]
)
def test_other_parents_are_refused_and_the_file_stays(
    tmp_path: Path, known: tuple[str, ...], given: tuple[str, ...]
) -> None:
    root = str(tmp_path / "out")
    repository_cfg.write(RepositoryCfg(root, root, "a.B", parents=known))
    before = (tmp_path / "out" / repository_cfg.FILE).read_bytes()
    with pytest.raises(ParentsMismatch, match="do not match parents of"):
        repository_cfg.write(RepositoryCfg(root, root, "a.B", parents=given))
    assert (tmp_path / "out" / repository_cfg.FILE).read_bytes() == before


def test_another_mapper_is_refused_with_both(tmp_path: Path) -> None:
    root = str(tmp_path / "out")
    repository_cfg.write(RepositoryCfg(root, root, "a.B"))
    with pytest.raises(RepositoryError, match=r"another mapper: a\.B, not c\.D"):
        repository_cfg.write(RepositoryCfg(root, root, "c.D"))


# -- what others write at once
# -------------------------------------------------------------------------------


class Clock:
    """Stands for the module `time`: it runs only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.tries = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock of our own, which counts the tries to write."""
    clock, write_text = Clock(), repository_cfg.atomic.write_text

    def counted(*args: Any, **more: Any) -> bool:
        clock.tries += 1
        return write_text(*args, **more)

    monkeypatch.setattr(repository_cfg, "time", clock)
    monkeypatch.setattr(repository_cfg.atomic, "write_text", counted)
    return clock


@pytest.mark.parametrize("wait", [0, 0.5, repository_cfg.WAIT])
def test_what_cannot_be_written_in_time_is_told_with_the_file_and_the_time(
    tmp_path: Path, clock: Clock, wait: float
) -> None:
    (tmp_path / repository_cfg.FILE).symlink_to("nothing")
    told = f"cannot write {tmp_path / repository_cfg.FILE}: tried for {wait:g} s"
    with pytest.raises(RepositoryError, match=re.escape(told)):
        repository_cfg.write(RepositoryCfg(str(tmp_path), str(tmp_path), "a.B"), wait)
    assert clock.now - 1000 == pytest.approx(wait, abs=0.02)
    assert (clock.tries > 1) is (wait > 0)
    assert [path.name for path in tmp_path.iterdir()] == [repository_cfg.FILE]


def test_a_configuration_is_tried_anew_until_the_others_are_done(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / repository_cfg.FILE
    path.symlink_to("nothing")

    def sleep(seconds: float) -> None:
        if clock.tries == 3:
            path.unlink()

    monkeypatch.setattr(clock, "sleep", sleep)
    cfg = RepositoryCfg(str(tmp_path), str(tmp_path), "a.B")
    assert repository_cfg.write(cfg) == repository_cfg.read(str(tmp_path)) == cfg
    assert clock.tries == 4


def test_parents_that_another_process_wrote_meanwhile_stay_in_front(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, write_text = str(tmp_path), repository_cfg.atomic.write_text

    def late(target: str, text: str, replace: bool) -> bool:
        if not clock.tries:
            others = repository_cfg.text(RepositoryCfg(root, root, "a.B", parents=("/a",)))
            Path(target).write_text(others)
        return write_text(target, text, replace)

    monkeypatch.setattr(repository_cfg.atomic, "write_text", late)
    cfg = RepositoryCfg(root, root, "a.B", parents=("/a", "/b"))
    assert repository_cfg.write(cfg) == repository_cfg.read(root) == cfg
    assert clock.tries == 2
