"""``persistence bundle`` and ``persistence unbundle``, as a user types them."""

from __future__ import annotations

import json
import zipfile
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


def test_datasets_travel_in_one_file(run: Any, source: Path, tmp_path: Path) -> None:
    path, target = tmp_path / "out.zip", tmp_path / "mine"
    words = ("bundle", source, path, "--type", "src,raw", "--where", "visit == 410877")
    dry = run(*words, "--dry-run")
    assert dry.status == 0
    assert f"would be bundled into {path}: 3 files" in dry.out
    assert not path.exists()
    done = run(*words)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[:3] == ["type  files", "raw       1", "src       2"]
    assert f"bundled into {path}: 3 files" in done.out
    dry = run("unbundle", path, target, "--dry-run")
    assert f"would be unpacked into {target}: 5 files" in dry.out
    done = run("unbundle", path, target)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[:4] == [
        "type           files",
        "(other files)      2",
        "raw                1",
        "src                2",
    ]
    assert f"unpacked into {target}: 5 files" in done.out
    assert Butler(str(target)).get("src", visit=410877, ccdnum=6)["id"].tolist() == [6]
    assert run("verify", target).status == 0


def test_json_has_each_file(run: Any, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.tar"
    done = run("bundle", source, path, "--type", "src", "--id", "ccdnum=5", "--format", "json")
    (row,) = json.loads(done.out)
    assert (row["type"], Path(row["source"]).is_file()) == ("src", True)
    rows = json.loads(run("unbundle", path, tmp_path / "mine", "--format", "json").out)
    (one,) = [each for each in rows if each["type"] == "src"]
    assert one["path"] == row["member"]
    assert one["dataId"] == {"visit": 410877, "ccdnum": 5}


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--type", "scr"], 2, "did you mean 'src'"),
        (["--type", "src", "--with-inputs", "-1"], 2, "not negative"),
        ([], 2, "--type"),
        (["--type", "src", "--id", "ccdnum=7"], 1, ""),
    ],
)
def test_wrong_words_bundle_nothing(
    run: Any, source: Path, tmp_path: Path, words: list[str], status: int, message: str
) -> None:
    done = run("bundle", source, tmp_path / "out.zip", *words)
    assert done.status == status
    assert message in done.err
    assert not (tmp_path / "out.zip").exists()


def test_what_is_no_bundle_is_told(run: Any, source: Path, tmp_path: Path) -> None:
    assert run("unbundle", tmp_path / "none.zip", tmp_path / "mine").status == 1
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("a", "b")
    done = run("unbundle", tmp_path / "out.zip", tmp_path / "mine")
    assert done.status == 2
    assert "is no bundle" in done.err
    done = run("bundle", source, tmp_path / "out.zip", "--type", "src")
    assert done.status == 1
    assert "out.zip exists" in done.err
    done = run("bundle", source, tmp_path / "out.rar", "--type", "src")
    assert done.status == 2
    assert "neither a .zip nor a .tar" in done.err
