"""The page doc/gen3.rst: its command prints what it shows."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from persistence.cli import main
from tests.gen3.conftest import build
from tests.pages import blocks


def test_the_export_in_place_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ((language, text),) = blocks("doc/gen3.rst")
    assert language == "console"
    root = build(tmp_path / "made")
    shutil.move(root, tmp_path / "repo")
    monkeypatch.chdir(tmp_path)
    command, _, shown = text.partition("\n")
    words = shlex.split(command.removeprefix("$ persistence "))
    capsys.readouterr()
    assert main.main(words) == 0
    assert capsys.readouterr().out.rstrip().replace(f"{tmp_path}/", "") == shown
