"""One broken tree for each kind of finding: told, mended where that can be done, and brought back."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from persistence import Butler, RepositoryError
from persistence.cli import main
from persistence.errors import UsageError
from persistence.files import intents, temporaries
from persistence.keep import disks, trash
from persistence.keep.diagnosis import diagnose
from persistence.keep.finding import KINDS

DEAD = 2**22 + 1  # a process that Linux cannot have
NOTES = """
datasets:
  first: {template: 'a/%(visit)d.pickle', storage: PickleStorage, python: str}
  second: {template: 'b/%(visit)d.pickle', storage: PickleStorage, python: str}
  pair: {composite: {one: {datasetType: first}, two: {datasetType: second}}, python: types.SimpleNamespace}
"""


def state(root: Path) -> dict[str, Any]:
    """Return all that is in a tree: the content of files, the text of links, the modes."""
    known: dict[str, Any] = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(folder, name)
            relative = str(path.relative_to(root))
            if path.is_symlink():
                known[relative] = os.readlink(path)
            elif path.is_file():
                known[relative] = (path.stat().st_mode, path.read_bytes())
            elif ".persistence" not in path.parts:
                known[relative] = path.stat().st_mode
    return known


def rows_of(path: Path) -> dict[str, Any]:
    """Return all rows of a file of SQLite, with their numbers, if it is one."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
            return {
                name: sorted(connection.execute(f"SELECT * FROM [{name}]"), key=str)
                for name in names
                if not name.startswith(("sqlite_", "u_", "idx"))
            }
        except sqlite3.Error:
            return {}


def kinds(root: Path, **arguments: Any) -> list[str]:
    return [finding.kind for finding in diagnose(root, **arguments).findings]


