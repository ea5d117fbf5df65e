"""``persistence verify``, as a user types it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler


@pytest.fixture
def tree(own: Path) -> Path:
    """Return a repository with two files of a dataset type."""
    butler = Butler(own, durable=False)
    for ccd in (1, 2):
        butler.put({"a": ccd}, "processCcd_metadata", visit=410877, ccdnum=ccd)
    return own


def rot(tree: Path) -> Path:
    path = next(tree.rglob("metadata-0410877_02.yaml"))
    status = path.stat()
    path.write_text(path.read_text().replace("2", "3"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return path


def test_what_rotted_is_told_by_its_data_id(run: Any, tree: Path) -> None:
    first = run("verify", tree)
    assert (first.status, first.err) == (0, "")
    assert first.out.startswith("6 new; ")
    path = rot(tree)
    done = run("verify", tree, "-j", "2")
    assert done.status == 1
    line = done.out.splitlines()[1]
    assert done.out.startswith("rotted (1)\n")
    assert "visit=410877 ccdnum=2" in line
    assert f"{path}: its content changed; its time is that of the manifest" in line
    assert "1 rotted, 5 same; " in done.out


def test_json_has_what_differs(run: Any, tree: Path) -> None:
    run("verify", tree)
    path = rot(tree)
    (row,) = json.loads(run("verify", tree, "--format", "json").out)
    assert (row["state"], row["path"]) == ("rotted", str(path))
    assert row["dataId"] == {"visit": 410877, "ccdnum": 2}


def test_dry_run_writes_no_manifest_and_accept_ends_it(run: Any, tree: Path) -> None:
    assert run("verify", tree, "--dry-run").out.endswith("no manifest was written\n")
    assert not (tree / ".persistence/manifest").exists()
    run("verify", tree)
    rot(tree)
    assert run("verify", tree, "--quick").status == 0
    assert run("verify", tree, "--accept").status == 0
    assert run("verify", tree).status == 0
