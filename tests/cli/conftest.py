"""The ``persistence`` command as a user types it, and a rerun of a rerun with one dataset of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from persistence import Butler, Config, Exposure, Mask
from persistence.cli import main
from persistence.quality.catalogs import catalog


class Done(NamedTuple):
    """What came of a command."""

    status: object
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command with some words."""

    def act(*words: object) -> Done:
        capsys.readouterr()
        try:
            status: object = main.main([str(word) for word in words])
        except SystemExit as end:
            status = end.code
        return Done(status, *capsys.readouterr())

    return act


@pytest.fixture(scope="session")
def rerun(
    filled: Path, tmp_path_factory: pytest.TempPathFactory, make_calibs: Callable[..., Path]
) -> Path:
    """Return a rerun, on a rerun with data, on the shared repository. Do not change it."""
    folder = tmp_path_factory.mktemp("reruns")
    butler = Butler(inputs=str(filled), outputs=str(folder / "first"))
    make_calibs(folder / "first", files=False)
    data_id = {"visit": 410877, "ccdnum": 28}
    raw: Exposure = butler.get("raw", data_id)
    saturated = raw.image > np.median(raw.image) + 50
    butler.put(
        raw.replaced(mask=Mask.from_flags({"SAT": saturated}), variance=raw.image / 4),
        "calexp",
        data_id,
    )
    table = Table({"id": [1, 2, 3], "flux": [1.5, np.nan, 3.0]})
    table["flux"].unit = "nJy"
    table["name"] = MaskedColumn(["a", "b", "c"], mask=[False, True, False])
    butler.put(table, "src", data_id)
    butler.put(table[["id", "flux"]], "deepCoadd_obj", tract=0, patch="0,0")
    butler.put("one\ntwo\n", "ossThumb", data_id)
    butler.put(np.arange(6.0).reshape(2, 3), "starGalaxy_classifier", label="x")
    butler.put(
        {"nan": float("nan"), "list": [1, 2], "text": "a\nb"}, "processCcd_metadata", data_id
    )
    butler.put(catalog([{"id": 28, "visit": 410877, "seeing": 1.1}]), "ccdSummary", data_id)
    butler.put(Config({"isr.doBias": True}, "a.B"), "processCcd_config")
    Butler(inputs=str(folder / "first"), outputs=str(folder / "second"))
    _journal(folder / "second")
    return folder / "second"


def _journal(root: Path) -> None:
    """Write a file, and a line by hand, which says that it was made of one that is gone."""
    (root / ".persistence/journal").mkdir(parents=True)
    (root / ".persistence/note.txt").touch()
    line = {"op": "put", "t": 1.0, "f": ".persistence/note.txt", "d": "src", "o": ["."]}
    line["n"] = [["raw", 0, "gone.fits", {"visit": 5}, 1, 1]]
    (root / ".persistence/journal/far-54321.jsonl").write_text(f"{json.dumps(line)}\n")
