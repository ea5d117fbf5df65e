"""The journal: its lines, who may write them, and what is read of damaged ones. Lines are read by hand."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence.files import groups, journal

AsUser = Callable[..., str]


def only(root: Path) -> Path:
    """Return the one journal of a tree."""
    (path,) = (root / ".persistence/journal").iterdir()
    return path


def by_hand(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in only(root).read_text().splitlines()]


def paths(path: Path, start: int = 0) -> list[str]:
    return [entry.path for entry in journal.read(str(path), start)]


def test_a_line_says_what_was_done_with_which_file_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_764_520_000.1234567)
    journal.append(str(tmp_path), "put", "a/b.fits", d="calexp", id={"visit": np.int64(7)})
    (line,) = by_hand(tmp_path)
    moment = line.pop("t")
    assert moment == 1_764_520_000.123457
    assert line == {"op": "put", "f": "a/b.fits", "d": "calexp", "id": {"visit": 7}}
    host = os.uname().nodename
    assert only(tmp_path).name == f"{host}-{os.geteuid()}.jsonl"
    assert journal.writer(str(only(tmp_path))) == (host, os.geteuid())


def test_many_lines_come_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: sizes.append(len(data)) or write(fd, data))
    journal.append_lines(str(tmp_path), [{"op": "put", "t": 1.0, "f": name} for name in "abc"])
    journal.append_lines(str(tmp_path), [])
    assert [line["f"] for line in by_hand(tmp_path)] == ["a", "b", "c"]
    assert sizes == [only(tmp_path).stat().st_size]


@pytest.mark.parametrize(
    "name", ["ü \udcff\u2028", 'a"b\\c', "a\nb", 'x{"op":"put"', "z" * 5000], ids=ascii
)
def test_any_name_of_a_file_comes_back(tmp_path: Path, name: str) -> None:
    journal.append(str(tmp_path), "put", name, id={"op": name})
    journal.append(str(tmp_path), "put", "next")
    assert paths(only(tmp_path)) == [name, "next"]
    assert [entry.fields.get("id") for entry in journal.read(str(only(tmp_path)))] == [
        {"op": name},
        None,
    ]


def test_reading_goes_on_where_it_ended(tmp_path: Path) -> None:
    for name in "abc":
        journal.append(str(tmp_path), "put", name)
    ends = [entry.end for entry in journal.read(str(only(tmp_path)))]
    assert [paths(only(tmp_path), end) for end in (0, *ends)] == [
        list("abc"),
        ["b", "c"],
        ["c"],
        [],
    ]
    assert ends[-1] == only(tmp_path).stat().st_size


GOOD = b'{"op":"put","t":1.5,"f":"good"}\n'


@pytest.mark.parametrize(
    "bad",
    [
        b"\n",
        b"\0\0\0\0\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b"17\n",
        b'["op"]\n',
        b'{"op":"put"}\n',
        b'{"op":"put","t":"now","f":"a"}\n',
        b'{"op":"put","t":NaN,"f":"a"}\n',
        b'{"op":"put","t":1e999,"f":"a"}\n',
        b'{"op":"put","t":1' + b"0" * 400 + b',"f":"a"}\n',
        b'{"op":"put","t":1' + b"0" * 5000 + b',"f":"a"}\n',
        b'{"op":"put","t":1,"f":7}\n',
        b'{"op":"put","t":1,"f":"/etc/passwd"}\n',
        b'{"op":"put","t":1,"f":"a/../../b"}\n',
        b'{"op":"put","t":1,"f":"a\\u0000b"}\n',
        b'{"op":["put"],"t":1,"f":"a"}\n',
        b'{"op":"put","t":1,"f":"torn, and the next line behi',
        b'{"op":"put","t":1,"f":"torn","id":{"op":"x"',
        b'{"op":"put","t":1,"f":"' + b"x" * 3000 + b'"}\n',
    ],
    ids=lambda bad: repr(bad[:32]),
)
def test_a_line_that_makes_no_sense_is_passed_over_and_spoils_no_other(
    tmp_path: Path, bad: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_LONGEST", 1000 if b"xxx" in bad else 1 << 20)
    path = tmp_path / "host-1.jsonl"
    path.write_bytes(GOOD + bad + GOOD)
    assert paths(path) == ["good", "good"]


def test_a_line_that_is_not_ended_is_read_when_it_is(tmp_path: Path) -> None:
    path = tmp_path / "host-1.jsonl"
    path.write_bytes(GOOD + GOOD[:-9])
    (entry,) = journal.read(str(path))
    with path.open("ab") as stream:
        stream.write(GOOD[-9:])
    assert paths(path, entry.end) == ["good"]


@pytest.mark.parametrize("kind", ["directory", "link", "dangling", "pipe", "missing"])
def test_what_is_no_file_is_neither_written_nor_read(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / ".persistence/journal"
    folder.mkdir(parents=True)
    path, other = folder / f"{os.uname().nodename}-{os.geteuid()}.jsonl", tmp_path / "other"
    make: dict[str, Callable[[], Any]] = {
        "directory": path.mkdir,
        "link": lambda: (other.write_bytes(GOOD), path.symlink_to(other)),
        "dangling": lambda: path.symlink_to(other),
        "pipe": lambda: os.mkfifo(path),
        "missing": lambda: None,
    }
    make[kind]()
    assert paths(path) == []
    journal.append(str(tmp_path), "put", "a")
    assert paths(path) == (["a"] if kind == "missing" else [])
    assert not other.exists() or other.read_bytes() == GOOD


def test_a_tree_without_a_journal_has_none(tmp_path: Path) -> None:
    assert journal.files(str(tmp_path)) == []
    journal.append(str(tmp_path / "gone"), "put", "a")
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_is_removed_is_begun_anew(tmp_path: Path) -> None:
    journal.append(str(tmp_path), "put", "a")
    only(tmp_path).unlink()
    os.rmdir(tmp_path / ".persistence/journal")
    journal.append(str(tmp_path), "put", "b")
    assert [line["f"] for line in by_hand(tmp_path)] == ["b"]


def test_two_processes_at_once_lose_no_line(tmp_path: Path) -> None:
    code = (
        "import sys; from persistence.files import journal\n"
        "for number in range(300):\n"
        "    journal.append(sys.argv[1], 'put', f'{sys.argv[2]}/{number}', x='y' * number * 40)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    for process in [subprocess.Popen([*command, name]) for name in "abc"]:
        assert process.wait() == 0
    wanted = sorted(f"{name}/{number}" for name in "abc" for number in range(300))
    assert sorted(line["f"] for line in by_hand(tmp_path)) == wanted


def test_a_disk_that_is_full_stops_nobody_and_costs_one_line(
    tmp_path: Path, in_a_fork: Callable[..., str]
) -> None:
    journal.append(str(tmp_path), "put", "first")
    room = only(tmp_path).stat().st_size + 20

    def write() -> str:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limit[1]))
        journal.append(str(tmp_path), "put", "in part")
        journal.append(str(tmp_path), "put", "not at all")
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        journal.append(str(tmp_path), "put", "last")
        return "done"

    assert in_a_fork(write) == "done"
    assert only(tmp_path).read_bytes().count(b"\n") == 2  # the last stands behind the torn one
    assert paths(only(tmp_path)) == ["first", "last"]


# -- whose it is
# ------------------------------------------------------------------------------------------------

ALICE, BOB, GROUP = 54321, 54322, 55555


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_its_permissions_are_what_the_umask_leaves(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        journal.append(str(tmp_path), "put", "a")
    finally:
        os.umask(before)
    modes = [only(tmp_path), only(tmp_path).parent, only(tmp_path).parents[1]]
    wanted = [0o666 & ~mask, 0o777 & ~mask, 0o777 & ~mask]
    assert [stat.S_IMODE(path.stat().st_mode) for path in modes] == wanted


def test_in_a_shared_repository_each_user_of_the_group_has_a_journal(
    open_folder: Path, as_user: AsUser
) -> None:
    root = open_folder / "repo"
    (root / ".persistence").mkdir(parents=True)
    (root / ".persistence/settings.yaml").write_text("shared: group\n")
    for path in (root, root / ".persistence", root / ".persistence/settings.yaml"):
        os.chown(path, ALICE, GROUP)
        os.chmod(path, 0o2770 if path.is_dir() else 0o660)
    groups.forget()
    for user in (ALICE, BOB):
        as_user(user, lambda: str(journal.append(str(root), "put", "a")), [user, GROUP])
    found = list((root / ".persistence/journal").iterdir())
    assert sorted(path.name.rpartition("-")[2] for path in found) == ["54321.jsonl", "54322.jsonl"]
    for path in (*found, root / ".persistence/journal"):
        status = path.stat()
        assert status.st_gid == GROUP
        assert stat.S_IMODE(status.st_mode) & 0o070 == (0o070 if path.is_dir() else 0o060)


@pytest.mark.parametrize(("mode", "begun"), [(0o755, False), (0o777, False), (0o777, True)])
def test_in_another_users_tree_no_journal_is_begun_that_its_owner_could_not_go_on_with(
    open_folder: Path, as_user: AsUser, mode: int, begun: bool
) -> None:
    root = open_folder / "repo"
    (root / ".persistence/journal" if begun else root).mkdir(parents=True)
    for path in (root, *root.rglob("*")):
        os.chown(path, ALICE, ALICE)
        os.chmod(path, mode)
    as_user(BOB, lambda: str(journal.append(str(root), "put", "a")))
    assert [path.name for path in root.iterdir()] == ([".persistence"] if begun else [])
    assert len(list(root.rglob("*.jsonl"))) == 0


def test_a_read_only_tree_is_left_alone(open_folder: Path, as_user: AsUser) -> None:
    open_folder.chmod(0o555)
    os.chown(open_folder, ALICE, ALICE)
    assert as_user(ALICE, lambda: str(journal.append(str(open_folder), "put", "a"))) == "None"
    assert list(open_folder.iterdir()) == []
