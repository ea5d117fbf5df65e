"""The page doc/processing.rst: its commands and cells run in order, and print what it shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .pages import blocks, run

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sep", reason="pip install '.[tasks]'")

TOP = Path(__file__).resolve().parents[1]
PAGE = TOP / "doc" / "processing.rst"
# Figures change whenever the tasks do; what they are to be is asserted in the cells, and measured by
# the evaluation.
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


def alike(text: str) -> list[str]:
    return [" ".join(NUMBER.sub("N", line).split()) for line in text.splitlines()]


@pytest.mark.slow
def test_the_page_works_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines: list[str] = []
    names: dict[str, Any] = {"print": lambda *values: lines.append(" ".join(map(str, values)))}
    compared = 0
    for kind, text in blocks("doc/processing.rst"):
        if kind == "sh":
            lines[:] = run(text, tmp_path).replace(f"{tmp_path}/", "").splitlines()
        elif kind == "python":
            lines.clear()
            exec(compile(text, PAGE.name, "exec"), names)
        elif kind == "text":  # other kinds take too long to be run
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