@pytest.fixture
def tree(own: Path, make_calibs: Callable[..., Path]) -> Path:
    """Return a repository with a calibration root in it, and a rerun with a file."""
    rows = [
        ("bias", "NONE", 28, "2014-01-01", "2014-01-01", "2014-02-28"),
        ("bias", "NONE", 28, "2014-03-01", "2014-03-01", "2014-12-31"),
    ]
    make_calibs(own / "CALIB", rows)
    rerun = Butler(inputs=str(own), outputs=str(own / "rerun/a"), durable=False)
    rerun.put({"a": 1}, "processCcd_metadata", visit=410877, ccdnum=28)
    return own


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def rewrite(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def parent_gone(root: Path) -> Path:
    rewrite(root / "rerun/a/repositoryCfg.yaml", "../..", f"/gone/{root.name}")
    return root / "rerun/a/repositoryCfg.yaml"


def parent_loop(root: Path) -> Path:
    cfg = root / "rerun/a/repositoryCfg.yaml"
    cfg.write_text(
        "!RepositoryCfg_v1\n_mapper: lsst.obs.decam.DecamMapper\n_mapperArgs: {}\n"
        "_parents: [../a]\n_policy: null\n_root: null\ndirty: true\n"
    )
    return cfg


def calibrations_gone(root: Path) -> Path:
    cfg = root / "rerun/a/repositoryCfg.yaml"
    rewrite(cfg, "_mapperArgs: {}\n_parents", "_mapperArgs: {calibRoot: /old/repo/CALIB}\n_parents")
    return cfg


def absolute_path(root: Path) -> Path:
    cfg = root / "rerun/a/repositoryCfg.yaml"
    rewrite(cfg, "../..", str(root))
    return cfg


def cannot_open(root: Path) -> Path:
    (root / "rerun/b").mkdir()
    (root / "rerun/b/_mapper").write_text("lsst.obs.dcam.DcamMapper\n")
    return root / "rerun/b"


def link(path: Path, target: str | Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    return path


def raw_of(root: Path) -> Path:
    return next(root.glob("*/g/decam0410877.fits.fz"))


def direct_gone(root: Path) -> Path:
    (root / ".persistence").mkdir(exist_ok=True)
    sql(
        root / ".persistence/direct.sqlite3",
        "CREATE TABLE direct (path TEXT PRIMARY KEY, file TEXT) WITHOUT ROWID",
        "INSERT INTO direct VALUES ('0410877/x.fits', '/gone/x.fits')",
    )
    return root / "0410877/x.fits"


def unfinished(root: Path) -> Path:
    """Leave what a writer killed between two renames leaves."""
    new = root / f"rerun/a/.put-{temporaries.HOST}-{DEAD}-0123abcd-x.yaml"
    new.write_text("x: 1\n")
    path = root / "rerun/a" / intents.FOLDER / f"{temporaries.HOST}-{DEAD}-0123abcd.json"
    path.parent.mkdir(parents=True)
    moves = [["x.yaml", new.name, None]]
    path.write_text(json.dumps({"writer": "of a boot long ago", "back": False, "moves": moves}))
    return path


def leftover(root: Path) -> Path:
    path = root / f"rerun/a/.part-{temporaries.HOST}-{DEAD}-0123abcd-x.yaml"
    path.write_text("x")
    return path


def empty(root: Path) -> Path:
    path = next((root / "rerun/a").rglob("*.yaml"))
    path = path if "metadata" in path.name else next(root.rglob("metadata*.yaml"))
    path.write_bytes(b"")
    return path


def truncated(root: Path) -> Path:
    path = root / "rerun/a/x.fits"
    path.write_bytes(next((root / "CALIB").rglob("*.fits")).read_bytes()[:-2880])
    return path


def unreadable_registry(root: Path) -> Path:
    path = root / "CALIB/calibRegistry.sqlite3"
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * (path.stat().st_size - 100))
    return path


def row_without_file(root: Path) -> Path:
    raw_of(root).unlink()
    return root / "registry.sqlite3"


def file_without_row(root: Path) -> Path:
    sql(root / "registry.sqlite3", "DELETE FROM raw WHERE visit = 410877")
    return raw_of(root)


def calibration_without_file(root: Path) -> Path:
    next((root / "CALIB").rglob("*.fits")).unlink()
    return root / "CALIB/calibRegistry.sqlite3"


def windows(statement: str) -> Callable[[Path], Path]:
    def act(root: Path) -> Path:
        sql(root / "CALIB/calibRegistry.sqlite3", statement)
        return root / "CALIB/calibRegistry.sqlite3"

    return act


def half(root: Path) -> Path:
    (root / "rerun/a/policy").mkdir()
    cfg = root / "rerun/a/repositoryCfg.yaml"
    policy = "{data: {datasets: {" + ", ".join(
        line.strip() for line in NOTES.strip().splitlines()[1:]
    ) + "}}}"  # fmt: skip
    head, _, tail = cfg.read_text().rpartition("_policy: null")
    tag = "!!python/object:lsst.daf.persistence.policy.Policy "
    cfg.write_text(f"{head}_policy: {tag}{policy}{tail}")
    Butler(str(root / "rerun/a"), trust=["types.SimpleNamespace"], durable=False).put(
        "x", "first", visit=1
    )
    return root / "rerun/a"


def collision(root: Path) -> Path:
    Butler(str(root / "rerun/a")).defineDataset(
        "mine", template="%(visit)07d/src/src-%(visit)07d_%(ccdnum)02d.fits",
        storage="TextStorage", python="str",
    )  # fmt: skip
    return root / "rerun/a"


def stale_index(root: Path) -> Path:
    assert main.main(["index", str(root)]) == 0
    os.utime(raw_of(root).parent, ns=(1, 1))
    return root / ".persistence/index.sqlite3"


def closed(root: Path) -> Path:
    path = next(root.rglob("metadata*.yaml"))
    path.chmod(0o044)
    return path


# Kind -> what breaks a tree that way, and returns the path that is told.
BROKEN: dict[str, Callable[[Path], Path]] = {
    "configuration-unreadable": lambda root: _written(root / "rerun/a/repositoryCfg.yaml", "{["),
    "parent-gone": parent_gone,
    "parent-loop": parent_loop,
    "calibrations-gone": calibrations_gone,
    "absolute-path": absolute_path,
    "cannot-open": cannot_open,
    "link-loop": lambda root: link(root / "rerun/a/x.txt", "x.txt"),
    "dangling-link": lambda root: link(raw_of(root), "/gone/decam0410877.fits.fz"),
    "absolute-link": lambda root: link(root / "rerun/a/x.txt", root / "_mapper"),
    "direct-gone": direct_gone,
    "unfinished-write": unfinished,
    "leftover": leftover,
    "empty-file": empty,
    "truncated-file": truncated,
    "registry-unreadable": unreadable_registry,
    "row-without-file": row_without_file,
    "file-without-row": file_without_row,
    "calibration-without-file": calibration_without_file,
    "window-broken": windows("UPDATE bias SET validStart = NULL WHERE id = 1"),
    "window-overlap": windows("UPDATE bias SET validEnd = '2014-03-15' WHERE id = 1"),
    "window-hole": windows("UPDATE bias SET validEnd = '2014-02-20' WHERE id = 1"),
    "composite-half": half,
    "template-collision": collision,
    "stale-index": stale_index,
    "permission": closed,
}
# Those that a person has to decide about.
_OPEN = {
    "configuration-unreadable", "parent-loop", "cannot-open", "dangling-link", "direct-gone",
    "registry-unreadable", "file-without-row",
    "window-broken", "window-overlap", "window-hole", "composite-half", "template-collision",
}  # fmt: skip


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_each_kind_has_a_broken_tree() -> None:
    assert {*BROKEN, "registry-wal"} == set(KINDS)


def test_a_healthy_tree_has_no_finding(tree: Path) -> None:
    assert kinds(tree) == []


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_tree_is_told_changed_only_with_fix_and_brought_back(
    tree: Path, kind: str
) -> None:
    path = BROKEN[kind](tree)
    rows = rows_of(path) if path.suffix == ".sqlite3" else {}
    before = state(tree)
    told = diagnose(tree)
    assert state(tree) == before
    assert {finding.kind for finding in told.findings} == {kind}
    assert any(finding.path.startswith(str(path)) for finding in told.findings)
    done = diagnose(tree, fix=True)
    assert done.failed == []
    if kind in _OPEN:
        assert done.fixed == []
        assert done.findings == told.findings
        assert all(finding.advice or finding.kind == "cannot-open" or "unread" in finding.kind
                   for finding in told.findings)  # fmt: skip
        assert state(tree) == before
        return
    assert {finding.kind for finding in done.fixed} == {kind}
    assert done.findings == []
    if kind in ("permission", "unfinished-write"):  # nothing was replaced
        assert done.trash == ""
        return
    undone = trash.undo(str(tree), done.trash)
    assert (bool(undone.restored or undone.rows), undone.blocked) == (True, [])
    after = state(tree)
    if undone.rows:
        before.pop(str(path.relative_to(tree)))
        assert rows_of(path) == rows
    assert {name: after.get(name) for name in before} == before


def test_wal_on_a_disk_of_several_hosts_is_told_and_mended(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tree / "registry.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    assert kinds(tree) == []
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"a / ext4 rw 0 0\nb:/x {str(tree).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n"
    )
    monkeypatch.setattr(disks, "MOUNTS", str(mounts))
    assert kinds(tree) == ["registry-wal"]
    assert diagnose(tree, fix=True).findings == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT count(*) FROM raw").fetchone()[0] > 0


@pytest.mark.parametrize("name", ["new", "own"])
def test_a_tree_that_was_moved_and_renamed_is_restored(
    tree: Path, raws: list[str], tmp_path: Path, name: str
) -> None:
    shutil.copytree(Path(raws[0]).parent, tree / "archive")
    for path in tree.glob("*/*/decam*.fits.fz"):
        number = path.name[5:12]
        (archived,) = (tree / "archive").glob(f"*{number}*")
        link(path, archived)
    absolute_path(tree)
    new = tmp_path / "elsewhere" / name
    new.parent.mkdir()
    tree.rename(new)
    assert {"dangling-link", "parent-gone"} <= set(kinds(new))
    assert diagnose(new, fix=True).findings == []
    butler = Butler(str(new / "rerun/a"))
    assert butler.get("raw", visit=410877, ccdnum=28).image.size
    assert butler.get("processCcd_metadata", visit=410877, ccdnum=28)["a"] == 1
    assert not [
        path
        for path in new.rglob("*")
        if path.is_symlink() and path.readlink().is_absolute() and ".persistence" not in path.parts
    ]


def test_relink_is_the_users_word(tree: Path, raws: list[str], tmp_path: Path) -> None:
    elsewhere = tmp_path / "disk2"
    shutil.copytree(Path(raws[0]).parent, elsewhere)
    path = link(raw_of(tree), f"/disk1/{Path(raws[0]).name}")
    assert diagnose(tree).findings[0].fix is None
    assert diagnose(tree, fix=True, relink={"/disk1": str(elsewhere)}).findings == []
    assert path.resolve() == elsewhere / Path(raws[0]).name
    assert not os.readlink(path).startswith("/")


def test_a_link_is_moved_only_if_the_disk_of_its_target_is_there(
    tree: Path, tmp_path: Path
) -> None:
    path = link(tree / "rerun/a/x.txt", tmp_path / "gone.txt")
    assert str(diagnose(tree).findings[0].fix) == "move it into .persistence/trash"
    link(path, tmp_path / "disk/gone.txt")
    assert diagnose(tree).findings[0].fix is None


def test_only_some_kinds_are_told_and_mended(tree: Path) -> None:
    path = leftover(tree)
    empty(tree)
    assert kinds(tree, only=["leftover"]) == ["leftover"]
    assert [each.kind for each in diagnose(tree, fix=True, only=["leftover"]).fixed] == ["leftover"]
    assert not path.exists()
    assert kinds(tree) == ["empty-file"]
    with pytest.raises(UsageError, match=r"'empty-fle'.*did you mean 'empty-file'"):
        diagnose(tree, only=["empty-fle"])


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="there is no directory"):
        diagnose(tmp_path / "none")


