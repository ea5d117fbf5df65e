"""How far a command is."""

from __future__ import annotations

import builtins
import io
import sys
from typing import Any

import pytest

from persistence.cli import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress.track([1, 2, 3], 3)) == [1, 2, 3]
    assert stream.getvalue() == ""


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress.track([1, 2, 3], 3)) == [1, 2, 3]
    assert "Ingesting" in stream.getvalue()


def test_without_rich_a_number_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_rich(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("rich"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(builtins, "__import__", without_rich)
    assert list(progress.track([1, 2, 3], 3)) == [1, 2, 3]
    assert "2 of 3" in stream.getvalue()


def test_a_tree_is_counted_by_its_directories_and_files(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.directories() as report:
        assert report is not None
        report(1, 3, 200)
        report(3, 3, 4567)
    assert "Indexing: 4567 files" in stream.getvalue()


def test_without_rich_a_tree_is_counted_by_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with progress.directories() as report:
        assert report is not None
        report(1, 3, 200)
    assert "1 of 3 directories, 200 files" in stream.getvalue()


@pytest.mark.parametrize("reason", ["no terminal", "quiet"])
def test_nobody_is_told_of_a_tree_who_does_not_look(
    monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    stream = Terminal() if reason == "quiet" else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.hidden(reason == "quiet"), progress.directories() as report:
        assert report is None
    assert stream.getvalue() == ""
