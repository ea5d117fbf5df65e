"""Who does the work: what all of them promise, and what each does besides."""

from __future__ import annotations

import builtins
import contextlib
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from persistence import MissingExtra, PersistenceError
from persistence.pipe.executors import Executor, Lost, dask, processes
from persistence.pipe.executors.dask import Dask
from persistence.pipe.executors.processes import Processes
from persistence.pipe.executors.serial import Serial
from persistence.pipe.runner import TaskRunner
from persistence.pipe.work import Work

CODE = Path(__file__).parents[1] / "code"
Told = Callable[[], list[str]]


class ExecutorTests:
    """The promises that all executors keep."""

    sends: ClassVar[bool] = True
    """Whether results go through other processes."""

    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        raise NotImplementedError

    @pytest.fixture
    def work(self, toy: Any, tmp_path: Path) -> Work:
        return Work(toy.Runner(tmp_path), None, uuid.uuid4().hex)

    def test_each_target_is_done_once_and_its_result_has_its_place(
        self, executor: Executor, work: Work, tmp_path: Path
    ) -> None:
        targets = [(number, "well") for number in range(20)]
        found = dict(executor.outcomes(work, targets))
        assert {place: result.result[0] for place, result in found.items()} == dict(
            enumerate(range(20))
        )
        ended = Counter({path.name: path.stat().st_size for path in tmp_path.glob("ended-*")})
        assert ended == Counter({f"ended-{number}": 1 for number in range(20)})

    def test_work_is_done_where_it_is_said(self, executor: Executor, work: Work) -> None:
        ((_, result),) = executor.outcomes(work, [(1, "well")])
        assert (result.result[1] != os.getpid()) == self.sends

    def test_no_targets_are_no_work(self, executor: Executor, work: Work) -> None:
        assert list(executor.outcomes(work, [])) == []

    def test_what_work_raises_ends_it(self, executor: Executor, work: Work) -> None:
        with pytest.raises(ValueError, match="target 1"):
            list(executor.outcomes(work, [(1, "raise")]))

    def test_who_looks_no_further_leaves_nothing_behind(
        self, executor: Executor, work: Work
    ) -> None:
        outcomes = executor.outcomes(work, [(number, "well") for number in range(50)])
        next(outcomes)
        outcomes.close()
        assert list(outcomes) == []


class SendingTests(ExecutorTests):
    """The promises of those that send targets and results to other processes."""

    def test_a_result_that_cannot_be_sent_is_a_failure_of_that_target(
        self, executor: Executor, work: Work
    ) -> None:
        found = dict(executor.outcomes(work, [(1, "lock"), (2, "well")]))
        assert (found[0].exitStatus, found[1].exitStatus) == (1, 0)
        assert "cannot be pickled: cannot pickle '_thread.lock' object" in found[0].error

    def test_targets_that_cannot_be_sent_are_refused(self, executor: Executor, work: Work) -> None:
        unsent: Any = [(1, threading.Lock())]
        with pytest.raises(PersistenceError, match="cannot be sent to other processes"):
            list(executor.outcomes(work, unsent))


class TestSerial(ExecutorTests):
    sends: ClassVar[bool] = False

    @pytest.fixture
    def executor(self) -> Executor:
        return Serial()


