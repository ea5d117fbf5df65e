"""A manifest, and what it tells of files that rotted, were rewritten, or are gone."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

import persistence
from persistence import Butler, RepositoryError
from persistence.files import journal
from persistence.keep import digests, manifest
from persistence.keep.verification import Verification, verify

VISITS = (410877, 410878)


@pytest.fixture
def tree(own: Path, make_calibs: Callable[..., Path]) -> Path:
    """Return a repository with calibrations, and a rerun of tables, images, YAML and pickles."""
    make_calibs(own / "CALIB")
    rerun = Butler(inputs=str(own), outputs=str(own / "rerun/a"), durable=False)
    for visit in VISITS:
        for ccd in range(1, 11):
            data_id = {"visit": visit, "ccdnum": ccd}
            rerun.put(Table({"id": np.arange(ccd * 50)}), "src", data_id)
            rerun.put({"visit": visit, "ccd": ccd}, "processCcd_metadata", data_id)
    rerun.put(np.arange(60.0), "starGalaxy_classifier", label="x")
    shutil.rmtree(own / "rerun/a/.persistence")  # as a repository of Gen2's: no journal
    return own


def states(found: Verification) -> dict[str, str]:
    return {result.path: result.state for result in found.results}


def flip(path: Path, bit: int) -> None:
    """Change one bit of a file, and leave its times as they are."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_the_manifest_has_each_file_as_others_sum_it(tree: Path) -> None:
    found = verify(tree)
    every = [
        path
        for path in tree.rglob("*")
        if path.is_file() and ".persistence" not in path.relative_to(tree).parts
    ]
    assert found.counts == {"new": len(every)}
    lines = {}
    for home in (tree, tree / "rerun/a", tree / "CALIB"):
        for text in (home / ".persistence/manifest/manifest.jsonl").read_text().splitlines():
            line = json.loads(text)
            lines[home / line["f"]] = line
    assert set(lines) == set(every)
    for path, line in lines.items():
        content = path.read_bytes()
        assert (line["s"], line["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert line["m"] == path.stat().st_mtime_ns
        if path.suffix == ".fits":
            with fits.open(path, memmap=False, disable_image_compression=True) as hdus:
                assert line["u"] == [hdu._calculate_datasum() for hdu in hdus]
    src = lines[next(tree.rglob("src-0410877_05.fits"))]
    assert (src["d"], src["i"]) == ("src", {"visit": 410877, "ccdnum": 5})
    bias = lines[next(tree.rglob("BIAS-2015-03-01-03.fits"))]
    assert (bias["d"], bias["i"]) == ("bias", {"calibDate": "2015-03-01", "ccdnum": 3})


def test_nothing_differs_in_a_tree_that_nobody_touched(tree: Path) -> None:
    total = verify(tree).counts["new"]
    again = verify(tree)
    assert (again.results, again.counts) == ([], {"same": total})
    quick = verify(tree, quick=True)
    assert (quick.results, quick.counts, quick.bytes) == ([], {"skipped": total}, 0)
    assert verify(tree, within=1.0).counts == {"skipped": total}


def test_each_of_50_flipped_bits_is_told_by_data_id_and_nothing_else(tree: Path) -> None:
    total = verify(tree).counts["new"]
    chance = random.Random(24)
    files = sorted(path for path in tree.rglob("*[0-9].*") if path.suffix in (".fits", ".yaml"))
    chosen = chance.sample([path for path in files if "rerun" in path.parts], 38)
    chosen += [path for path in files if "CALIB" in path.parts]
    twice = chance.sample(chosen, 50 - len(chosen))
    for path in (*chosen, *twice):
        flip(path, chance.randrange(path.stat().st_size * 8))
    found = verify(tree)
    assert states(found) == {str(path): "rotted" for path in chosen}
    assert found.counts == {"rotted": len(chosen), "same": total - len(chosen)}
    assert not found.is_well
    named = {str(result.dataset) for result in found.results}
    assert len(named) == len(chosen)
    assert {name.split()[0] for name in named} >= {"src", "bias", "flat"}
    assert states(verify(tree)) == states(found)  # until somebody brings them back
    assert verify(tree, quick=True).results == []


def test_it_says_which_hdu_rotted(tree: Path) -> None:
    verify(tree)
    one, other = next(tree.rglob("src-0410877_05.fits")), next(tree.rglob("src-0410877_06.fits"))
    with fits.open(one) as hdus:
        start = hdus[1].fileinfo()["datLoc"]
        head = hdus[1].fileinfo()["hdrLoc"] + 80 * 20
    flip(one, start * 8)
    flip(other, head * 8)
    told = {Path(result.path): result.what for result in verify(tree).results}
    assert told[one].startswith("the data of HDU 1 changed")
    assert told[other].startswith("a header changed")


def test_what_was_written_later_is_told_apart(tree: Path) -> None:
    verify(tree)
    newer = next(tree.rglob("metadata-0410877_05.yaml"))
    newer.write_text("a: 1\n")
    gone = next(tree.rglob("metadata-0410877_06.yaml"))
    gone.unlink()
    touched = next(tree.rglob("metadata-0410877_07.yaml"))
    touched.touch()
    added = tree / "rerun/a/notes.txt"
    added.write_text("x")
    found = verify(tree)
    assert states(found) == {str(newer): "newer", str(gone): "missing", str(added): "new"}
    assert not found.is_well
    assert states(verify(tree)) == {str(newer): "newer", str(gone): "missing"}
    assert verify(tree, accept=True).counts["newer"] == 1
    assert verify(tree).results == []


def test_what_the_journal_tells_needs_no_word(tree: Path) -> None:
    verify(tree)
    rerun = Butler(str(tree / "rerun/a"), durable=False)
    rerun.put({"now": 2}, "processCcd_metadata", visit=410877, ccdnum=5)
    path, gone = (next(tree.rglob(f"metadata-0410877_0{ccd}.yaml")) for ccd in (5, 6))
    gone.unlink()
    journal.append(str(tree / "rerun/a"), "remove", str(gone.relative_to(tree / "rerun/a")))
    found = verify(tree)
    assert states(found) == {str(path): "rewritten", str(gone): "removed"}
    assert found.is_well
    assert verify(tree).results == []


def test_a_killed_run_goes_on_where_it_was(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = verify(tree, dry_run=True).counts["new"]
    monkeypatch.setattr("persistence.keep.verification._TOGETHER", 1)

    def some(tasks: Any) -> Iterator[Any]:
        yield from tasks[:10]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(tree, track=some, jobs=1)
    torn = next(tree.rglob("progress.jsonl"))
    with torn.open("a") as stream:
        stream.write('{"f":"torn')
    found = verify(tree)
    assert found.counts == {"skipped": 10, "new": total - 10}
    assert verify(tree).counts == {"same": total}
    assert not list(tree.rglob("progress.jsonl"))


def test_dry_run_writes_nothing(tree: Path) -> None:
    before = sorted(tree.rglob("*"))
    assert verify(tree, dry_run=True).counts["new"]
    assert sorted(tree.rglob("*")) == before


def test_a_link_is_followed(tree: Path, tmp_path: Path) -> None:
    archive = tmp_path / "x.fits"
    fits.PrimaryHDU(np.zeros(10)).writeto(archive)
    (tree / "rerun/a/x.fits").symlink_to(archive)
    verify(tree)
    flip(archive, 2880 * 8 + 5)
    assert states(verify(tree)) == {str(tree / "rerun/a/x.fits"): "rotted"}


def test_a_damaged_manifest_is_told(tree: Path) -> None:
    verify(tree)
    path = tree / manifest.FOLDER / "manifest.jsonl"
    path.write_text(path.read_text().replace('"s":', '"q":'))
    with pytest.raises(RepositoryError, match=r"manifest.jsonl, line 1: is damaged"):
        verify(tree)


def test_it_is_public(tree: Path) -> None:
    assert persistence.keep.verify(tree, dry_run=True).is_well


@given(
    st.lists(
        st.tuples(st.sampled_from(["f4", ">i2", "u1", "f8"]), st.integers(0, 4000)), max_size=4
    ),
    st.integers(0, 2**32 - 1),
)
def test_sums_of_hdus_are_astropys(kinds: list[tuple[str, int]], seed: int) -> None:
    chance = np.random.default_rng(seed)
    hdus = [fits.PrimaryHDU()]
    for kind, size in kinds:
        values = chance.integers(0, 256, size * np.dtype(kind).itemsize, dtype=np.uint8).view(kind)
        hdus.append(fits.ImageHDU(np.nan_to_num(values) if "f" in kind else values))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(digests, "_CHUNK", 1001)  # chunks that end inside words
        path = f"/tmp/keep-{os.getpid()}.fits"
        try:
            fits.HDUList(hdus).writeto(path, overwrite=True, checksum=True)
            with fits.open(path, memmap=False, checksum=False) as again:
                expected = tuple(int(hdu.header["DATASUM"]) for hdu in again)
            assert digests.digest(path).datasums == expected
        finally:
            os.unlink(path)
