"""The page doc/provenance.rst: its commands and snippets are run in order, and print what it shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from .pages import blocks, run

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sep", reason="pip install '.[tasks]'")

# What is another each time: times, users, hosts, programs, digests, versions, durations.
OTHERWISE = [
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME"),
    (r"by \S+ on \S+", "by USER"),
    (r"(TIME) +\S+ +\S+ +put", r"\1 USER put"),
    (r"time +user +host +what", "time USER what"),
    (r"(ccdnum=\d+) +\S.*?\S +(?=depth/)", r"\1  TASK  "),
    (r"  id +task +", "  id  task  "),
    (r"after \S+ s", "after a while"),
    (r"in \S+ s in \S*repo/", "in repo/"),
    (r"sha256 [0-9a-f]{12}", "sha256"),
    (r"versions  .*", "versions"),
    (r"command  \S*processCcd.py", "command  processCcd.py"),
    (r"journals of \S*repo have", "journals of repo have"),
]


def alike(text: str) -> list[str]:
    for pattern, word in OTHERWISE:
        text = re.sub(pattern, word, text)
    return text.splitlines()


@pytest.mark.slow
def test_the_page_works_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    printed, compared = "", 0
    for language, text in blocks("doc/provenance.rst"):
        if language == "sh":
            printed = run(text, tmp_path)
        elif language == "python":
            if "carry" in text:
                (tmp_path / "elsewhere").mkdir()
                shutil.copytree(tmp_path / "repo/rerun/a/depth", tmp_path / "elsewhere/depth")
            capsys.readouterr()
            exec(compile(text, "provenance.rst", "exec"), names)
            printed = capsys.readouterr().out.rstrip("\n")
        else:
            # Of processCcd, what it logs comes first.
            shown = alike(text)
            assert alike(printed)[-len(shown) :] == shown
            compared += 1
    assert compared == 6
    (line,) = (tmp_path / "elsewhere/.persistence/journal").iterdir()
    assert '"o":["../repo/rerun/a"]' in line.read_text()
