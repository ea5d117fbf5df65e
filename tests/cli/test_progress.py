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