class TestProcesses(SendingTests):
    @pytest.fixture
    def executor(self) -> Executor:
        return Processes(2)

    def test_a_process_that_dies_takes_one_target_with_it(
        self, toy: Any, parsed: Any, told: Told
    ) -> None:
        command = parsed({2: "die"}, processes=2)
        runner = TaskRunner(toy.ToyTask, command)
        results = runner.run(command)
        assert [result.exitStatus for result in results] == [0, 1, 0, 0]
        assert results[1].error == "its process died (signal 9, SIGKILL)"
        assert Counter(told()) == Counter(
            ["begin 2", *(f"{what} {i}" for i in (1, 3, 4) for what in ("begin", "end"))]
        )

    def test_a_process_that_ends_as_if_all_were_well_is_lost_too(
        self, toy: Any, parsed: Any
    ) -> None:
        command = parsed({2: "leave"}, processes=2)
        results = TaskRunner(toy.ToyTask, command).run(command)
        assert [result.error for result in results] == [
            "",
            "its process died (exit status 0)",
            "",
            "",
        ]

    def test_a_process_that_dies_after_its_target_was_done_is_a_failure(
        self, toy: Any, parsed: Any, told: Told
    ) -> None:
        """It is killed as its result is pickled: the record of the target is written by then."""
        command = parsed({2: "fatal result"}, processes=2)
        runner = TaskRunner(toy.ToyTask, command, doReturnResults=True)
        results = runner.run(command)
        assert "end 2" in told()
        assert [result.exitStatus for result in results] == [0, 1, 0, 0]
        assert results[1].error == "it is done, but its process died (signal 9, SIGKILL)"
        assert runner.died == []
        again = parsed({2: "fatal result"}, processes=2, skipExisting=True)
        assert [one.exitStatus for one in TaskRunner(toy.ToyTask, again).run(again)] == [0] * 4
        assert told().count("begin 2") == 1

    def test_a_process_that_dies_without_a_target_is_told(
        self, executor: Executor, work: Work
    ) -> None:
        outcomes = Processes.outcomes(executor, work, [(1, "well")])
        ((_, result),) = [next(outcomes)]
        pid = result.result[1]
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # it was noticed already
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert list(outcomes) == []
        assert executor.died == ["signal 9, SIGKILL"]

    def test_processes_that_are_ended_at_the_end_did_not_die(
        self, executor: Executor, work: Work
    ) -> None:
        list(executor.outcomes(work, [(number, "well") for number in range(9)]))
        assert executor.died == []

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # of pebble
    def test_a_pool_that_breaks_loses_what_it_has(
        self, executor: Executor, work: Work, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(processes, "_act", _unsendable)
        monkeypatch.setattr(processes, "_LOOK", 0.5)
        found = dict(executor.outcomes(work, [(1, "well"), (2, "well")]))
        assert {type(one) for one in found.values()} == {Lost}
        assert "all processes were given up" in found[0].reason

    def test_what_hangs_is_given_up_when_the_time_is_over(
        self, toy: Any, parsed: Any, told: Told
    ) -> None:
        command = parsed({2: "hang"}, processes=2, timeout=2.5)
        results = TaskRunner(toy.ToyTask, command).run(command)
        assert results[1].error == "not done within the 2.5 s of -t"
        # on a slow machine, not all others end
        for result, number in zip(results, (1, 2, 3, 4), strict=True):
            assert result.exitStatus or f"end {number}" in told()

    def test_one_process_has_a_time_limit_too(self, toy: Any, parsed: Any) -> None:
        command = parsed({1: "hang"}, detectors=(1,), timeout=0.01)
        (result,) = TaskRunner(toy.ToyTask, command).run(command)
        assert result.exitStatus == 1

    def test_libraries_compute_with_one_thread(
        self, executor: Executor, toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("OMP_NUM_THREADS", "LSST_ALLOW_IMPLICIT_THREADS"):
            monkeypatch.delenv(name, raising=False)
        work = Work(toy.Runner(tmp_path), None, uuid.uuid4().hex)
        ((_, result),) = executor.outcomes(work, [(1, "threads")])
        assert result.result == "1"
        assert "OMP_NUM_THREADS" not in os.environ
        monkeypatch.setenv("LSST_ALLOW_IMPLICIT_THREADS", "1")
        ((_, result),) = executor.outcomes(work, [(1, "threads")])
        assert result.result is None


class _Once:
    """Something that can be pickled, but not be made again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("none",)


def _unsendable(place: int) -> _Once:
    return _Once()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start a cluster, whose workers find what is in the tests' code."""
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    command = [sys.executable, str(CODE / "cluster.py")]
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


class TestDask(SendingTests):
    @pytest.fixture
    def executor(self, address: str) -> Executor:
        return Dask(address)

    @pytest.fixture
    def command(self, parsed: Any, address: str) -> Callable[..., Any]:
        return lambda acts, **said: parsed(acts, engine="dask", scheduler=address, **said)

    def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_done_twice(
        self, toy: Any, command: Any, told: Told
    ) -> None:
        numbers = (1, 2, 3, 4, 5, 6, 7, 8)
        line = command({3: "die once"}, detectors=numbers)
        results = TaskRunner(toy.ToyTask, line).run(line)
        assert [result.exitStatus for result in results] == [0] * 8
        counts = Counter(told())
        assert {number: counts[f"end {number}"] for number in numbers} == dict.fromkeys(numbers, 1)
        assert counts["begin 3"] == 2

    @pytest.mark.slow
    def test_what_kills_each_worker_is_given_up_and_the_others_are_done(
        self, toy: Any, command: Any, told: Told
    ) -> None:
        line = command({2: "die", 3: "raise"})
        results = TaskRunner(toy.ToyTask, line).run(line)
        assert [result.exitStatus for result in results] == [0, 1, 1, 0]
        assert results[1].error == "4 workers died of it"
        assert results[2].error == "ValueError: no stars"
        assert Counter(line for line in told() if line.startswith("end")) == Counter(
            ["end 1", "end 4"]
        )

    def test_a_module_that_workers_cannot_import_is_named(
        self, command: Any, tmp_path: Path, toy: Any
    ) -> None:
        (tmp_path / "lonely.py").write_text(
            "from toytask import ToyTask\nclass LonelyTask(ToyTask): pass\n"
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(tmp_path)
            import lonely
        with pytest.raises(
            PersistenceError, match=r"a worker cannot import what the task needs: .*'lonely'"
        ):
            TaskRunner(lonely.LonelyTask, command({})).run(command({}))

    def test_time_that_is_over_is_told(self, address: str, toy: Any, tmp_path: Path) -> None:
        work = Work(toy.Runner(tmp_path), None, uuid.uuid4().hex)
        ((place, lost),) = Dask(address, timeout=0.0).outcomes(work, [(1, "well")])
        assert (place, lost) == (0, Lost("not done within the 0 s of -t", died=False))

    def test_targets_that_cannot_be_sent_leave_no_client_behind(
        self, executor: Executor, work: Work, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clients: list[Any] = []
        connect = dask._client
        monkeypatch.setattr(
            dask, "_client", lambda address: clients.append(connect(address)) or clients[-1]
        )
        unsent: Any = [(1, threading.Lock())]
        with pytest.raises(PersistenceError, match="cannot be sent to other processes"):
            list(executor.outcomes(work, unsent))
        assert [client.status for client in clients] == ["closed"]

    def test_a_scheduler_that_is_lost_ends_the_run_and_no_target_has_failed(
        self, executor: Executor, work: Work, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connect = dask._client

        class Cancelling:  # what a client does to its futures when the scheduler is gone
            def __init__(self, address: str) -> None:
                self._client = connect(address)

            def __getattr__(self, name: str) -> Any:
                return getattr(self._client, name)

            def submit(self, *args: Any, key: str) -> Any:
                future = self._client.submit(*args, key=key)
                if not key.endswith("-targets"):
                    self._client.cancel([future])
                return future

        monkeypatch.setattr(dask, "_client", Cancelling)
        with pytest.raises(
            PersistenceError,
            match=r"the Dask scheduler lost the work \(.*\); --skip-existing processes the rest",
        ):
            list(executor.outcomes(work, [(1, "well")]))

    def test_a_scheduler_that_does_not_answer_is_named(
        self, work: Work, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("persistence.pipe.executors.dask._PATIENCE", 0.1)
        with pytest.raises(
            PersistenceError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:1'"
        ):
            list(Dask("tcp://127.0.0.1:1").outcomes(work, [(1, "well")]))


@pytest.mark.parametrize(
    ("library", "executor", "extra"),
    [("pebble", Processes(2), "tasks"), ("distributed", Dask("tcp://x:1"), "dask")],
)
def test_a_missing_library_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, library: str, executor: Executor, extra: str
) -> None:
    original = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == library:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=rf"pip install 'gen2-butler\[{extra}\]'"):
        list(executor.outcomes(Work(None, None, "run"), [(1, "well")]))
