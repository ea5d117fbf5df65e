"""Where an index lies, and what happens if it cannot lie there, is damaged, or lies."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, NoResults
from persistence.butler.index import home, listing, store
from persistence.butler.index.tree import Tree
from persistence.dataids.template import PathTemplate
from persistence.errors import RepositoryError

CALEXP = PathTemplate("%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits")
ENDINGS = ("", ".gz", ".fz")
THERE = [(1, 1), (1, 2), (2, 1)]
Rows = Callable[..., list[tuple[Any, ...]]]
Make = Callable[..., None]


@pytest.fixture
def root(tmp_path: Path, make: Make) -> Path:
    """Return a tree with three files, whose owner anybody may be."""
    root = tmp_path / "tree"
    make(root, *(CALEXP.format({"visit": v, "ccdnum": c}) for v, c in THERE))
    return root


def new_tree(root: Path) -> Tree:
    """Return an index as another process would have it."""
    return Tree(str(root), {CALEXP.text: ENDINGS})


def filled(root: Path, **words: Any) -> Tree:
    """Return an index of the whole tree."""
    tree = new_tree(root)
    tree.build(**words)
    return tree


def files(cache: Path) -> list[Path]:
    """Return the indexes in a cache."""
    return sorted((cache / "persistence/index").glob("*.sqlite3"))


def snapshot(root: Path) -> dict[str, Any]:
    """Return what is in a tree: paths, with all that `os.stat` says but for times of access."""
    paths = [root, *root.rglob("*")]
    stats = {str(path): path.lstat() for path in paths}
    return {
        path: (one.st_ino, one.st_mode, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
        for path, one in stats.items()
    }


def test_it_lies_in_the_users_cache_and_the_tree_stays_as_it_is(
    root: Path, cache: Path, rows: Rows
) -> None:
    before = snapshot(root)
    assert rows(filled(root), CALEXP) == THERE
    assert snapshot(root) == before
    (file,) = files(cache)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert new_tree(root).file == str(file)
    assert list(new_tree(root).rows(CALEXP, ["visit", "ccdnum"])) == THERE


def test_a_tree_that_may_only_be_read_is_asked_like_others(
    open_folder: Path, as_user: Callable[..., str], make: Make
) -> None:
    make(open_folder, CALEXP.format({"visit": 1, "ccdnum": 2}))

    def act() -> str:
        os.environ["XDG_CACHE_HOME"] = str(open_folder / "cache")
        tree = filled(open_folder)
        return str(list(tree.rows(CALEXP, ["visit", "ccdnum"])) + [tree.file])

    assert as_user(4321, act) == "[(1, 2), '']"  # no room for a cache either


@pytest.mark.parametrize("how", ["another tree at its path", "the tree at another path"])
def test_another_tree_has_another_index(
    root: Path, cache: Path, rows: Rows, make: Make, how: str
) -> None:
    tree = filled(root)
    before = tree.file
    other = root.rename(root.parent / "moved")
    if how == "another tree at its path":
        make(root, CALEXP.format({"visit": 7, "ccdnum": 7}))
        assert rows(tree, CALEXP) == [(7, 7)]
        assert tree.file != before
    else:
        assert rows(filled(other), CALEXP) == THERE
        assert rows(tree, CALEXP) == []
        assert not root.exists()
    assert len(files(cache)) == 2


def test_a_tree_that_is_not_there_has_no_files_until_it_is(
    tmp_path: Path, cache: Path, rows: Rows, make: Make
) -> None:
    tree = new_tree(tmp_path / "new")
    tree.build()
    assert (rows(tree, CALEXP), tree.count(CALEXP), tree.summary(), tree.file) == ([], 0, {}, "")
    assert (list(tree.foreign()), tree.dangling(), files(cache)) == ([], [], [])
    with pytest.raises(RepositoryError, match="there is no directory"):
        tree.write()
    make(tmp_path / "new", CALEXP.format({"visit": 7, "ccdnum": 7}))
    assert rows(tree, CALEXP) == [(7, 7)]


def test_indexes_that_were_not_changed_for_half_a_year_are_removed(
    root: Path, cache: Path, tmp_path: Path, make: Make
) -> None:
    filled(root)
    (old,) = files(cache)
    os.utime(old, (1e9, 1e9))
    for name in ("other", "third"):
        make(tmp_path / name, "x")
        filled(tmp_path / name)
    assert len(files(cache)) == 2
    assert old not in files(cache)


# -- a file that cannot be used
# ----------------------------------------------------------------


def _execute(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "of another version": lambda file: _execute(file, "PRAGMA user_version = 99"),
    "of an older version": lambda file: _execute(file, "DROP TABLE tally"),
    "with another table": lambda file: _execute(file, "CREATE TABLE x (y)"),
    "with a trigger": lambda file: _execute(
        file, "CREATE TRIGGER t AFTER INSERT ON dirs BEGIN DELETE FROM dirs; END"
    ),
    "with a template that is none": lambda file: _execute(
        file, "UPDATE templates SET text = '%(visit)q'", "CREATE TABLE x (y)"
    ),
    "truncated": lambda file: os.truncate(file, file.stat().st_size // 2),
    "cut to a page": lambda file: os.truncate(file, 4096),
    "empty": lambda file: os.truncate(file, 0),
    "no SQLite": lambda file: file.write_text("no SQLite at all, but a text\n" * 1000),
    "overwritten behind its first page": lambda file: file.write_bytes(
        file.read_bytes()[:4096] + b"\x55" * (file.stat().st_size - 4096)
    ),
    "removed": lambda file: file.unlink(),
}


def settle(file: Path) -> None:
    """Make SQLite write its log into the file."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_an_index_that_is_no_good_is_made_anew(
    root: Path, cache: Path, rows: Rows, damage: Callable[[Path], object]
) -> None:
    filled(root)
    (file,) = files(cache)
    settle(file)
    damage(file)
    tree = new_tree(root)
    assert rows(tree, CALEXP) == THERE
    assert files(cache) == [file] == [Path(tree.file)]
    assert rows(new_tree(root), CALEXP) == THERE


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_an_index_that_is_damaged_while_it_is_open_is_made_anew(
    root: Path, cache: Path, rows: Rows, damage: Callable[[Path], object]
) -> None:
    tree = filled(root)
    (file,) = files(cache)
    settle(file)
    damage(file)
    for _ in range(2):
        assert rows(tree, CALEXP) == THERE
    assert Path(tree.file).is_file()
    assert rows(new_tree(root), CALEXP) == THERE


