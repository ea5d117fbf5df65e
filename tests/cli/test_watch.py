"""``persistence watch`` as it is typed: each command once, whatever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence.cli import ingest_images

CHIP = ["--id", "ccdnum=28"]
ECHO = "echo {id}"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def log(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that makes a command which appends a word to a file, and that file's lines."""

    def command(rest: str) -> str:
        return f"sh -c 'echo \"$@\" >> {tmp_path / 'log'}' sh {rest}"

    return command


def lines(tmp_path: Path) -> list[str]:
    path = tmp_path / "log"
    return sorted(path.read_text().splitlines()) if path.exists() else []


BOTH = ["visit=410877 ccdnum=28", "visit=410878 ccdnum=28"]


def test_each_dataset_is_run_once(run: Any, filled: Path, tmp_path: Path, log: Any) -> None:
    words = ["watch", filled, "--exec", log("{id}"), "--once", *CHIP]
    done = run(*words)
    assert (done.status, done.out, lines(tmp_path)) == (0, "", BOTH)
    assert done.err == "persistence: 2 done, 0 failed\n"
    assert run(*words).err == "persistence: 0 done, 0 failed\n"
    assert lines(tmp_path) == BOTH


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("{visit:08d} {filter} {type}", ["00410877 g raw", "00410878 r raw"]),
        ("{object}", ["Invented field 477", "Invented field 478"]),
    ],
)
def test_values_of_keys_are_words(
    run: Any, filled: Path, tmp_path: Path, log: Any, command: str, expected: list[str]
) -> None:
    run("watch", filled, "--exec", log(command), "--once", *CHIP)
    assert lines(tmp_path) == expected


def test_a_condition_chooses(run: Any, filled: Path, tmp_path: Path, log: Any) -> None:
    where = "ccdnum = 28 and filter in ('r', 'i')"
    run("watch", filled, "--exec", log("{id}"), "--once", "--where", where)
    assert lines(tmp_path) == BOTH[1:]


def test_the_path_is_that_of_the_file(run: Any, filled: Path, tmp_path: Path, log: Any) -> None:
    run("watch", filled, "--exec", log("{path}"), "--once", *CHIP)
    found = [Path(line) for line in lines(tmp_path)]
    assert found == sorted(filled.glob("20*/*/*.fits.fz"))


def test_by_visit_there_is_one_command_for_all_chips(
    run: Any, filled: Path, tmp_path: Path, log: Any
) -> None:
    run("watch", filled, "--exec", log("{id}"), "--once", "--by", "visit")
    assert lines(tmp_path) == ["visit=410877", "visit=410878"]


def test_data_that_are_ingested_later_are_run_by_the_next(
    run: Any, root: Path, raws: list[str], tmp_path: Path, log: Any
) -> None:
    words = ["watch", root, "--exec", log("{id}"), "--once", "--since", "now", *CHIP]
    ingest_images.main([str(root), raws[0]])
    run(*words)
    assert lines(tmp_path) == []
    ingest_images.main([str(root), raws[1]])
    run(*words)
    assert lines(tmp_path) == BOTH[1:]


def test_rows_whose_file_is_not_there_yet_wait(
    run: Any, own: Path, tmp_path: Path, log: Any
) -> None:
    (file,) = own.glob("20*/r/*.fits.fz")
    file.rename(tmp_path / "aside")
    words = ["watch", own, "--exec", log("{id}"), "--once", *CHIP]
    run(*words)
    assert lines(tmp_path) == BOTH[:1]
    (tmp_path / "aside").rename(file)
    run(*words)
    assert lines(tmp_path) == BOTH


def test_outputs_are_watched_by_their_files(
    run: Any, rerun: Path, tmp_path: Path, log: Any
) -> None:
    run("watch", rerun, "calexp", "--exec", log("{id}"), "--once")
    assert lines(tmp_path) == BOTH[:1]


@pytest.mark.parametrize(
    ("since", "expected"),
    [("2001-09-09T01:46:41", BOTH[1:]), ("2001-09-09T01:46:41+01:00", BOTH), ("2001-09-10", [])],
)
def test_since_goes_by_the_time_of_the_file(
    run: Any, own: Path, tmp_path: Path, log: Any, since: str, expected: list[str]
) -> None:
    for band, seconds in (("g", 10**9), ("r", 10**9 + 2)):  # 2001-09-09T01:46:40
        (file,) = own.glob(f"20*/{band}/*.fits.fz")
        real = os.path.realpath(file)
        file.unlink()
        shutil.copy(real, file)
        os.utime(file, (seconds, seconds))
    run("watch", own, "--exec", log("{id}"), "--once", "--since", since, *CHIP)
    assert lines(tmp_path) == expected


