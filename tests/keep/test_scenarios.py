"""A repository of three reruns, two tracts, calibrations and 2,000 files: moved, copied, re-processed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from persistence import Butler
from persistence.keep import bundle, copy, diff, doctor, same, unbundle, verify

pytestmark = pytest.mark.slow
_DETECTORS = range(1, 61)
_RERUNS = ("a", "b", "c")


@pytest.fixture(scope="module")
def big(
    filled: Path, tmp_path_factory: pytest.TempPathFactory, make_calibs: Callable[..., Path]
) -> Path:
    """Return the tree; do not change it."""
    root = Path(shutil.copytree(filled, tmp_path_factory.mktemp("big") / "repo", symlinks=True))
    make_calibs(root / "CALIB")
    archive = root / "archive"
    archive.mkdir()
    for path in [path for path in root.rglob("*.fz") if path.is_symlink()]:
        copied = shutil.copy(path, archive / path.name)
        path.unlink()
        path.symlink_to(copied)  # absolute, as ingest makes them
    parent = root
    for name in _RERUNS:
        _fill(parent, root / "rerun" / name)
        parent = root / "rerun" / name
    return root


def _fill(parent: Path, root: Path, flux: float = 0.0) -> None:
    butler = Butler(inputs=str(parent), outputs=str(root), durable=False)
    for visit in (410877, 410878):
        for ccd in _DETECTORS:
            data_id = {"visit": visit, "ccdnum": ccd}
            table = Table({"id": np.arange(20), "flux": np.full(20, ccd + flux)})
            butler.put(table, "src", data_id)
            butler.put(table, "icSrc", data_id)
            butler.put({"ccd": ccd}, "processCcd_metadata", data_id)
            butler.put("text\n", "ossThumb", data_id)
    for tract in (0, 1):
        for x in range(10):
            for y in range(5):
                butler.put(Table({"id": [x, y]}), "deepCoadd_obj", tract=tract, patch=f"{x},{y}")


def _copied(big: Path, target: Path) -> Path:
    return Path(shutil.copytree(big, target, symlinks=True))


def test_the_tree_is_large_and_healthy(big: Path) -> None:
    files = [path for path in big.rglob("*") if path.is_file()]
    assert len(files) > 1700
    assert {finding.kind for finding in doctor(big).findings} == {"absolute-link"}


def test_the_whole_tree_is_moved_and_restored(big: Path, tmp_path: Path) -> None:
    old = _copied(big, tmp_path / "old")
    for path in [path for path in old.rglob("*.fz") if path.is_symlink()]:
        path.unlink()
        path.symlink_to(old / "archive" / path.name)
    for name in _RERUNS:  # as Gen2 wrote them
        cfg = old / "rerun" / name / "repositoryCfg.yaml"
        text = cfg.read_text()
        cfg.write_text(text.replace(" ../..", f" {old}").replace("- ../", f"- {old}/rerun/"))
    new = tmp_path / "disk2/survey"
    new.parent.mkdir()
    old.rename(new)
    assert len({finding.kind for finding in doctor(new).findings}) > 1
    assert doctor(new, fix=True).findings == []
    assert doctor(new).is_healthy
    butler = Butler(str(new / "rerun/c"))
    assert butler.get("raw", visit=410877, ccdnum=28).image.size
    assert butler.get("src", visit=410878, ccdnum=60)["flux"][0] == 60
    for name in _RERUNS:
        assert same(big / "rerun" / name, new / "rerun" / name)


def test_tar_rsync_and_re_processed_copies_are_the_same_until_a_value_changes(
    big: Path, tmp_path: Path
) -> None:
    (tmp_path / "tarred").mkdir()
    line = f"tar c -C '{big}' . | tar x -C '{tmp_path}/tarred'"
    subprocess.run(["sh", "-c", line], check=True)
    assert diff(big, tmp_path / "tarred").is_same
    if shutil.which("rsync"):
        subprocess.run(["rsync", "-a", f"{big}/", f"{tmp_path}/synced"], check=True)
        assert diff(big, tmp_path / "synced").is_same
    _fill(big, tmp_path / "again")
    assert diff(big / "rerun/a", tmp_path / "again").is_same
    _fill(big, tmp_path / "other", flux=0.25)
    found = diff(big / "rerun/a", tmp_path / "other")
    assert {pair.datasetType for pair in found.pairs} == {"src", "icSrc"}
    assert len(found.pairs) == 4 * len(_DETECTORS)
    assert same(big / "rerun/a", tmp_path / "other", atol=0.3)


def test_a_bundle_of_500_datasets_is_opened_in_place(big: Path, tmp_path: Path) -> None:
    types = ["src", "icSrc", "processCcd_metadata", "ossThumb", "deepCoadd_obj"]
    bundled = bundle(big / "rerun/c", tmp_path / "out.zip", types)
    assert len(bundled.files) >= 580
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
    butler = Butler(str(tmp_path / "out.zip"))
    for visit in (410877, 410878):
        for ccd in (1, 30, 60):
            assert butler.get("src", visit=visit, ccdnum=ccd)["flux"].tolist() == [ccd] * 20
    objects = butler.get("deepCoadd_obj", tract=1, patch="9,4").toDataFrame()
    assert objects["id"].tolist() == [9, 4]
    assert butler.queryMetadata("raw", "visit") == [410877, 410878]
    unbundle(tmp_path / "out.zip", tmp_path / "mine")
    copy(big / "rerun/c", tmp_path / "copied", types)
    assert diff(tmp_path / "mine", tmp_path / "copied").is_same
    left_out = ["-x", "*.sqlite3", "-x", ".persistence"]
    subprocess.run(["diff", "-r", *left_out, tmp_path / "mine", tmp_path / "copied"], check=True)
    for path in (tmp_path / "copied").rglob("*.fits"):
        original = next(filter(Path.exists, (  # of the first rerun that has it
            big / "rerun" / name / path.relative_to(tmp_path / "copied") for name in "cba"
        )))  # fmt: skip
        assert path.read_bytes() == original.read_bytes()
    assert verify(tmp_path / "mine").counts.keys() == {"same"}


def test_each_of_50_flipped_bits_in_2000_files_is_found(big: Path, tmp_path: Path) -> None:
    root = _copied(big, tmp_path / "repo")
    total = verify(root).counts["new"]
    chance = random.Random(1)
    files = [path for path in sorted(root.rglob("*.fits")) if not path.is_symlink()]
    chosen = chance.sample(files, 50)
    for path in chosen:
        status, content = path.stat(), bytearray(path.read_bytes())
        bit = chance.randrange(len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    found = verify(root)
    assert {result.path for result in found.results} == set(map(str, chosen))
    assert found.counts == {"rotted": 50, "same": total - 50}
    assert all(result.dataset is not None for result in found.results)
