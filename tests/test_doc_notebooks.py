"""The page doc/notebooks.rst: its cells run in order, and its pictures are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler, Mask
from persistence.types.table.catalog import Catalog

from .pages import TOP, blocks

pytest.importorskip("matplotlib", reason="pip install '.[plot]'")
PAGE = "doc/notebooks.rst"


def test_the_cells_of_the_page_run(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own.rename(own.parent / "repo")
    monkeypatch.chdir(own.parent)
    rerun = Butler(inputs="repo", outputs="repo/rerun/processed")
    where = {"visit": 410877, "ccdnum": 28}
    raw = rerun.get("raw", where)
    flags = np.zeros(raw.image.shape, np.int32)
    rerun.put(raw.replaced(mask=Mask(flags, {"SAT": 1, "CR": 3})), "calexp", where)
    rerun.put(Catalog({"id": [1], "coord_ra": [3.25], "coord_dec": [-0.046]}), "src", where)
    names: dict[str, Any] = {}
    ran = 0
    for language, text in blocks(PAGE):
        if language == "python":
            exec(compile(text, PAGE, "exec"), names)
            ran += 1
    assert ran >= 4


def test_the_pictures_of_the_page_are_there() -> None:
    pictures = re.findall(r"image:: (\S+)", (TOP / PAGE).read_text())
    assert len(pictures) >= 4
    assert [name for name in pictures if not (TOP / "doc" / name).is_file()] == []
