"""The page doc/processing.rst: its commands and cells run in order, and print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sep", reason="pip install '.[tasks]'")

TOP = Path(__file__).resolve().parents[1]
PAGE = TOP / "doc" / "processing.rst"
CELL = re.compile(r"^\.\. code-block:: (sh|python|text)\n\n((?:    .*\n|\n)+)", re.M)
# Figures change whenever the tasks do; what they are to be is asserted in the cells, and measured by
# the evaluation.
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


def cells() -> list[tuple[str, str]]:
    """Return the kind and the text of each cell."""
    return [
        (kind, re.sub("^    ", "", text, flags=re.M).strip("\n"))
        for kind, text in CELL.findall(PAGE.read_text())
    ]


def alike(text: str) -> list[str]:
    return [" ".join(NUMBER.sub("N", line).split()) for line in text.splitlines()]


def run(command: str, folder: Path) -> str:
    path = f"{TOP / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", f"({command}) 2>&1"], cwd=folder, env=os.environ | {"PATH": path},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout.rstrip("\n")


@pytest.mark.slow
def test_the_page_works_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines: list[str] = []
    names: dict[str, Any] = {"print": lambda *values: lines.append(" ".join(map(str, values)))}
    compared = 0
    for kind, text in cells():
        if kind == "sh":
            lines[:] = run(text, tmp_path).replace(f"{tmp_path}/", "").splitlines()
        elif kind == "python":
            lines.clear()
            exec(compile(text, PAGE.name, "exec"), names)
        else:
            # Of processCcd, what it logs comes first.
            shown = alike(text)
            assert alike("\n".join(lines))[-len(shown) :] == shown
            compared += 1
    assert compared == 7


def test_the_settings_that_the_page_names_are_there() -> None:
    from persistence.tasks.process_ccd_config import ProcessCcdConfig

    config = ProcessCcdConfig()
    named = set(re.findall(r"\b((?:isr|charImage|calibrate)(?:\.\w+)+)", PAGE.read_text()))
    assert len(named) > 8
    for name in named:
        value: Any = config
        for part in name.split("."):
            value = getattr(value, part)