def test_a_damage_that_is_met_between_two_pages_costs_no_row(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.butler.index.tree._PAGE", 1)
    tree = filled(root)
    shown = tree.rows(CALEXP, ["visit", "ccdnum"])
    first = next(shown)
    file = Path(tree.file)
    settle(file)
    file.write_bytes(b"\0" * file.stat().st_size)
    assert [first, *shown] == THERE


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_a_journal_without_its_file_is_not_taken_for_the_new_ones(
    root: Path, cache: Path, rows: Rows, ending: str
) -> None:
    tree = filled(root)
    (file,) = files(cache)
    Path(f"{file}{ending}").write_bytes(b"\x37\x7f\x06\x82" * 3000)
    file.unlink()
    assert rows(new_tree(root), CALEXP) == THERE
    assert rows(tree, CALEXP) == THERE


def test_an_index_that_another_process_holds_is_not_waited_for_for_ever(
    root: Path, rows: Rows, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_PATIENCE", 0.01)
    file = filled(root).file
    make(root, CALEXP.format({"visit": 7, "ccdnum": 7}))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    tree = new_tree(root)
    assert rows(tree, CALEXP) == [*THERE, (7, 7)]
    assert tree.file == ""
    other.execute("ROLLBACK")
    other.close()
    assert rows(new_tree(root), CALEXP) == [*THERE, (7, 7)]


def _no_home(folder: Path) -> None:
    os.environ["XDG_CACHE_HOME"] = "/proc/nowhere"


def _file_as_home(folder: Path) -> None:
    (folder / "file").touch()
    os.environ["XDG_CACHE_HOME"] = str(folder / "file")


def _full(folder: Path) -> None:
    """Limit files to a page, as on a full disk."""
    import resource
    import signal

    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("prevent", [_no_home, _file_as_home, _full])
def test_where_an_index_cannot_lie_it_is_in_memory(
    root: Path,
    tmp_path: Path,
    rows: Rows,
    in_a_fork: Callable[[Callable[[], str]], str],
    prevent: Callable[[Path], None],
) -> None:
    def act() -> str:
        prevent(tmp_path)
        tree = new_tree(root)
        return f"{rows(tree, CALEXP)} {tree.file!r} {rows(tree, CALEXP)}"

    assert in_a_fork(act) == f"{THERE} '' {THERE}"


def test_a_disk_that_becomes_full_while_an_index_grows_costs_only_time(
    root: Path, cache: Path, rows: Rows, make: Make, in_a_fork: Callable[[Callable[[], str]], str]
) -> None:
    filled(root)
    make(root, *(CALEXP.format({"visit": v, "ccdnum": 1}) for v in range(10, 3000)))

    def act() -> str:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        tree = new_tree(root)
        return f"{len(rows(tree, CALEXP))} {tree.file!r}"

    assert in_a_fork(act) == f"{len(THERE) + 2990} ''"
    assert len(rows(new_tree(root), CALEXP)) == len(THERE) + 2990


def test_a_cache_of_another_user_is_left_alone(
    open_folder: Path, as_user: Callable[..., str], make: Make
) -> None:
    make(open_folder, CALEXP.format({"visit": 1, "ccdnum": 2}))
    folder = open_folder / "cache/persistence/index"
    folder.mkdir(parents=True)
    for path in (folder, folder.parent, folder.parent.parent):
        path.chmod(0o777)

    def act() -> str:
        os.environ["XDG_CACHE_HOME"] = str(open_folder / "cache")
        tree = filled(open_folder)
        return str(list(tree.rows(CALEXP, ["visit", "ccdnum"])) + [tree.file])

    assert as_user(4321, act) == "[(1, 2), '']"
    assert list(folder.iterdir()) == []


def test_an_index_that_another_user_could_have_written_is_left_alone(
    open_folder: Path, as_user: Callable[..., str], make: Make
) -> None:
    make(open_folder, CALEXP.format({"visit": 1, "ccdnum": 2}))
    folder = open_folder / "cache"
    folder.mkdir()
    os.chown(folder, 4321, 4321)

    def act() -> str:
        os.environ["XDG_CACHE_HOME"] = str(folder)
        tree = filled(open_folder)
        return str(list(tree.rows(CALEXP, ["visit", "ccdnum"])) + [os.path.basename(tree.file)])

    shown = as_user(4321, act)
    (file,) = files(folder)
    assert shown == f"[(1, 2), {file.name!r}]"
    os.chown(file, 0, 0)
    file.chmod(0o666)
    assert as_user(4321, act) == "[(1, 2), '']"


# -- killed, or removed, at any instant
# ----------------------------------------------------------------


class Instant:
    """Does something at one of the statements that the index executes, and counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.at = -1
        self.act: Callable[[], object] = lambda: None
        original: Callable[..., sqlite3.Connection] = sqlite3.connect

        def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            connection = original(*args, **kwargs)
            connection.set_trace_callback(lambda _: self._pass())
            return connection

        monkeypatch.setattr(sqlite3, "connect", connect)

    def _pass(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.act()


@pytest.mark.parametrize("step", range(6))
def test_an_index_that_is_removed_at_any_instant_costs_only_time(
    root: Path, cache: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    instant = Instant(monkeypatch)
    instant.act = lambda: shutil.rmtree(cache)
    assert rows(new_tree(root), CALEXP) == THERE
    for at in range(1 + step, instant.count, 6):
        shutil.rmtree(cache, ignore_errors=True)
        instant.count, instant.at = 0, at
        tree = new_tree(root)
        assert rows(tree, CALEXP) == THERE, at
        assert rows(tree, CALEXP) == THERE, at


@pytest.mark.parametrize("step", range(6))
def test_a_process_that_is_killed_at_any_instant_costs_only_time(
    root: Path,
    cache: Path,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    in_a_fork: Callable[[Callable[[], str]], str],
    step: int,
) -> None:
    instant = Instant(monkeypatch)
    instant.act = lambda: os._exit(0)
    assert rows(new_tree(root), CALEXP) == THERE
    for at in range(1 + step, instant.count, 6):
        shutil.rmtree(cache, ignore_errors=True)
        instant.count, instant.at = 0, at
        assert in_a_fork(lambda: str(rows(new_tree(root), CALEXP))) == ""
        instant.at = -1
        assert rows(new_tree(root), CALEXP) == THERE, at


# -- what lies in the repository
# ----------------------------------------------------------------


@pytest.fixture
def given(root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, settled: object) -> Path:
    """Return the index that lies in a tree, as another user finds it."""
    file = Path(filled(root).write())
    new_tree(root).build()  # the root has a directory more
    Path(new_tree(root).write())
    shutil.rmtree(cache)
    return file


def test_an_index_begins_with_what_lies_in_the_repository(
    root: Path, given: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert given == root / home.FILE
    assert [path.name for path in given.parent.iterdir()] == ["index.sqlite3"]
    with monkeypatch.context() as patch:
        patch.setattr(listing, "parts", None)  # nothing is listed again
        assert rows(new_tree(root), CALEXP) == THERE
    assert new_tree(root).file != str(given)


def test_what_changed_since_is_listed_again(
    root: Path, given: Path, rows: Rows, make: Make, later: Callable[[Path], None]
) -> None:
    later(root)
    make(root, CALEXP.format({"visit": 2, "ccdnum": 9}))
    (root / CALEXP.format({"visit": 1, "ccdnum": 1})).unlink()
    assert rows(new_tree(root), CALEXP) == [(1, 2), (2, 1), (2, 9)]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_lies_in_the_repository_is_no_hindrance(
    root: Path, given: Path, rows: Rows, damage: Callable[[Path], object]
) -> None:
    damage(given)
    before = snapshot(root)
    assert rows(new_tree(root), CALEXP) == THERE
    assert snapshot(root) == before


POISONS = {
    "a row of a file that is not there": "INSERT INTO t1 VALUES (1, 7, '', NULL, NULL)",
    "a value of another type": "INSERT INTO t1 VALUES ('one', 7, '', NULL, NULL)",
    "bytes": "INSERT INTO t1 VALUES (1, x'ff', '', NULL, NULL)",
    "a size that is none": "INSERT INTO t1 VALUES (1, 7, '', 'large', NULL)",
    "text that is none": "INSERT INTO dangling VALUES (1, CAST(x'ff' AS TEXT))",
    "a directory outside": "INSERT INTO dirs (path, parent) VALUES ('../../etc', 1)",
    "an absolute directory": "INSERT INTO dirs (path, parent) VALUES ('/etc', 1)",
    "a directory above": "INSERT INTO dirs (path, parent) VALUES ('0000001/..', 1)",
    "a directory of bytes": "INSERT INTO dirs (path, parent) VALUES (x'ff', 1)",
    "a directory in none": "INSERT INTO dirs (path, parent) VALUES ('a/b/c', 1)",
    "a directory in itself": "UPDATE dirs SET parent = id",
    "stamps that are none": "UPDATE dirs SET mtime = 'yesterday'",
    "a number of no directory": "UPDATE dirs SET id = 9223372036854775807 WHERE path = '0000002'",
    "a tally of nothing": "UPDATE tally SET n = 'many'",
    "another template": "INSERT INTO templates VALUES (7, 'x/%(y)s', '')",
    "a journal's end": "INSERT INTO journals VALUES ('x.jsonl', 1, 9223372036854775807)",
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_a_poisoned_index_in_the_repository_is_believed_no_more_than_a_list_of_names(
    root: Path, given: Path, rows: Rows, poison: str
) -> None:
    _execute(given, poison)
    tree = new_tree(root)
    connection = sqlite3.connect(tree.file)
    directories = {path for (path,) in connection.execute("SELECT path FROM dirs")}
    connection.close()
    assert directories <= {"", *(str(path.parent.relative_to(root)) for path in root.rglob("*"))}
    shown = rows(tree, CALEXP)
    assert set(THERE) <= set(shown) <= {*THERE, (1, 7)}
    tree.build()
    assert tree.dangling() == []
    assert [one.path for one in tree.foreign() if "index.sqlite3" not in one.path] == []


def test_get_never_believes_an_index(filled: Path, own: Path, cache: Path) -> None:
    butler = Butler(own)
    repository = butler.chain.inputs[0]
    dataset = repository.mapper.types["calexp"]
    assert dataset.template is not None
    tree = Tree(str(own), {dataset.template.text: ENDINGS})
    butler.put({}, "processCcd_metadata", visit=410877, ccdnum=28)
    tree.build()
    columns = "[visit] INTEGER NOT NULL, [ccdnum] INTEGER NOT NULL, _ending TEXT NOT NULL, "
    columns += "_size INTEGER, _time INTEGER, PRIMARY KEY ([visit], [ccdnum])"
    _execute(
        Path(tree.file),
        f"CREATE TABLE t1 ({columns}) WITHOUT ROWID",
        "INSERT INTO t1 VALUES (410877, 28, '', NULL, NULL)",
    )
    assert list(tree.rows(dataset.template, ["visit"])) == [(410877,)]
    assert not butler.datasetExists("calexp", visit=410877, ccdnum=28)
    with pytest.raises(NoResults):
        butler.get("calexp", visit=410877, ccdnum=28)
    shutil.rmtree(cache)
    assert butler.datasetExists("processCcd_metadata", visit=410877, ccdnum=28)
