"""A task that is a command."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.errors import told
from persistence.pipe.cmdlinetask import CmdLineTask, LegacyCmdLineTask
from persistence.pipe.runner import LegacyTaskRunner, TaskRunner
from persistence.pipe.struct import Struct

Command = Callable[..., Any]


@pytest.fixture
def command(toy: Any, filled: Path, tmp_path: Path, journal: Path) -> Command:
    """Return a function that types a command line; gives the exit status, or what came back."""

    def typed(*words: str, acts: dict[int, str] = {}, output: str = "out", **more: Any) -> Any:
        config = toy.ToyConfig()
        config.acts, config.journal = acts, str(journal)
        args = [str(filled), "--output", str(tmp_path / output), *words]
        try:
            return toy.ToyTask.parseAndRun(args, config=config, **more)
        except SystemExit as end:
            return end.code

    return typed


IDS = ("--id", "visit=410877", "ccdnum=1..4")


def test_a_command_gives_back_what_it_was_made_of(
    command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    done = command(*IDS, doReturnResults=True)
    assert [result.result.value for result in done.resultList] == [1.0] * 4
    assert done.parsedCmd.id.refList[0].dataId["ccdnum"] == 1
    assert isinstance(done.taskRunner, TaskRunner)
    assert done.argumentParser._name == "characterizeImage"
    assert "--id visit=410877 ccdnum=1..4" in caplog.text


# Situations of doc/gen2/gen2-cli.md, 3.12; a failure is never 0.
@pytest.mark.parametrize(
    ("words", "acts", "status"),
    [
        (IDS, {2: "raise"}, 1),
        (IDS, {2: "raise", 3: "refuse"}, 2),
        (IDS, {2: "exit", 3: "mute", 4: "base"}, 3),
        ((*IDS, "-j", "2"), {2: "exit", 3: "leave"}, 2),
        ((*IDS, "--doraise"), {2: "refuse"}, None),
        (("--id", "visit=1"), {}, 1),
        ((), {}, 1),
        (("--id", "vist=410877"), {}, 2),
        (("--nothing",), {}, 2),
        (("--show", "nothing"), {}, 1),
        ((*IDS, "-j", "0"), {}, 2),
        ((*IDS, "--engine", "dask"), {}, 2),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_the_exit_status_tells_what_happened(
    command: Command, words: tuple[str, ...], acts: dict[int, str], status: int | None
) -> None:
    if status is None:
        with pytest.raises(Exception, match="too few stars"):
            command(*words, acts=acts)
    else:
        assert command(*words, acts=acts) == status


@pytest.mark.parametrize(
    ("failures", "status"), [(300, 44), (256, 255), (255, 255), (512, 255), (1, 1)]
)
def test_many_failures_are_never_none(
    command: Command, monkeypatch: pytest.MonkeyPatch, failures: int, status: int
) -> None:
    monkeypatch.setattr(TaskRunner, "run", lambda self, parsed: [Struct(exitStatus=1)] * failures)
    assert command(*IDS) == status


def test_another_configuration_is_a_failure(command: Command) -> None:
    assert command(*IDS).resultList
    assert command(*IDS, "-c", "gain=2") == 1
    assert command(*IDS, "-c", "gain=2", "--clobber-config").resultList


@pytest.mark.parametrize("more", [(), ("-j", "2")], ids=["serial", "processes"])
@pytest.mark.parametrize(
    ("act", "message"),
    [("exit", "SystemExit: 0"), ("mute", "Mute|^$"), ("two", "no stars"), ("holding", "held")],
)
def test_doraise_lets_whatever_error_out(
    command: Command, act: str, message: str, more: tuple[str, ...]
) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011  # the text is looked at below
        command(*IDS, "--doraise", *more, acts={2: act})
    assert re.search(message, told(raised.value))


def test_a_task_whose_constructor_ends_the_program_is_a_failure(
    command: Command, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy.ToyTask, "__init__", lambda self, **keywords: sys.exit(0))
    with pytest.raises(
        RuntimeError, match="the task raised SystemExit: 0, which would end the program"
    ):
        command(*IDS)


@pytest.mark.parametrize(("code", "status"), [(0, 1), (None, 1), (7, 7)])
def test_a_runner_that_ends_the_program_is_a_failure(
    command: Command, monkeypatch: pytest.MonkeyPatch, code: int | None, status: int
) -> None:
    monkeypatch.setattr(TaskRunner, "getTargetList", lambda *anything: sys.exit(code))
    assert command(*IDS) == status


def test_a_task_without_a_configuration_is_told(toy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toy.ToyTask, "ConfigClass", None)
    with pytest.raises(RuntimeError, match="ToyTask needs a ConfigClass"):
        toy.ToyTask.parseAndRun(["repo"])


def test_an_interrupt_before_the_first_target_ends_with_130(
    command: Command, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TaskRunner, "getTargetList", _interrupt)
    assert command(*IDS) == 130


def _interrupt(*anything: Any) -> None:
    raise KeyboardInterrupt


def test_a_process_that_died_between_two_targets_counts_in_the_status(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(self: TaskRunner, parsed: Any) -> list[Struct]:
        self.died = ["signal 9, SIGKILL"]
        return [Struct(exitStatus=0)]

    monkeypatch.setattr(TaskRunner, "run", run)
    assert command(*IDS) == 1


def test_noexit_returns_all_the_same(command: Command, caplog: pytest.LogCaptureFixture) -> None:
    done = command(*IDS, "--noExit", acts={2: "raise"})
    assert [result.exitStatus for result in done.resultList] == [0, 1, 0, 0]
    assert "--noExit ignores it" in caplog.text


def test_an_interrupt_ends_with_130(command: Command, caplog: pytest.LogCaptureFixture) -> None:
    assert command(*IDS, acts={2: "interrupt"}) == 130
    assert "--skip-existing processes the rest" in caplog.text


def test_all_that_is_done_already_is_no_failure(command: Command) -> None:
    command(*IDS)
    assert [result.skipped for result in command(*IDS, "--skip-existing").resultList] == [True] * 4
    assert [result.skipped for result in command(*IDS, "--redo-failed").resultList] == [True] * 4


def test_two_processes_do_what_one_does(command: Command, tmp_path: Path) -> None:
    assert len(command(*IDS, "-j", "2").resultList) == 4
    assert Butler(tmp_path / "out").datasetExists(
        "characterizeImage_metadata", visit=410877, ccdnum=4
    )


def test_showing_changes_nothing(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*IDS, "--show", "data", "config") == 0
    assert not (tmp_path / "out").exists()
    assert "id dataRef.dataId = {'visit': 410877, 'ccdnum': 1," in capsys.readouterr().out


SCRIPT = """
from toytask import ToyTask
ToyTask.parseAndRun()
"""


def script(tmp_path: Path, filled: Path, *words: str) -> tuple[list[str], dict[str, str]]:
    """Write a script as Gen2's were, which does not ask whether it is run; give how to call it."""
    path = tmp_path / "toy.py"
    path.write_text(SCRIPT)
    code = str(Path(__file__).parents[1] / "code")
    environment = {**os.environ, "PYTHONPATH": code}
    return [
        sys.executable,
        str(path),
        str(filled),
        "--output",
        str(tmp_path / "out"),
        *IDS,
        *words,
    ], environment


