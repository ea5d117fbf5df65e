"""A small camera, whose repositories are quickly made, and their journals, read by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler

POLICY = """
datasets:
  raw: {template: 'raw/%(visit)d-%(ccdnum)d.txt', storage: TextStorage}
  flat: {template: 'flat/%(ccdnum)d.txt', storage: TextStorage}
  calexp: {template: 'calexp/%(visit)d-%(ccdnum)d.txt', storage: TextStorage}
  diff: {template: 'diff/%(visit)d-%(ccdnum)d.txt', storage: TextStorage}
  coadd: {template: 'coadd/%(tract)d.txt', storage: TextStorage}
  pair:
    python: types.SimpleNamespace
    composite: {one: {datasetType: calexp}, other: {datasetType: diff}}
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with four raws and two flats."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "repo"
    (tmp_path / "camera.yaml").write_text(POLICY)
    butler = Butler(outputs={"root": str(root), "mapper": str(tmp_path / "camera.yaml")})
    for ccdnum in (1, 2):
        butler.put(f"flat {ccdnum}", "flat", ccdnum=ccdnum)
        for visit in (7, 8):
            butler.put(f"raw {visit} {ccdnum}", "raw", visit=visit, ccdnum=ccdnum)
    return root


@pytest.fixture
def rerun(repo: Path) -> Callable[..., Butler]:
    """Return a function that opens a rerun of it, of a name."""

    def opened(name: str = "a", **options: Any) -> Butler:
        output = {"root": str(repo / "rerun" / name), "mode": "rw"}
        return Butler(inputs=str(repo), outputs=output, **options)

    return opened


@pytest.fixture
def by_hand() -> Callable[[Path | str], list[dict[str, Any]]]:
    """Return a function that reads the lines of a repository's journals."""

    def lines(root: Path | str) -> list[dict[str, Any]]:
        found = sorted(Path(root).glob(".persistence/journal/*.jsonl"))
        return [json.loads(line) for path in found for line in path.read_text().splitlines()]

    return lines