def test_a_failure_is_the_status_and_is_run_again_on_request(
    run: Any, filled: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_text('#!/bin/sh\ntest "$1" != visit=410877 || exit 7\n')
    script.chmod(0o755)
    words = ["watch", filled, "--exec", f"{script} {{id}}", *CHIP]
    done = run(*words, "--once")
    assert (done.status, done.err.splitlines()) == (
        1,
        [
            "persistence: visit=410877 ccdnum=28: ended with exit status 7",
            "persistence: 1 done, 1 failed",
        ],
    )
    rows = json.loads(run(*words, "--list", "--format=json").out)
    assert [(row["visit"], row["stage"], row["status"]) for row in rows] == [
        (410877, "failed", 7),
        (410878, "done", 0),
    ]
    assert run(*words, "--once").err.splitlines() == [
        "persistence: of what earlier watches ran, 1 failed and 0 were cut off: these are not run "
        "again (see --list, --retry)",
        "persistence: 0 done, 0 failed",
    ]
    script.write_text("#!/bin/sh\n")
    assert run(*words, "--once", "--retry", "failed").err == "persistence: 1 done, 0 failed\n"


def test_a_dry_run_prints_the_commands_and_records_nothing(
    run: Any, filled: Path, tmp_path: Path
) -> None:
    done = run("watch", filled, "--exec", "touch {object}", "-n", *CHIP)
    assert (done.status, done.out) == (
        0,
        "touch 'Invented field 477'\ntouch 'Invented field 478'\n",
    )
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--exec is missing"),
        (["--exec", "no-such-program {id}"], "there is no program 'no-such-program'"),
        (["--exec", "true {vist}"], "unknown key 'vist'; did you mean 'visit'"),
        (["--exec", "true", "--where", "vist = 1"], "unknown key 'vist'; did you mean 'visit'"),
        (["--exec", "true", "--where", "visit ="], "where, column 8"),
        (
            ["--exec", "true", "--by", "vist"],
            "--by vist: raw has no such key; did you mean 'visit'",
        ),
        (["--exec", "true {path}", "--by", "visit"], "unknown key 'path'"),
        (["--exec", "true", "--since", "yesterday"], "--since yesterday: write a date"),
        (["--exec", "true", "-j", "0"], "invalid int above 0 value: '0'"),
        (["--exec", "true", "--interval", "nan"], "invalid float above 0 value: 'nan'"),
        (["--exec", "true", "--id", "vist=1"], "unknown key 'vist'"),
        (["rwa", "--exec", "true"], "no dataset type 'rwa'; did you mean 'raw'"),
        (["--exec", "true", "--list"], "no watch like this was started"),
    ],
)
def test_what_is_mistyped_is_status_2_and_nothing_is_run(
    run: Any, filled: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    done = run("watch", filled, *words)
    assert done.status == 2
    assert message in done.err
    assert not (tmp_path / "state").exists()


def test_a_header_cannot_give_a_command(run: Any, own: Path, tmp_path: Path) -> None:
    evil = f"$(touch {tmp_path}/hit); touch {tmp_path}/hit"
    with contextlib.closing(sqlite3.connect(own / "registry.sqlite3")) as connection:
        connection.execute("UPDATE raw SET object = ?", (evil,))
        connection.commit()
    command = "sh -c 'printf %s\\\\n \"$@\" >> {repo_log}' sh {object}"
    command = command.replace("{repo_log}", str(tmp_path / "log"))
    run("watch", own, "--exec", command, "--once", "--id", "ccdnum=28", "filter=g")
    assert (lines(tmp_path), (tmp_path / "hit").exists()) == ([evil], False)


# -- signals and kills
# ---------------------------------------------------------------------------------------


def restore_signals() -> None:
    """Restore signals, which tests that run in the background may ignore."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Stage:
    """Watches, whose commands tell when they begin, and end when they are given an exit status."""

    def __init__(self, repository: Path, path: Path) -> None:
        self._path = path
        self._watches: list[subprocess.Popen[str]] = []
        (path / "pids").mkdir()
        for name in ("begun", "go"):
            os.mkfifo(path / name)
        # Open at both ends: nobody waits for another to open it.
        self._begun, self._go = (os.open(path / name, os.O_RDWR) for name in ("begun", "go"))
        self._script = path / "script"
        self._script.write_text(
            f'#!/bin/sh\ntouch {path}/pids/$$\necho "$@" >{path}/begun\nread line <{path}/go\n'
            f'echo "$@" >>{path}/log\nrm {path}/pids/$$\nexit "$line"\n'
        )
        self._script.chmod(0o755)
        self._command = [sys.executable, "-m", "persistence.cli.main", "watch", str(repository)]

    def watch(self, *words: str) -> subprocess.Popen[str]:
        command = [*self._command, "--exec", f"{self._script} {{id}}", *CHIP, *words]
        self._watches.append(
            subprocess.Popen(
                command,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=restore_signals,  # noqa: PLW1509  # no threads here
            )
        )
        return self._watches[-1]

    def begun(self) -> str:
        """Wait until the next command has begun."""
        assert select.select([self._begun], [], [], 120)[0], "no command begins"
        return os.read(self._begun, 1000).decode().strip()

    def go_on(self, status: int = 0) -> None:
        """End the command that waits."""
        os.write(self._go, f"{status}\n".encode())

    def close(self) -> None:
        for watch in self._watches:
            watch.kill()
            watch.wait()
            assert watch.stderr is not None
            watch.stderr.close()
        for path in (self._path / "pids").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.name), signal.SIGKILL)
        for descriptor in (self._begun, self._go):
            os.close(descriptor)


@pytest.fixture
def stage(filled: Path, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(filled, tmp_path)
    yield made
    made.close()


def test_a_kill_of_the_watch_leaves_the_command_alone_and_nothing_is_run_twice(
    stage: Stage, tmp_path: Path
) -> None:
    first = stage.watch()
    assert stage.begun() == BOTH[0]
    first.kill()
    first.wait()
    second = stage.watch("--once")
    assert second.stderr is not None
    line = second.stderr.readline()
    assert "commands of an earlier watch, which was killed, still run" in line
    stage.go_on()
    assert stage.begun() == BOTH[1]
    stage.go_on()
    assert second.communicate()[1] == "persistence: 1 done, 0 failed\n"
    assert (second.returncode, lines(tmp_path)) == (0, BOTH)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_command_end_and_begins_no_other(
    stage: Stage, tmp_path: Path, number: int
) -> None:
    watch = stage.watch("--poll")
    stage.begun()
    watch.send_signal(number)
    assert watch.stderr is not None
    assert "looking for new raw every 10 s" in watch.stderr.readline()
    assert "waiting for what runs (1)" in watch.stderr.readline()
    stage.go_on()
    assert watch.communicate()[1] == "persistence: 1 done, 0 failed, 1 not begun\n"
    assert (watch.returncode, lines(tmp_path)) == (0, BOTH[:1])


def test_a_second_signal_ends_the_command_which_is_cut_off(stage: Stage, tmp_path: Path) -> None:
    watch = stage.watch("--once")
    stage.begun()
    assert watch.stderr is not None
    for text in ("waiting for what runs (1)", "ending what runs (1)"):
        watch.send_signal(signal.SIGTERM)
        assert text in watch.stderr.readline()
    assert watch.communicate()[1].splitlines() == [
        f"persistence: {BOTH[0]}: was cut off",
        "persistence: 0 done, 1 failed, 1 not begun",
    ]
    assert (watch.returncode, lines(tmp_path)) == (1, [])
    again = stage.watch("--once", "--retry", "cut")
    for chip in BOTH:
        assert stage.begun() == chip
        stage.go_on()
    again.communicate()
    assert lines(tmp_path) == BOTH


def test_the_operating_system_tells_of_changes(
    own: Path,
) -> None:
    pytest.importorskip("watchfiles")
    from persistence.cli.watching import notices
    from persistence.cli.watching.loop import Event, Look

    events = notices.Events()
    with notices.changes([str(own)], False, events.put, print) as is_told:
        assert is_told
        # Until the thread listens, nothing is told: so something changes until it does.
        event: Event | None = None
        while event is None:
            (own / "note").write_text("changed")
            event = events.next(0.1)
    assert event == Look()
