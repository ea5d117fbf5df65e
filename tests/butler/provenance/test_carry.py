"""What is recorded goes along when files are copied into another tree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from persistence import Butler
from persistence.butler.provenance import carry

Open = Callable[..., Butler]
ByHand = Callable[[Path | str], list[dict[str, Any]]]


def test_lines_that_were_carried_tell_the_same_of_the_copy(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun("a", record=True)
    butler.get("raw", visit=7, ccdnum=1)
    butler.put("calexp", "calexp", visit=7, ccdnum=1)
    (path,) = (repo / "rerun/a/.persistence/journal").iterdir()
    path.rename(path.with_name("other-54321.jsonl"))
    lines = carry.of(str(repo / "rerun/a"), ["calexp/7-1.txt", "calexp/unknown.txt"])
    assert [line["op"] for line in lines] == ["run", "put"]
    lines = json.loads(json.dumps(lines))  # a bundle may keep them so
    target = repo.parent / "deep/er/copy"
    Butler(inputs=str(repo), outputs=str(target))
    (target / "calexp").mkdir()
    shutil.copyfile(repo / "rerun/a/calexp/7-1.txt", target / "calexp/7-1.txt")
    carry.add(str(target), lines)
    run, put = by_hand(target)
    assert (run["h"], put["h"], put["w"]) == ("other", "other", 54321)
    assert put["o"] == ["../../../repo"]
    assert put["m"] == (target / "calexp/7-1.txt").stat().st_mtime_ns
    origin = Butler(str(target)).why("calexp", visit=7, ccdnum=1)
    assert [one.file for one in origin.inputs] == [f"{repo}/raw/7-1.txt"]
    assert origin.made is not None
    assert (origin.made.host, origin.made.uid) == ("other", 54321)
    assert origin.run is not None
    assert origin.run.host == "other"
    assert Butler(str(target)).stale() == []


def test_lines_of_files_that_did_not_come_along_are_left_out(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun("a", record=True)
    for visit in (7, 8):
        butler.put("calexp", "calexp", visit=visit, ccdnum=1)
    lines = carry.of(str(repo / "rerun/a"), ["calexp/7-1.txt", "calexp/8-1.txt"])
    target = repo.parent / "copy"
    (target / "calexp").mkdir(parents=True)
    shutil.copyfile(repo / "rerun/a/calexp/8-1.txt", target / "calexp/8-1.txt")
    carry.add(str(target), lines)
    assert [line["f"] for line in by_hand(target)] == ["", "calexp/8-1.txt"]
