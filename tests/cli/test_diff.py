"""``persistence diff``, as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from persistence import Butler


@pytest.fixture
def pair(own: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return two repositories: the second one has another flux, and a table more."""
    butler = Butler(own, durable=False)
    butler.put(Table({"flux": [1.0, 2.0]}), "src", visit=410877, ccdnum=5)
    other = Path(shutil.copytree(own, tmp_path / "other", symlinks=True))
    butler = Butler(other, durable=False)
    butler.put(Table({"flux": [1.0, 2.5]}), "src", visit=410877, ccdnum=5)
    butler.put(Table({"flux": [1.0]}), "src", visit=410877, ccdnum=6)
    return own, other


def test_a_summary_by_type_and_detail_on_request(run: Any, pair: tuple[Path, Path]) -> None:
    done = run("diff", *pair)
    assert (done.status, done.err) == (1, "")
    lines = done.out.splitlines()
    assert lines[0].split("  ")[0] == "type"
    (line,) = (line for line in lines if line.startswith("src "))
    assert line.split() == ["src", "0", "1", "1", "0"]
    assert lines[-2:] == ["2 of 5 are not the same", "--detail lists them"]
    detail = run("diff", *pair, "--detail").out
    assert "src, only in the second (1)" in detail
    assert "    HDU 1, column flux: 1 of 2 values differ, by up to 0.5" in detail


def test_json_has_counts_or_the_datasets(run: Any, pair: tuple[Path, Path]) -> None:
    rows = json.loads(run("diff", *pair, "--format", "json").out)
    assert {
        "type": "src",
        "only in the first": 0,
        "only in the second": 1,
        "differ": 1,
        "same": 0,
    } in rows
    rows = json.loads(run("diff", *pair, "--detail", "--format", "json").out)
    assert [(row["state"], row["dataId"]["ccdnum"]) for row in rows] == [
        ("only in the second", 6), ("differ", 5),
    ]  # fmt: skip


def test_what_is_the_same_ends_with_0(run: Any, pair: tuple[Path, Path]) -> None:
    done = run("diff", pair[0], pair[0])
    assert (done.status, done.out.splitlines()[-1]) == (0, "the same data: 4 files")
    done = run("diff", *pair, "--type", "src", "--atol", "1")
    assert done.status == 1
    next(pair[1].rglob("src-0410877_06.fits")).unlink()
    assert run("diff", *pair, "--type", "src", "--atol", "1").status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rtol", "-1"], "a tolerance is not negative"),
        (["--type", "scr"], "did you mean 'src'"),
    ],
)
def test_wrong_words_are_told(run: Any, own: Path, words: list[str], message: str) -> None:
    done = run("diff", own, own, *words)
    assert done.status == 2
    assert message in done.err
    assert run("diff", own, own / "none").status == 2
