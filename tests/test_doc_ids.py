"""The page doc/howto/ids.rst: its examples are what they show."""

from __future__ import annotations

import doctest
import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.cli import main
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap

from . import pages

PAGE = "doc/howto/ids.rst"
BLOCK = re.compile(r"^    >>> .*\n(?:    .*\n|\n)*", re.M)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work beside ``repo``, a repository of DECam with two coadds and a sky map."""
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    for patch in "1,1", "1,2":
        path = tmp_path / f"repo/deepCoadd/r/0/{patch}.fits"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    config = DiscreteConfig(
        raList=(150.0,), decList=(2.0,), radiusList=(0.4,), patchInnerDimensions=(6000, 6000),
        pixelScale=0.3,
    )  # fmt: skip
    Butler(tmp_path / "repo").put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    monkeypatch.chdir(tmp_path)


def test_the_examples_are_what_they_show() -> None:
    names: dict[str, Any] = {}
    report: list[str] = []
    sessions = [textwrap.dedent(text) for text in BLOCK.findall((pages.TOP / PAGE).read_text())]
    assert len(sessions) >= 5
    for session in sessions:
        test = doctest.DocTestParser().get_doctest(session, names, PAGE, PAGE, 0)
        test.globs = names
        doctest.DocTestRunner().run(test, out=report.append, clear_globs=False)
    assert "".join(report) == ""


def test_the_commands_print_what_they_show(capsys: pytest.CaptureFixture[str]) -> None:
    ((_, text),) = [block for block in pages.blocks(PAGE) if block[0] == "console"]
    commands = re.findall(r"^\$ persistence (.*)\n((?:(?!\$ ).*\n?)*)", text, re.M)
    assert len(commands) == 2
    for line, expected in commands:
        assert main.main(shlex.split(line)) == 0
        assert capsys.readouterr().out.rstrip() == expected.rstrip()
