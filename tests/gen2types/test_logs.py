"""The log by the names of lsst.log."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator

import pytest

import lsst.log
from lsst.log import Log
from lsst.log.utils import temporaryLogLevel, traceSetAt
from persistence.gen2types import logs


@pytest.fixture(autouse=True)
def _own_levels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(logs, "_levels", {"": lsst.log.INFO})
    root = logging.getLogger().level
    yield
    logging.getLogger().setLevel(root)
    Log.doNotUsePythonLogging()


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_a_program_without_handlers_sees_its_messages() -> None:
    code = """
import lsst.log
log = lsst.log.Log.getLogger("my.task")
log.info("%d of %s", 3, "four")
log.debug("no")
log.setLevel(lsst.log.DEBUG)
log.debugf("{} {word}", 1, word="two")
lsst.log.setLevel("my", lsst.log.WARN)
lsst.log.Log.getLogger("my.other").info("no")
lsst.log.Log.getLogger("my.other").warn("100%")
lsst.log.info("root")
"""
    lines = [
        "my.task INFO: 3 of four",
        "my.task DEBUG: 1 two",
        "my.other WARN: 100%",
        "root INFO: root",
    ]
    assert run(code).splitlines() == lines


def test_levels_are_those_of_the_nearest_name_above() -> None:
    assert (lsst.log.DEBUG, lsst.log.FATAL, Log.WARN) == (10000, 50000, 30000)
    log = Log.getLogger("geom_test.a.b")
    assert (log.getLevel(), log.getEffectiveLevel()) == (-1, lsst.log.INFO)
    lsst.log.setLevel("geom_test.a", lsst.log.ERROR)
    assert log.getEffectiveLevel() == lsst.log.getEffectiveLevel("geom_test.a.b") == lsst.log.ERROR
    assert not log.isEnabledFor(lsst.log.WARN)
    assert log.isFatalEnabled()
    assert logging.getLogger("geom_test.a.b").getEffectiveLevel() == logging.ERROR
    assert log.getChild("c") == Log("geom_test.a.b.c")
    assert (log.getName(), log.name) == ("geom_test.a.b", "geom_test.a.b")
    assert pickle.loads(pickle.dumps(log)) == log
    assert lsst.log.LevelTranslator.logging2lsstLog(logging.WARNING) == lsst.log.WARN
    assert lsst.log.LevelTranslator.lsstLog2logging(lsst.log.WARN) == logging.WARNING


def test_messages_go_to_pythons_handlers(caplog: pytest.LogCaptureFixture) -> None:
    with lsst.log.UsePythonLogging(), caplog.at_level(logging.DEBUG):
        Log.getLogger("geom_test").warn("a %s", "b")
        try:
            raise ValueError("x")
        except ValueError:
            Log.getLogger("geom_test").exception("it failed")
    (first, second) = caplog.records
    assert (first.name, first.levelno, first.getMessage()) == ("geom_test", logging.WARNING, "a b")
    assert (first.filename, first.funcName) == (
        os.path.basename(__file__),
        "test_messages_go_to_pythons_handlers",
    )
    assert second.exc_info is not None
    assert not Log.UsePythonLogging


def test_what_messages_are_about_goes_with_them(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "_logRecordFactory", logging.LogRecord)
    lsst.log.configure_pylog_MDC("DEBUG")
    level = logging.getLogger().level
    assert lsst.log.MDC("LABEL", "visit=1") == ""
    assert lsst.log.MDC("LABEL", "visit=2") == "visit=1"
    with caplog.at_level(logging.DEBUG):
        Log.getLogger("geom_test").debug("x")
    assert str(caplog.records[0].__dict__["MDC"]) == "{LABEL=visit=2}"
    assert caplog.records[0].__dict__["MDC"]["OTHER"] == ""
    lsst.log.MDCRemove("LABEL")
    assert lsst.log.MDC("LABEL", "") == ""
    assert logging.getLogger().level == level  # only the level here has changed


def test_levels_are_configured_by_text() -> None:
    lsst.log.configure_prop(
        "log4j.rootLogger=WARN, A1\nlog4j.appender.A1=ConsoleAppender\nlog4j.logger.geom_test.a=debug\n"
    )
    assert lsst.log.getLevel("") == lsst.log.WARN
    assert lsst.log.getLevel("geom_test.a") == lsst.log.DEBUG
    lsst.log.configure()
    assert lsst.log.getLevel("") == lsst.log.INFO


def test_levels_are_set_for_a_while() -> None:
    with temporaryLogLevel("geom_test", lsst.log.DEBUG):
        assert lsst.log.getLevel("geom_test") == lsst.log.DEBUG
    assert lsst.log.getLevel("geom_test") == -1
    assert logging.getLogger("geom_test").level == 0
    traceSetAt("geom_test", 2)
    assert [lsst.log.getLevel(f"TRACE{n}.geom_test") for n in (2, 3)] == [
        lsst.log.DEBUG,
        lsst.log.INFO,
    ]


def test_pythons_messages_come_here_by_a_handler() -> None:
    code = """
import logging, lsst.log
logging.getLogger().addHandler(lsst.log.LogHandler())
logging.getLogger().setLevel(logging.DEBUG)
logging.getLogger("a").info("hello")
logging.getLogger("a").debug("no")
"""
    assert run(code) == "a INFO: hello\n"
