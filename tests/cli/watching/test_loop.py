"""The loop of a watch, with events that a test invents: no clock, no process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence import DataIdError, RegistryError
from persistence.cli.watching.loop import DataId, Datum, Ended, Event, Look, Stop, Watch
from persistence.cli.watching.state import State, stages

Step = Event | Callable[[], Event | None]


class Stage:
    """A world for a watch: what is there, what was started, and the events that come."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.there: list[int] = []
        self.started: list[int] = []
        self.terminated = 0
        self.messages: list[str] = []
        self.looks = 0
        self.fault: Exception | None = None
        self.now = 0.0
        self.waited: list[float | None] = []
        self.steps: list[Step] = []
        self.state = State(str(path / "state.jsonl"), {"type": "raw"})
        self.watch = Watch(
            self.look, self.words, self, self.state, self.next_event,
            tell=self.messages.append, note=self.messages.append, clock=lambda: self.now, **settings,
        )  # fmt: skip

    def look(self, is_known: Callable[[DataId], bool]) -> Iterator[Datum]:
        self.looks += 1
        if self.fault:
            raise self.fault
        for visit in self.there:
            if not is_known({"visit": visit}):
                yield Datum({"visit": visit}, {"visit": visit})

    def words(self, datum: Datum) -> list[str]:
        if datum.data_id["visit"] < 0:
            raise DataIdError("below zero")
        return ["run", str(datum.data_id["visit"])]

    def start(self, data_id: DataId, words: list[str]) -> None:
        assert words == ["run", str(data_id["visit"])]
        self.started.append(data_id["visit"])

    def terminate(self) -> None:
        self.terminated += 1

    def next_event(self, seconds: float | None) -> Event | None:
        self.waited.append(seconds)
        step = self.steps.pop(0)
        return step() if callable(step) else step

    def run(self, *steps: Step) -> list[int]:
        self.steps = list(steps)
        self.watch.run()
        assert not self.steps
        return self.started


def ended(visit: int, status: int | None = 0) -> Event:
    return Ended({"visit": visit}, status)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.state.close()


@pytest.fixture
def once(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, is_once=True, width=2)
    yield made
    made.state.close()


def test_what_is_there_is_run_in_its_order_and_no_more_than_so_many_at_once(once: Stage) -> None:
    once.there = [3, 1, 2]
    running: list[list[int]] = []

    def see(event: Event) -> Callable[[], Event]:
        def act() -> Event:
            running.append(list(once.started))
            return event

        return act

    assert once.run(see(ended(1)), see(ended(3)), see(ended(2))) == [3, 1, 2]
    assert running == [[3, 1], [3, 1, 2], [3, 1, 2]]
    assert (once.watch.done, once.watch.failed) == (3, 0)


def test_what_appears_later_is_run_when_the_next_look_finds_it(stage: Stage) -> None:
    def appear() -> Event:
        stage.there.append(5)
        return Look()

    assert stage.run(appear, ended(5), Look(), Stop()) == [5]


def test_without_a_notice_it_looks_when_the_interval_is_over(stage: Stage) -> None:
    def appear() -> None:
        stage.now += stage.waited[-1] or 0
        stage.there.append(5)

    assert stage.run(appear, ended(5), Stop()) == [5]
    assert stage.waited[0] == 10.0


def test_commands_that_end_all_the_time_do_not_put_the_look_off(stage: Stage) -> None:
    stage.there = [1, 2, 3]

    def later(event: Event) -> Callable[[], Event]:
        def act() -> Event:
            stage.now += 6.0
            return event

        return act

    stage.run(later(ended(1)), later(ended(2)), later(ended(3)), Stop())
    assert stage.looks == 2


def test_a_look_that_takes_long_is_not_repeated_so_soon(stage: Stage) -> None:
    def look(is_known: Callable[[DataId], bool]) -> Iterator[Datum]:
        stage.now += 7.0
        return iter(())

    stage.watch._look = look
    stage.run(Stop())
    assert stage.waited == [70.0]


