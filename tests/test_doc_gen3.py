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
    (text,) = (text for language, text in blocks("doc/gen3.rst") if language == "console")
    (both,) = (text for language, text in blocks("doc/gen3.rst") if language == "sh")
    root = build(tmp_path / "made")
    shutil.move(root, tmp_path / "repo")
    monkeypatch.chdir(tmp_path)
    command, _, shown = text.partition("\n")
    words = shlex.split(command.removeprefix("$ persistence "))
    capsys.readouterr()
    assert main.main(words) == 0
    assert capsys.readouterr().out.rstrip().replace(f"{tmp_path}/", "") == shown
    for line in both.splitlines():
        assert main.main(shlex.split(line)[1:]) == 0
    src = "rerun/me/0410877/src/src-0410877_25.fits"
    assert (tmp_path / "another" / src).read_bytes() == (tmp_path / "repo" / src).read_bytes()
