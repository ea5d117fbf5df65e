"""What is read of journals, and kept: quickly the second time, and never wrong for it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence.butler.provenance.store import Store
from persistence.files import journal


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/persistence/provenance"


@pytest.fixture
def tree(cache: Path, tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def write(tree: Path, *lines: dict[str, Any], name: str = "here-1") -> Path:
    """Write lines into a journal by hand."""
    path = tree / ".persistence/journal" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        stream.writelines(f"{json.dumps(line)}\n" for line in lines)
    return path


def put(path: str, time: float, *inputs: str, **more: Any) -> dict[str, Any]:
    listed = [["raw", 0, one, {}, 10, 20] for one in inputs]
    return {"op": "put", "t": time, "f": path, "o": [".."], "n": listed, **more}


@pytest.fixture
def opened(tree: Path) -> Iterator[Callable[[], Store]]:
    stores: list[Store] = []

    def make() -> Store:
        stores.append(Store(str(tree)))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def test_the_last_line_of_a_file_counts_whichever_host_wrote_it(
    tree: Path, opened: Callable[[], Store]
) -> None:
    write(tree, put("a", 1.0), put("a", 3.0), put("b", 2.0))
    write(tree, put("a", 2.0), put("b", 9.0), name="other-host-17")
    store = opened()
    found = [store.last(path) for path in ("a", "b", "c")]
    assert [one and (one.time, one.host, one.uid) for one in found] == [
        (3.0, "here", 1),
        (9.0, "other-host", 17),
        None,
    ]
    assert [one.path for one in store.newest()] == ["b", "a", "b", "a", "a"]
    assert [one.time for one in store.newest(2.5)] == [9.0, 3.0]


def test_the_line_of_a_former_file_is_found_by_what_that_was_like(
    tree: Path, opened: Callable[[], Store]
) -> None:
    write(tree, put("a", 1.0, s=5, m=6), put("a", 3.0, s=7, m=8))
    store = opened()
    times = [store.last("a", *stamp) for stamp in ((5, 6), (7, 8), (5, 8))]
    assert [one and one.time for one in times] == [1.0, 3.0, 3.0]


def test_only_the_last_lines_that_tell_of_inputs_are_all(
    tree: Path, opened: Callable[[], Store]
) -> None:
    bare = {"op": "put", "t": 5.0, "f": "b"}
    gone = {"op": "remove", "t": 5.0, "f": "c"}
    write(tree, put("a", 1.0), put("b", 1.0), put("c", 1.0), put("a", 2.0), bare, gone)
    assert [(one.path, one.time) for one in opened().all_last()] == [("a", 2.0)]
    assert [one.path for one in opened().all_last(recorded=False)] == ["a", "b", "c"]


def test_what_used_a_file_is_found(tree: Path, opened: Callable[[], Store]) -> None:
    write(tree, put("a", 1.0, "x", "y"), put("b", 2.0, "y"))
    store = opened()
    assert [one.path for one in store.using(["../y"])] == ["a", "b"]
    assert [one.path for one in store.using(["../x", "../z"])] == ["a"]


def test_a_run_is_found_by_its_id(tree: Path, opened: Callable[[], Store]) -> None:
    write(tree, {"op": "run", "t": 1.0, "r": "R", "task": "isr", "user": "ann", "v": {"a": "1"}})
    run = opened().run("R")
    assert run is not None
    assert (run.task, run.user, run.host, run.versions) == ("isr", "ann", "here", {"a": "1"})
    assert opened().run("other") is None


def test_what_is_new_is_read_and_nothing_else(
    tree: Path, opened: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tree, put("a", 1.0), put("b", 1.0))
    opened()
    starts: list[int] = []
    read = journal.read

    def noting(path: str, start: int = 0) -> Any:
        starts.append(start)
        return read(path, start)

    monkeypatch.setattr(journal, "read", noting)
    assert opened().last("b") is not None
    assert starts == []
    end = path.stat().st_size
    write(tree, put("c", 1.0))
    assert opened().last("c") is not None
    assert starts == [end]


def test_a_journal_that_was_replaced_or_cut_or_removed_is_read_anew(
    tree: Path, opened: Callable[[], Store]
) -> None:
    path = write(tree, put("a", 1.0), put("b", 1.0))
    assert opened().last("a") is not None
    content = path.read_bytes()
    path.write_bytes(content.splitlines(keepends=True)[0])  # shorter, the same inode
    assert opened().last("b") is None
    write(tree, put("d", 1.0))
    assert opened().last("d") is not None
    other = path.with_suffix(".new")
    other.write_bytes(content.replace(b'"b"', b'"c"'))
    os.replace(other, path)
    assert opened().last("b") is None
    assert opened().last("c") is not None
    path.unlink()
    assert opened().is_empty


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "removed": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "no database": lambda path: path.write_bytes(b"no database" * 1000),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "another version": lambda path: _change(path, "PRAGMA user_version = 99"),
    "without a table": lambda path: _change(path, "DROP TABLE made"),
    "with another table": lambda path: _change(
        path, "DROP TABLE uses", "CREATE TABLE uses (other INT)"
    ),
}


def _change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_what_is_kept_costs_time_and_nothing_else(
    tree: Path, cache: Path, opened: Callable[[], Store], damage: str
) -> None:
    write(tree, put("a", 1.0, "x"))
    opened().close()
    (path,) = cache.glob("*.sqlite3")
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    DAMAGES[damage](path)
    store = opened()
    assert store.last("a") is not None
    assert [one.path for one in store.using(["../x"])] == ["a"]


def test_where_nothing_can_be_kept_it_is_read_each_time(
    tree: Path, cache: Path, opened: Callable[[], Store]
) -> None:
    cache.parents[1].mkdir(parents=True)
    cache.parent.write_text("no directory")
    write(tree, put("a", 1.0))
    assert opened().last("a") is not None


def test_a_cache_that_another_process_holds_stops_nobody(
    tree: Path, cache: Path, opened: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.butler.provenance.store._WAIT", 0.0)
    write(tree, put("a", 1.0))
    opened()
    (path,) = cache.glob("*.sqlite3")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    write(tree, put("b", 1.0))
    assert opened().last("b") is not None
    holder.execute("ROLLBACK")
    holder.close()


def test_a_tree_is_known_by_more_than_its_path(
    tree: Path, opened: Callable[[], Store], tmp_path: Path
) -> None:
    write(tree, put("a", 1.0))
    assert opened().last("a") is not None
    tree.rename(tmp_path / "former")
    tree.mkdir()
    assert opened().last("a") is None
    shutil.rmtree(tree)


def test_nothing_is_written_into_the_tree(tree: Path, opened: Callable[[], Store]) -> None:
    path = write(tree, put("a", 1.0))
    before = {one: one.lstat().st_mtime_ns for one in (tree, *tree.rglob("*"))}
    opened()
    assert {one: one.lstat().st_mtime_ns for one in (tree, *tree.rglob("*"))} == before
    assert path.exists()


HOSTILE: list[dict[str, Any]] = [
    {"op": "put", "t": 1.0, "f": "a", "o": "..", "n": [["raw", 0, "x", {}, 1, 2]]},
    {"op": "put", "t": 1.0, "f": "a", "o": [".."], "n": "x"},
    {"op": "put", "t": 1.0, "f": "a", "o": [".."], "n": [["raw", 9, "x", {}, 1, 2]]},
    {"op": "put", "t": 1.0, "f": "a", "o": [7], "n": [["raw", 0, "x", {}, 1, 2]]},
    {"op": "put", "t": 1.0, "f": "a", "o": [".."], "n": [["raw", 0, "/etc/passwd", {}, 1, 2]]},
    {"op": "put", "t": 1.0, "f": "a", "o": [".."], "n": [["raw", 0, "../../x", {}, 1, 2]]},
    {"op": "put", "t": 1.0, "f": "a", "o": [".."], "n": [["raw", 0, "x\0", {}, 1, 2]]},
    {"op": "put", "t": 1.0, "f": "a", "o": [".."], "n": [[], None, 7, "abcdef", {}]},
    {"op": "put", "t": 1.0, "f": "a", "r": 7, "s": "x", "m": [], "u": {}, "d": 1, "id": []},
    {"op": "put", "t": 1.0, "f": "a\ud800", "o": [".."], "n": []},
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_what_makes_no_sense_in_a_line_is_left_out(
    tree: Path, opened: Callable[[], Store], number: int
) -> None:
    line = HOSTILE[number]
    write(tree, line, {"op": "run", "t": 1.0, "r": "R", "c": 7, "v": [1], "task": {}})
    store = opened()
    made = store.last(line["f"])
    assert made is not None
    assert not made.inputs
    assert store.run("R") is not None