def test_what_was_run_before_is_not_run_again_however_it_ended(tmp_path: Path) -> None:
    first = Stage(tmp_path)
    first.there = [1, 2, 3]
    first.run(ended(1), ended(2, 4), Stop(), Stop(), ended(3, None))
    first.state.close()
    again = Stage(tmp_path, is_once=True)
    again.there = [1, 2, 3, 4]
    assert again.run(ended(4)) == [4]
    again.state.close()


@pytest.mark.parametrize(("which", "run"), [("failed", [2]), ("cut", [3]), ("all", [2, 3])])
def test_what_failed_or_was_cut_off_is_run_again_on_request(
    tmp_path: Path, which: str, run: list[int]
) -> None:
    first = Stage(tmp_path)
    for visit in (1, 2, 3):
        first.state.begun({"visit": visit})
    with open(first.state.path, "a") as stream:  # as the shell around a command does
        for visit, status in ((1, 0), (2, 4)):
            before, after = first.state.ending({"visit": visit})
            stream.write(f"{before}{status}{after}\n")
    first.state.close()
    again = Stage(tmp_path, is_once=True)
    again.state.retry(which)
    again.there = [1, 2, 3]
    assert again.run(*map(ended, run)) == run
    again.state.close()


def test_it_is_recorded_that_a_command_begins_before_it_does(stage: Stage) -> None:
    seen = []
    stage.start = lambda data_id, words: seen.append(stages(stage.state.path))  # type: ignore[method-assign]
    stage.there = [1]
    stage.run(ended(1), Stop())
    assert seen == [{'{"visit": 1}': "begun"}]


def test_a_failure_is_told_and_the_watch_goes_on(once: Stage) -> None:
    once.there = [1, 2, 3]
    once.run(ended(1, 3), ended(2, 137), ended(3))
    assert once.messages == [
        "visit=1: ended with exit status 3",
        "visit=2: was killed by SIGKILL",
    ]
    assert (once.watch.done, once.watch.failed) == (1, 2)


@pytest.mark.parametrize("status", [126, 127])
def test_a_program_that_is_gone_does_not_fail_for_all_data(stage: Stage, status: int) -> None:
    stage.there = [1, 2, 3]
    assert stage.run(ended(1, status)) == [1]
    assert stage.messages[-1] == "the command cannot be run: no more is started"
    assert (stage.watch.failed, stage.watch.waiting) == (1, 2)


def test_a_data_id_for_which_there_is_no_command_is_told_once(tmp_path: Path) -> None:
    first = Stage(tmp_path, is_once=True)
    first.there = [-1, 2]
    assert first.run(ended(2)) == [2]
    assert first.messages == ["visit=-1: below zero: no command is run for it"]
    first.state.close()
    again = Stage(tmp_path, is_once=True)
    again.there = [-1, 2]
    assert again.run() == []
    assert not again.messages
    again.state.close()


def test_a_stop_starts_no_more_and_waits_for_what_runs(stage: Stage) -> None:
    stage.there = [1, 2]
    assert stage.run(Stop(), Look(), ended(1)) == [1]
    assert (stage.watch.waiting, stage.terminated) == (1, 0)
    assert "waiting for what runs (1)" in stage.messages[0]


def test_a_second_stop_ends_what_runs(stage: Stage) -> None:
    stage.there = [1]
    stage.run(Stop(), Stop(), ended(1, None))
    assert stage.terminated == 1
    assert stage.messages[-1] == "visit=1: was cut off"


def test_a_look_that_fails_later_is_told_and_the_next_may_be_better(stage: Stage) -> None:
    def fail() -> Event:
        stage.fault = RegistryError("it is locked")
        return Look()

    def heal() -> None:
        stage.fault = None
        stage.there = [1]
        stage.now += stage.waited[-1] or 0

    assert stage.run(fail, heal, ended(1), Stop()) == [1]
    assert stage.messages == ["RegistryError: it is locked; looking again in 10 s"]


def test_the_first_look_that_fails_ends_the_watch(stage: Stage) -> None:
    stage.fault = RegistryError("no such")
    with pytest.raises(RegistryError, match="no such"):
        stage.run()


def test_very_many_are_taken_up_in_turn(once: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("persistence.cli.watching.loop._MOST", 2)
    once.there = [1, 2, 3, 4, 5]
    assert once.run(*map(ended, once.there)) == [1, 2, 3, 4, 5]
