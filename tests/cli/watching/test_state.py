"""The records of a watch: whole after any kill, and one watch's at a time."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from persistence.cli.watching import state
from persistence.cli.watching.state import State
from persistence.errors import UsageError

WHAT = {"type": "raw", "command": "run {id}"}


def made(path: Path) -> State:
    return State(str(path), WHAT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a state of which three commands are known: done, failed, and cut off."""
    records = made(tmp_path / "deep" / "state.jsonl")
    records.ready([{"visit": 9}])
    for visit, status in ((1, 0), (2, 3), (3, None)):
        records.begun({"visit": visit, "filter": "ä"})
        if status is not None:
            before, after = records.ending({"visit": visit, "filter": "ä"})
            with open(records.path, "a") as stream:
                stream.write(f"{before}{status}{after}\n")
    records.close()
    return Path(records.path)


STAGES = {
    '{"visit": 9}': "known",
    r'{"filter": "\u00e4", "visit": 1}': "done",
    r'{"filter": "\u00e4", "visit": 2}': "failed",
    r'{"filter": "\u00e4", "visit": 3}': "begun",
}


def test_the_next_watch_knows_what_the_last_one_did(path: Path) -> None:
    records = made(path)
    assert (records.stages, records.is_new) == (STAGES, False)
    records.close()
    assert [row["stage"] for row in state.rows(str(path))] == ["known", "done", "failed", "begun"]


def test_a_file_cut_anywhere_behind_its_first_line_is_read_and_goes_on(path: Path) -> None:
    whole = path.read_bytes()
    lines = [json.loads(line) for line in whole.splitlines()]
    for size in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:size])
        records = made(path)
        complete = whole[:size].count(b"\n") + (whole[size : size + 1] == b"\n")
        expected = {state.key(line["id"]) for line in lines[:complete] if "id" in line}
        assert set(records.stages) == expected
        records.begun({"visit": 77})
        records.close()
        assert state.stages(str(path))['{"visit": 77}'] == "begun"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "is not a state that this version"),
        ("[1]\n", "is not a state that this version"),
        ('{"watch": 2, "type": "raw"}\n', "is not a state that this version"),
        ('{"watch": 1, "type": "src"}\n', "is the state of a watch for src, not for raw"),
    ],
)
def test_another_file_is_refused_and_stays_as_it_is(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(UsageError, match=message):
        made(tmp_path / "x")
    assert (tmp_path / "x").read_text() == text


def test_until_it_is_ready_a_state_is_new(tmp_path: Path) -> None:
    for expected in (True, True, False):
        records = made(tmp_path / "x")
        assert records.is_new == expected
        if tmp_path.joinpath("once").exists():
            records.ready([])
        tmp_path.joinpath("once").touch()
        records.close()


def test_a_second_watch_with_the_same_state_is_refused(path: Path) -> None:
    first = made(path)
    with pytest.raises(UsageError, match=rf"another watch, process {os.getpid()} on .*--state"):
        made(path)
    first.close()
    made(path).close()


def test_it_waits_for_the_commands_of_a_watch_that_was_killed(path: Path) -> None:
    """The child that inherits the file stands for a command; it ends when its input is closed."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    records = made(path)
    with path.open("a") as stream:
        stream.write(json.dumps({"process": dead.pid, "host": os.uname().nodename}) + "\n")
    read, write = os.pipe()
    command = subprocess.Popen(["cat"], stdin=read, pass_fds=(records.descriptor,))
    os.close(read)
    records.close()
    messages: list[str] = []

    def tell(text: str) -> None:
        messages.append(text)
        os.close(write)

    State(str(path), WHAT, tell).close()
    command.wait()
    assert len(messages) == 1
    assert messages[0].startswith("commands of an earlier watch, which was killed, still run")


@pytest.mark.parametrize(
    ("variable", "expected"), [("/var/x", "/var/x"), ("here", "/home/u/.local/state"), ("", None)]
)
def test_it_lies_where_programs_keep_their_state(
    monkeypatch: pytest.MonkeyPatch, variable: str, expected: str | None
) -> None:
    monkeypatch.setenv("HOME", "/home/u")
    monkeypatch.setenv("XDG_STATE_HOME", variable)
    found = state.default_path("/data/repo", "raw", "run {id}")
    assert os.path.dirname(found) == f"{expected or '/home/u/.local/state'}/persistence/watch"
    assert os.path.basename(found).startswith("repo-")
    assert found == state.default_path("/data/../data/repo/", "raw", "run {id}")
    assert found != state.default_path("/data/repo", "raw", "run2 {id}")
