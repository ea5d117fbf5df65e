"""What is done with one target."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, PropertyList, PropertySet
from persistence.errors import told
from persistence.pipe import records
from persistence.pipe.struct import Struct
from persistence.pipe.work import Choice, Work, reference_of, shown

NAME = "processCcd_metadata"
OUTPUT = "output.yaml"


class Runner:
    def __init__(self, result: Any = None) -> None:
        self.result = result
        self.calls = 0

    def __call__(self, target: Any) -> Any:
        self.calls += 1
        return self.result


class Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, target: Any) -> Any:
        raise self.error


def recorded(root: Path, status: str | None, run: str = "earlier") -> Any:
    """Return a target whose record says something."""
    reference = Butler(root).dataRef("raw", visit=410877, ccdnum=28)
    if status is not None:
        metadata = PropertyList()
        error, outputs = ("why", None) if status == "failed" else ("", (OUTPUT,))
        records.note(metadata, records.Record(status, run, error, outputs), NAME)
        (root / OUTPUT).write_text("a: 1\n")
        reference.put(PropertySet({"processCcd": metadata}), NAME)
    return reference, {}


@pytest.mark.parametrize(
    ("choice", "status", "is_done"),
    [
        ("all", None, True),
        ("all", "done", True),
        ("all", "failed", True),
        ("undone", None, True),
        ("undone", "failed", True),
        ("undone", "done", False),
        ("failed", None, False),
        ("failed", "failed", True),
        ("failed", "done", False),
    ],
)
def test_a_target_is_done_if_it_is_chosen(
    own: Path, choice: Choice, status: str | None, is_done: bool
) -> None:
    runner = Runner(Struct(exitStatus=0, value=1))
    result = Work(runner, NAME, "this", choice)(recorded(own, status))
    assert runner.calls == is_done
    assert result == (
        Struct(exitStatus=0, value=1) if is_done else Struct(exitStatus=0, skipped=True)
    )


@pytest.mark.parametrize("choice", ["undone", "failed"])
@pytest.mark.parametrize("spoil", [os.unlink, lambda path: os.truncate(path, 3)])
def test_what_is_done_is_done_again_if_an_output_is_not_whole(
    own: Path, choice: Choice, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    runner, target = Runner(Struct(exitStatus=0)), recorded(own, "done")
    spoil(own / OUTPUT)
    Work(runner, NAME, "this", choice)(target)
    assert runner.calls == 1
    assert f"visit=410877 ccdnum=28 is processed again: {OUTPUT} is " in caplog.text


@pytest.mark.parametrize("choice", ["undone", "failed"])
def test_what_cannot_tell_what_became_of_it_is_done_again(own: Path, choice: Choice) -> None:
    runner, target = Runner(Struct(exitStatus=0)), recorded(own, "done")
    Path(target[0].getUri(NAME)).write_bytes(b"")
    Work(runner, NAME, "this", choice)(target)
    assert runner.calls == 1


@pytest.mark.parametrize(
    ("status", "exit_status", "error"), [("done", 0, ""), ("failed", 1, "why")]
)
def test_what_this_run_has_ended_is_not_done_again(
    own: Path, status: str, exit_status: int, error: str
) -> None:
    runner = Runner()
    result = Work(runner, NAME, "this")(recorded(own, status, run="this"))
    assert (runner.calls, result) == (0, Struct(exitStatus=exit_status, error=error))


def test_a_runner_that_gives_nothing_has_succeeded() -> None:
    assert Work(Runner(), None, "this")(("target", {})) == Struct(exitStatus=0, result=None)


def test_a_result_from_afar_is_pickled_or_a_failure() -> None:
    well, lost = (
        Work(Runner(Struct(exitStatus=0, value=value)), None, "this")
        for value in (1, threading.Lock())
    )
    assert pickle.loads(well.afar("target")) == Struct(exitStatus=0, value=1)
    result = pickle.loads(lost.afar("target"))
    assert result.exitStatus == 1
    assert result.error.startswith("it is done, but what it gives back cannot be pickled")


def test_an_error_from_afar_arrives_as_it_is_or_as_its_text(toy: Any) -> None:
    for error, arrived in (
        (ValueError("no stars"), "ValueError: no stars"),
        (toy.Two("no", "stars"), "Two: no stars"),
    ):
        with pytest.raises(Exception, match="no stars") as raised:
            Work(Failing(error), None, "this").afar("target")
        found = pickle.loads(pickle.dumps(raised.value))
        assert told(found).endswith(arrived)
        # distributed sends causes and contexts along, and follows them to their end
        assert arrived.startswith("ValueError") or raised.value.__context__ is None


def test_targets_are_shown_by_what_tells_them_apart(filled: Path) -> None:
    one, other = (Butler(filled).dataRef("raw", visit=410877, ccdnum=number) for number in (3, 28))
    assert shown((one, {})) == "visit=410877 ccdnum=3"
    assert shown(([one, other], {})) == "visit=410877 ccdnum=3; visit=410877 ccdnum=28"
    assert shown("a word") == "a word"
    assert reference_of((one, {})) is one
    assert reference_of(([one, other], {})) is None
