"""A task over many targets."""

from __future__ import annotations

import json
import pickle
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.pipe import records
from persistence.pipe.executors import Lost
from persistence.pipe.runner import (
    ButlerInitializedTaskRunner,
    Interrupted,
    LegacyTaskRunner,
    TaskRunner,
)
from persistence.pipe.struct import Struct
from persistence.pipe.task import Task
from persistence.pipe.work import Work

NAME = "characterizeImage_metadata"


@pytest.fixture
def run(toy: Any, parsed: Any) -> Callable[..., list[Any]]:
    """Return a function that runs the toy task."""

    def make(acts: dict[int, str] = {}, results: bool = False, **said: Any) -> list[Any]:
        command = parsed(acts, **said)
        return TaskRunner(toy.ToyTask, command, results).run(command)

    return make


def statuses(results: list[Any]) -> list[int]:
    return [result.exitStatus for result in results]


def test_each_target_is_run_and_what_is_written_once_is_written(
    run: Any, told: Any, tmp_path: Path
) -> None:
    assert statuses(run()) == [0] * 4
    assert told() == [f"{what} {number}" for number in (1, 2, 3, 4) for what in ("begin", "end")]
    butler = Butler(tmp_path / "out")
    assert butler.get("characterizeImage_config").gain == 1.0
    assert "numpy" in butler.get("packages")
    assert butler.get(NAME, visit=410877, ccdnum=2)["characterizeImage"]["detector"] == 2


@pytest.mark.parametrize(
    ("act", "error", "traced"),
    [
        ("raise", "ValueError: no stars", True),
        ("refuse", "TaskError: too few stars: 3 of 10", False),
        ("full", "OSError: [Errno 28] No space left on device", True),
        ("exit", "RuntimeError: the task raised SystemExit: 0, which would end the program", True),
        (
            "base",
            "RuntimeError: the task raised BaseException: no more, which would end the program",
            True,
        ),
        ("mute", "Mute: its text is not available: ValueError", True),
        ("odd", "ValueError: no file \\udcff", True),
    ],
)
def test_a_failure_is_told_and_recorded_and_stops_no_other(
    run: Any, told: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
    act: str, error: str, traced: bool,
) -> None:  # fmt: skip
    results = run({2: act})
    assert statuses(results) == [0, 1, 0, 0]
    assert results[1].error == error
    assert f"failed on dataId=visit=410877 ccdnum=2: {error}" in caplog.text
    assert ("Traceback" in capsys.readouterr().err) == traced
    record = records.read(Butler(tmp_path / "out").dataRef("raw", visit=410877, ccdnum=2), NAME)
    assert record is not None
    assert (record.status, record.error) == ("failed", error)
    assert "--id visit=410877 ccdnum=2" in caplog.text
    assert caplog.records[-1].levelname == "ERROR"  # seen also by who wants no more than warnings


def test_results_are_given_if_they_are_wished_for(run: Any) -> None:
    one, other = run({2: "raise"}, results=True, detectors=(1, 2))
    assert one.result == Struct(value=1.0)
    assert one.metadata["detector"] == 1
    assert one.dataRef.dataId["ccdnum"] == 1
    assert other.result is None
    assert "result" not in run(clobberConfig=True)[0].getDict()


def test_what_is_done_is_skipped_and_what_failed_is_done_again(
    run: Any, told: Any, journal: Path
) -> None:
    run({2: "raise", 3: "refuse"})
    journal.unlink()
    assert statuses(run(clobberConfig=True, redoFailed=True, detectors=(1, 2, 3, 4, 5))) == [0] * 5
    assert told() == ["begin 2", "end 2", "begin 3", "end 3"]
    journal.unlink()
    assert statuses(run(clobberConfig=True, skipExisting=True, detectors=(4, 5))) == [0, 0]
    assert told() == ["begin 5", "end 5"]


