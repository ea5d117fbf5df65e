"""What it costs to record, and how quickly a long journal answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.butler.provenance.store import Store
from persistence.composites import reads

POLICY = """
datasets:
  raw: {template: 'raw/%(visit)d.pickle', storage: PickleStorage}
  out: {template: 'out/%(visit)d.pickle', storage: PickleStorage}
"""
LINES = 200_000


def test_recording_beside_a_put_that_does_not(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    root = {"root": str(tmp_path / "repo"), "mapper": str(tmp_path / "camera.yaml"), "mode": "rw"}
    plain = Butler(outputs=root, durable=False)
    for visit in range(10):
        plain.put({"a": 1}, "raw", visit=visit)
    telling = Butler(str(tmp_path / "repo"), durable=False, record=True)
    with telling.recording():
        for visit in range(10):
            telling.get("raw", visit=visit)
        bench.over(
            "put, pickle, of ten inputs, over one that records none",
            lambda: telling.put({"a": 1}, "out", visit=1),
            lambda: plain.put({"a": 1}, "out", visit=1),
            100,
        )
    location = plain.chain.locate(plain.request("raw"), {"visit": 1})
    assert location is not None
    bench.at_best(
        "to remember a read, over a stat of the file",
        lambda: reads.note(location),
        lambda: os.stat(location.full_path),
        over=5,
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("journal")
    (root / ".persistence/journal").mkdir(parents=True)
    with (root / ".persistence/journal/vm-0.jsonl").open("w") as stream:
        for number in range(LINES):
            visit, ccdnum = divmod(number, 60)
            path = f"{visit}/calexp-{visit}_{ccdnum}.fits"
            inputs = [["raw", 0, f"{visit}.fits", {"visit": visit}, 1, 2]]
            line = {"op": "put", "t": 1e9 + number, "f": path, "d": "calexp", "o": [".."]}
            stream.write(f"{json.dumps(line | {'n': inputs})}\n")
    return root


def test_a_long_journal_is_read_once(bench: Any, tree: Path) -> None:
    def parsed() -> None:
        with (tree / ".persistence/journal/vm-0.jsonl").open("rb") as stream:
            for line in stream:
                json.loads(line)

    def anew() -> None:
        for path in (Path(os.environ["XDG_CACHE_HOME"]) / "persistence/provenance").glob("*"):
            path.unlink()
        Store(str(tree)).close()

    bench.ratio(f"{LINES} lines read and kept, beside json.loads of each", anew, parsed, 8, 2)

    def asked() -> None:
        store = Store(str(tree))
        assert store.last("100/calexp-100_30.fits") is not None
        store.close()

    bench.over(
        f"one of {LINES} lines, kept, over a stat of the journal",
        asked,
        lambda: os.stat(tree / ".persistence/journal/vm-0.jsonl"),
        5000,
        20,
    )