def test_a_script_that_does_not_ask_whether_it_is_run_may_have_several_processes(
    tmp_path: Path, filled: Path
) -> None:
    words, environment = script(tmp_path, filled, "-j", "2", "--longlog", "-L", "info")
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "characterizeImage: 4 done, of 4" in done.stdout


@pytest.fixture
def begun(tmp_path: Path, filled: Path, journal: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a script, two of whose processes hang in their targets."""
    acts = tmp_path / "acts.py"
    acts.write_text(f"config.acts = {{2: 'hang', 3: 'hang'}}\nconfig.journal = {str(journal)!r}\n")
    words, environment = script(tmp_path, filled, "-j", "2", "-C", str(acts))
    os.mkfifo(journal)
    with started(words, environment) as process:
        wait_for_lines(process, journal, {"begin 2", "begin 3"})
        yield process


@contextlib.contextmanager
def started(words: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a program in a session of its own, all of whose processes are killed at the end."""
    with subprocess.Popen(
        words,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=restore_signals,  # noqa: PLW1509  # it takes no lock
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def restore_signals() -> None:
    """Restore signals, which tests that run in the background may ignore."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def wait_for_lines(process: subprocess.Popen[str], pipe: Path, lines: set[str]) -> None:
    """Wait until some lines have come through a named pipe; fail if the process ends before."""
    text = b""
    # Opened to write as well, it waits for nobody and never ends.
    reader = os.open(pipe, os.O_RDWR)
    try:
        while not lines <= set(text.decode().splitlines()):
            if select.select([reader], [], [], 0.1)[0]:
                text += os.read(reader, 4096)
            elif process.poll() is not None:
                pytest.fail(f"it ended with {process.returncode}: {process.communicate()[0]}")
    finally:
        os.close(reader)


def test_a_script_that_ends_before_it_begins_its_targets_is_not_waited_for(journal: Path) -> None:
    os.mkfifo(journal)
    code = "import sys; print('no targets'); sys.exit(3)"
    with (
        started([sys.executable, "-c", code], dict(os.environ)) as process,
        pytest.raises(pytest.fail.Exception, match="it ended with 3: no targets"),
    ):
        wait_for_lines(process, journal, {"begin 2"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_started_program_does_not_ignore_a_signal_that_the_tests_ignore(
    number: signal.Signals,
) -> None:
    code = f"import signal; print(signal.getsignal({number:d}) is signal.SIG_IGN)"
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with started([sys.executable, "-c", code], dict(os.environ)) as process:
            assert process.communicate()[0] == "False\n"
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a batch system"])
def test_an_interrupt_ends_all_processes_and_leaves_whole_outputs(
    begun: subprocess.Popen[str], tmp_path: Path, by: signal.Signals
) -> None:
    if by == signal.SIGINT:
        os.killpg(begun.pid, by)  # a terminal sends it to all
    else:
        begun.send_signal(by)
    out, _ = begun.communicate()  # until no process has it open
    assert begun.returncode == 130, out
    # That 1 is done may not have come through yet when the interrupt does.
    assert re.search(r"to do: --id visit=410877 ccdnum=[12]\.\.4$", out, re.MULTILINE), out
    assert not list((tmp_path / "out").rglob(".part-*"))


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGHUP], ids=lambda by: str(by.name))
def test_no_process_outlives_the_one_that_started_it(
    begun: subprocess.Popen[str], by: signal.Signals
) -> None:
    begun.send_signal(by)
    begun.communicate()  # until no process has it open
    assert begun.returncode == -by


def test_an_older_task_has_its_runner() -> None:
    assert LegacyCmdLineTask.RunnerClass is LegacyTaskRunner
    assert CmdLineTask.RunnerClass is TaskRunner
