"""The log of tasks."""

from __future__ import annotations

import logging
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.errors import UsageError
from persistence.pipe import logs


@pytest.fixture
def levels() -> Iterator[None]:
    """Restore the log."""
    root, component = logging.getLogger(), logging.getLogger("toy.deep")
    before = root.level, component.level
    yield
    root.setLevel(before[0])
    component.setLevel(before[1])


def alone(monkeypatch: pytest.MonkeyPatch, *handlers: logging.Handler) -> None:
    """Take pytest's own handlers away."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [*handlers])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["DEBUG"], {"": 10}),
        (["trace"], {"": 5}),
        (["Warn", "info"], {"": 20}),  # the last one counts
        (["toy.deep=Fatal"], {"": 20, "toy.deep": 50}),
        (["error", "toy=debug", "toy=verbose"], {"": 40, "toy": 15}),
    ],
    ids=" ".join,
)
def test_levels_are_taken_in_any_case(words: list[str], expected: dict[str, int]) -> None:
    settings = logs.Settings()
    for word in words:
        settings.take(word)
    assert settings.levels == expected


@pytest.mark.usefixtures("levels")
def test_a_quiet_log_has_errors_and_its_file_has_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone(monkeypatch)
    path = tmp_path / "log.txt"
    for _ in range(2):  # as each process that works does
        logs.Settings(quiet=True, file=str(path)).apply()
    with logs.label("visit=1"):
        logging.getLogger("toy").info("an info")
        logging.getLogger("toy").error("an error")
    logs.Settings().apply()  # closes the file
    assert capsys.readouterr().out == "toy ERROR: an error\n"
    lines = path.read_text().splitlines()
    assert [re.sub(r" \S+T\S+ ", " ", line).partition("(test_logs")[0] for line in lines] == [
        "INFO  toy (visit=1)", "ERROR toy (visit=1)",
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["1234", "foo", "", "toy=", "toy=loud"])
def test_an_unknown_level_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="known: trace, debug"):
        logs.Settings().take(word)


def test_a_slip_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'debug'"):
        logs.Settings().take("debgu")


@pytest.mark.usefixtures("levels")
def test_a_line_has_name_level_and_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone(monkeypatch)
    settings = logs.Settings()
    settings.take("toy.deep=trace")
    settings.apply()
    log = logs.TaskLog("toy").getChild("deep")
    log.trace("a %d", 1)
    log.warn("b")
    log.fatal("c")
    logs.TaskLog("toy").verbose("not shown")
    captured = capsys.readouterr()
    assert captured.out == "toy.deep TRACE: a 1\ntoy.deep WARN: b\ntoy.deep FATAL: c\n"
    assert captured.err == ""


@pytest.mark.usefixtures("levels")
def test_a_long_line_has_time_label_and_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone(monkeypatch)
    logs.Settings(long=True).apply()
    with logs.label("visit=1"), logs.label("visit=2"):
        logs.TaskLog("toy").warn("inside")
    logs.TaskLog("toy").info("outside")
    inside, outside = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"WARN  \d{4}-\d\d-\d\dT\S+\.\d{3} toy \(visit=2\)\(test_logs.py:\d+\)- inside", inside
    )
    assert " toy ()(test_logs.py:" in outside


@pytest.mark.usefixtures("levels")
def test_a_program_that_has_said_where_lines_go_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    own = logging.NullHandler()
    alone(monkeypatch, own)
    logs.Settings().apply()
    assert logging.getLogger().handlers == [own]


@pytest.mark.usefixtures("levels")
def test_lines_go_aside_where_something_is_to_be_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone(monkeypatch)
    logs.Settings(aside=True).apply()
    logs.TaskLog("toy").info("a word")
    assert capsys.readouterr() == ("", "toy INFO: a word\n")


@pytest.mark.usefixtures("levels")
def test_what_a_program_adds_between_two_commands_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)
    logs.Settings().apply()
    own = logging.NullHandler()
    logging.getLogger().addHandler(own)
    logs.Settings(long=True).apply()
    assert own in logging.getLogger().handlers
    assert len(logging.getLogger().handlers) == 2


def test_a_log_goes_to_other_processes_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(logs.TaskLog("toy"))).logger is logging.getLogger("toy")


def test_the_log_of_a_task_counts_as_lsst_log_does(levels: None) -> None:
    log = logs.TaskLog("toy.deep")
    assert log.getName() == "toy.deep"
    log.setLevel(log.DEBUG)
    assert logging.getLogger("toy.deep").level == logging.DEBUG
    assert log.getLevel() == log.DEBUG == 10000
    log.setLevel(logging.WARNING)
    assert log.getLevel() == log.WARN == 30000
    assert (log.isEnabledFor(log.INFO), log.isEnabledFor(log.ERROR)) == (False, True)
    assert (log.isEnabledFor(logging.INFO), log.isEnabledFor(logging.ERROR)) == (False, True)


@pytest.mark.parametrize(
    "name", ["trace", "verbose", "debug", "info", "warn", "warning", "error", "fatal"]
)
def test_a_line_is_of_the_place_that_tells_it(
    name: str, levels: None, caplog: pytest.LogCaptureFixture
) -> None:
    log = logs.TaskLog("toy.deep")
    log.setLevel(1)
    with caplog.at_level(1, "toy.deep"):
        getattr(log, name)("%d%%", 5)
        log.log(log.INFO, "of lsst.log")
        if name not in ("verbose", "warning"):
            getattr(log, f"{name}f")("{:.1f} {word}", 5, word="%s")
    here = "test_a_line_is_of_the_place_that_tells_it"
    assert {record.funcName for record in caplog.records} == {here}
    assert [record.getMessage() for record in caplog.records][:2] == ["5%", "of lsst.log"]
    assert caplog.records[1].levelno == logging.INFO
    for record in caplog.records[2:]:
        assert (record.getMessage(), record.levelno) == ("5.0 %s", caplog.records[0].levelno)
