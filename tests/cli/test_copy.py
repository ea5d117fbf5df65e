"""``persistence copy``, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from persistence import Butler


@pytest.fixture
def source(own: Path) -> Path:
    """Return a repository with tables of two detectors."""
    butler = Butler(own, durable=False)
    for ccd in (5, 6):
        butler.put(Table({"id": [ccd]}), "src", visit=410877, ccdnum=ccd)
    return own


def test_chosen_datasets_are_copied_once(run: Any, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    words = ("copy", source, target, "--type", "src,raw", "--where", "visit == 410877")
    dry = run(*words, "--dry-run")
    assert dry.status == 0
    assert f"would be copied to {target}: 3 files" in dry.out
    assert not target.exists()
    done = run(*words)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[:3] == ["type  files", "raw       1", "src       2"]
    assert f"copied to {target}: 3 files" in done.out
    assert done.out.endswith("0 were there\n")
    assert Butler(str(target)).get("src", visit=410877, ccdnum=6)["id"].tolist() == [6]
    assert run(*words).out.endswith("0 rows; 3 were there\n")


def test_json_has_each_file(run: Any, source: Path, tmp_path: Path) -> None:
    done = run(
        "copy", source, tmp_path / "mine", "--type", "src", "--id", "ccdnum=5", "--format", "json"
    )
    (row,) = json.loads(done.out)
    assert (row["type"], Path(row["target"]).is_file()) == ("src", True)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--type", "scr"], 2, "did you mean 'src'"),
        (["--type", "src", "--with-inputs", "-1"], 2, "not negative"),
        ([], 2, "--type"),
        (["--type", "src", "--id", "ccdnum=7"], 1, ""),
    ],
)
def test_wrong_words_copy_nothing(
    run: Any, source: Path, tmp_path: Path, words: list[str], status: int, message: str
) -> None:
    done = run("copy", source, tmp_path / "mine", *words)
    assert done.status == status
    assert message in done.err
    assert not (tmp_path / "mine").exists()
