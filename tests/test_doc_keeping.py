"""The page doc/keeping.rst: its commands print what it shows, one after the other."""

from __future__ import annotations

import re
import shlex
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.cli import main

_SESSION = re.compile(r"\d{8}T\d{6}Z-\d+-[0-9a-f]{4}")


def _break(folder: Path) -> None:
    cfg = folder / "repo/rerun/a/repositoryCfg.yaml"
    cfg.write_text(cfg.read_text().replace("../..", str(folder / "repo")))
    path = folder / "repo/rerun/a/0410877/src/src-0410877_28.fits"
    path.parent.mkdir(parents=True)
    path.touch()


# What happens before a command of the page, by its beginning.
BEFORE: dict[str, Callable[[Path], None]] = {"persistence doctor repo": _break}


_BLOCK = re.compile(r"^\.\. code-block:: console\n\n((?:    .*\n|\n)+)", re.M)
PAGE = Path(__file__).resolve().parents[1] / "doc" / "keeping.rst"


@pytest.fixture
def place(filled: Path, tmp_path: Path) -> Path:
    """Return a directory with the repository of the page, and its rerun."""
    shutil.copytree(filled, tmp_path / "repo", symlinks=True)
    rerun = Butler(
        inputs=str(tmp_path / "repo"), outputs=str(tmp_path / "repo/rerun/a"), durable=False
    )
    rerun.put({"a": 1}, "processCcd_metadata", visit=410877, ccdnum=28)
    return tmp_path


def test_commands_print_what_the_page_shows(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(place)
    before = dict(BEFORE)
    session = ""
    for body in _BLOCK.findall(PAGE.read_text()):
        for part in re.split(r"^\$ ", textwrap.dedent(body), flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            before.pop(command, lambda folder: None)(place)
            capsys.readouterr()
            main.main(shlex.split(command.replace("SESSION", session))[1:])
            printed = capsys.readouterr().out.replace(str(place), "/data")
            session = (_SESSION.findall(printed) or [session])[-1]
            assert _SESSION.sub("SESSION", printed).rstrip() == shown.rstrip(), command
    assert before == {}
