"""The page doc/tasks.rst: the task that it writes runs, and prints what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.table import Table

from persistence import Butler

from .pages import blocks, run

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
STARS, SOURCES = 121, 335


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """Return a directory with a repository of one catalog, as the README leaves it."""
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    src = Table(
        {
            "slot_PsfFlux_instFlux": [3000.0] * STARS + [100.0] * (SOURCES - STARS),
            "slot_PsfFlux_instFluxErr": [100.0] * SOURCES,
            "base_ClassificationExtendedness_value": [0.0] * SOURCES,
        }
    )
    rerun = Butler(inputs=str(tmp_path / "repo"), outputs=str(tmp_path / "repo/rerun/first"))
    rerun.put(src, "src", visit=234567, ccdnum=28)
    return tmp_path


@pytest.mark.slow
def test_the_page_works_as_it_is_read(beside: Path) -> None:
    printed, compared = "", 0
    for kind, text in blocks("doc/tasks.rst"):
        if kind == "sh":
            printed = run(text, beside).replace(f"{beside}/", "")
        else:
            last = printed.splitlines()[-len(text.splitlines()) :]
            shown = [line.partition(" in 0.1 s")[0] for line in text.splitlines()]
            assert [line[: len(words)] for line, words in zip(last, shown, strict=True)] == shown
            compared += 1
    assert compared == 3