@pytest.mark.parametrize("option", ["skipExisting", "redoFailed", "redoStale"])
@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_is_done_is_done_again_where_its_outputs_are_gone(
    toy: Any, parsed: Any, told: Any, journal: Path, tmp_path: Path, option: str, processes: int
) -> None:
    def run(**said: Any) -> list[str]:
        journal.unlink(missing_ok=True)
        command = parsed(processes=processes, **said)
        assert statuses(TaskRunner(toy.WritingTask, command).run(command)) == [0] * 4
        return told()

    assert len(run()) == 8
    assert run(**{option: True}) == []
    butler = Butler(tmp_path / "out")
    for number, content in ((2, None), (3, "")):
        path = Path(butler.getUri("apPipe_metadata", visit=410877, ccdnum=number))
        path.unlink() if content is None else path.write_text(content)
    assert sorted(run(**{option: True})) == ["begin 2", "begin 3", "end 2", "end 3"]
    assert run(**{option: True}) == []


@pytest.mark.parametrize("name", ["_getConfigName", "writeConfig"])
def test_a_task_that_stores_no_configuration_tells_of_none(
    toy: Any, parsed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(toy.ToyTask, name, lambda self, *args, **keywords: None)
    command = parsed()
    assert statuses(TaskRunner(toy.ToyTask, command).run(command)) == [0] * 4
    (path,) = (tmp_path / "out/.persistence/journal").iterdir()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    (run,) = (line for line in lines if line["op"] == "run")
    assert "c" not in run
    assert run["task"] == toy.ToyTask._DefaultName


def test_a_task_that_keeps_no_metadata_cannot_tell(
    toy: Any, parsed: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(toy.ToyTask, "_getMetadataName", lambda self: None)
    for _ in range(2):
        command = parsed(skipExisting=True)
        assert not any(
            result.getDict().get("skipped")
            for result in TaskRunner(toy.ToyTask, command).run(command)
        )
    assert "ToyTask stores no metadata" in caplog.text


def test_a_task_that_no_policy_knows_has_its_dataset_types_defined(
    toy: Any, parsed: Any, tmp_path: Path
) -> None:
    command = parsed(processes=2)
    assert statuses(TaskRunner(toy.NightTask, command).run(command)) == [0] * 4
    butler = Butler(tmp_path / "out")
    assert butler.get("night_config").gain == 1.0
    assert butler.get("night_metadata", visit=410877, ccdnum=3)["night"]["detector"] == 3


def test_metadata_that_cannot_be_written_are_a_warning(
    toy: Any, parsed: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(toy.ToyTask, "_getMetadataName", lambda self: "nowhere_metadata")
    monkeypatch.setattr("persistence.pipe.stored.define", lambda *args: None)
    command = parsed()
    assert statuses(TaskRunner(toy.ToyTask, command).run(command)) == [0] * 4
    assert "could not be written: DecamMapper has no dataset type 'nowhere_metadata'" in caplog.text


def test_another_configuration_runs_nothing(
    run: Any, told: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run()
    before = told()
    assert run(gain=2.0) == []
    assert told() == before
    assert "gain: 2.0 now, 1.0 there" in caplog.text
    assert statuses(run(gain=2.0, clobberConfig=True)) == [0] * 4


def test_no_target_is_told(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert run(detectors=()) == []
    assert "--show data lists" in caplog.text


@pytest.mark.parametrize(("act", "error"), [("raise", ValueError), ("refuse", Exception)])
def test_doraise_lets_the_failure_out_at_once(
    run: Any, told: Any, tmp_path: Path, act: str, error: Any
) -> None:
    with pytest.raises(error):
        run({2: act}, doraise=True)
    assert told() == ["begin 1", "end 1", "begin 2"]
    record = records.read(Butler(tmp_path / "out").dataRef("raw", visit=410877, ccdnum=2), NAME)
    assert record is not None
    assert record.status == "failed"


def test_doraise_lets_another_configuration_out(run: Any) -> None:
    run()
    with pytest.raises(Exception, match="is of another run"):
        run(gain=2.0, doraise=True)


def test_doraise_reaches_out_of_other_processes(run: Any) -> None:
    with pytest.raises(ValueError, match="no stars"):
        run({1: "raise"}, doraise=True, processes=2, detectors=(1,))


def test_an_interrupt_tells_what_is_done_and_what_is_left(
    run: Any, told: Any, caplog: pytest.LogCaptureFixture, journal: Path
) -> None:
    with pytest.raises(Interrupted):
        run({2: "interrupt"})
    assert "1 done, 3 not begun or not ended, of 4" in caplog.text
    assert "to do: --id visit=410877 ccdnum=2..4" in caplog.text
    journal.unlink()
    run(skipExisting=True, clobberConfig=True)
    assert [line for line in told() if line.startswith("end")] == ["end 2", "end 3", "end 4"]


def test_a_profile_is_written_even_if_the_run_fails(run: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no stars"):
        run({1: "raise"}, doraise=True, profile=str(tmp_path / "profile"))
    assert any(name == "runDataRef" for _, _, name in pstats.Stats(str(tmp_path / "profile")).stats)  # type: ignore[attr-defined]


def test_a_task_that_must_have_one_process_gets_one(
    toy: Any, parsed: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(toy.ToyTask, "canMultiprocess", False)
    command = parsed(processes=2, timeout=1e-9)
    assert statuses(TaskRunner(toy.ToyTask, command).run(command)) == [0] * 4
    assert "ToyTask cannot run in several processes" in caplog.text


def test_a_runner_goes_to_other_processes_without_its_report(toy: Any, parsed: Any) -> None:
    command = parsed(detectors=(1,))
    runner = TaskRunner(toy.ToyTask, command)
    runner.run(command)
    assert runner.report
    assert pickle.loads(pickle.dumps(runner)).report == []


def test_a_process_that_dies_is_a_failure_even_if_its_target_is_done(
    toy: Any, parsed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    command = parsed(detectors=(1,))
    runner = TaskRunner(toy.ToyTask, command)
    runner.run(command)
    work = Work(runner, runner.metadataName, runner.runId)
    target = command.id.refList[0], {}
    assert runner._lost(target, Lost("too late", died=False), work) == Struct(exitStatus=0)
    result = runner._lost(target, Lost("it died"), work)
    assert (result.exitStatus, result.error) == (1, "it is done, but it died")
    assert "it is done, but it died" in caplog.text
    record = work.record(target)
    assert record is not None
    assert record.status == records.DONE  # and --skip-existing leaves it out
    other = Work(runner, runner.metadataName, "another run")
    runner.runId = "another run"
    assert runner._lost(target, Lost("it died"), other).exitStatus == 1


class Wanting(Task):
    """A task whose constructor wants the Butler, and whose method is called ``run``."""

    canMultiprocess = True

    def __init__(self, butler: Any = None, **more: Any) -> None:
        super().__init__(name="wanting", **more)
        self.butler = butler

    def run(self, dataRef: Any, more: int) -> tuple[Any, int]:
        return dataRef, more


def test_a_task_gets_the_butler_of_the_command_or_of_the_target(parsed: Any) -> None:
    command = parsed(detectors=(1,))
    runner = ButlerInitializedTaskRunner(Wanting, command)
    assert runner.makeTask(parsedCmd=command).butler is command.butler
    assert runner.makeTask(args=(command.id.refList[0], {})).butler is command.butler
    with pytest.raises(RuntimeError, match="for a command line or a target"):
        runner.makeTask()


def test_an_older_task_is_called_by_run(parsed: Any) -> None:
    command = parsed(detectors=(1,))
    runner = LegacyTaskRunner(Wanting, command)
    assert runner.runTask(Wanting(config=command.config), "reference", {"more": 1}) == (
        "reference",
        1,
    )


def test_targets_carry_the_keywords_that_a_runner_gives(parsed: Any) -> None:
    command = parsed(detectors=(1, 2))
    assert TaskRunner.getTargetList(command, flux=3) == [
        (one, {"flux": 3}) for one in command.id.refList
    ]