def test_the_shared_repository_of_a_group_is_writable_for_it(tree: Path) -> None:
    assert main.main(["share", str(tree)]) == 0
    assert kinds(tree) == []
    path = raw_of(tree).parent
    path.chmod(0o755)
    (finding,) = diagnose(tree).findings
    assert (finding.kind, finding.path) == ("permission", str(path))
    assert diagnose(tree, fix=True).findings == []
    assert path.stat().st_mode & 0o2070 == 0o2070


def test_truncation_is_what_astropy_calls_so(tree: Path) -> None:
    """The second author: astropy warns of exactly the files that are told."""
    every = sorted((tree / "CALIB").rglob("*.fits"))
    every[0].write_bytes(every[0].read_bytes()[:3000])
    told = {finding.path for finding in diagnose(tree).findings}
    for path in every:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with fits.open(path, memmap=False) as hdus:
                assert len(hdus)
        assert (str(path) in told) == any("truncated" in str(each.message) for each in warned)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("obs_test/input", {}), ("obs_test/policyInRepo", {}), ("obs_test/policyInRepo1/b", {}),
        ("obs_test/policyInRepo2/c", {}), ("obs_test/calexpMetadataObjectsTest", {}),
        ("min_camera", {"mapper": "test"}),
    ],
)  # fmt: skip
def test_gen2s_repositories_are_healthy(
    real: Path, tmp_path: Path, name: str, arguments: dict[str, Any]
) -> None:
    top = name.split("/")[0]
    shutil.copytree(real / "gen2_repos" / top, tmp_path / top, symlinks=True)
    assert kinds(tmp_path / name, **arguments) == []


@pytest.mark.real
@pytest.mark.parametrize("name", ["latiss", "imsim"])
def test_gen2s_calibrations_lost_their_parent_on_the_way_here(
    real: Path, tmp_path: Path, name: str
) -> None:
    """They name a directory of another host; their repository is the directory above."""
    root = tmp_path / name
    shutil.copytree(real / "gen2_repos" / name, root, symlinks=True)
    for path in (root, *root.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    assert kinds(root) == ["parent-gone"]
    assert diagnose(root, fix=True).findings == []
    assert Butler(str(root / "CALIB")).chain.inputs[1].root == str(root)
