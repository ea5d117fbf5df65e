"""Two repositories, and two files, by what they hold; astropy's FITSDiff judges FITS files."""

from __future__ import annotations

import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

import persistence
from persistence import Butler, Config, RepositoryError, UnknownDatasetType
from persistence.errors import UsageError
from persistence.keep import same
from persistence.keep.comparison import OTHERS, STATES, compare
from persistence.keep.values import IGNORED

DATA_ID = {"visit": 410877, "ccdnum": 5}


def fill(root: Path, date: str = "2026-12-01") -> Path:
    """Return a rerun with a table, YAML, a pickle, a configuration and an image, of a date."""
    rerun = Butler(inputs=str(root), outputs=str(root / "rerun/a"), durable=False)
    for ccd in (5, 6):
        data_id = {**DATA_ID, "ccdnum": ccd}
        rerun.put(Table({"id": [1, 2, ccd], "flux": [1.0, np.nan, 3.0]}), "src", data_id)
        rerun.put({"visit": 410877, "list": [1, 2]}, "processCcd_metadata", data_id)
    rerun.put(np.arange(6.0), "starGalaxy_classifier", label="x")
    rerun.put(Config({"isr.doBias": True}, "a.B"), "processCcd_config")
    path = root / "rerun/a/image.fits"
    with fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.arange(20.0), name="SCI")]) as hdus:
        hdus[0].header["DATE"] = date
        hdus.writeto(path, checksum=True)
    return root / "rerun/a"


@pytest.fixture
def pair(own: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return two reruns that were written one after the other, of copies of a repository."""
    other = Path(shutil.copytree(own, tmp_path / "other", symlinks=True))
    return fill(own), fill(other, "2027-01-01")


def told(one: Path, other: Path, **options: Any) -> dict[str, tuple[str, ...]]:
    return {f"{pair}: {pair.state}": pair.what for pair in compare(one, other, **options).pairs}


def test_what_was_written_again_is_the_same(pair: tuple[Path, Path]) -> None:
    found = compare(*pair)
    assert found.pairs == []
    assert found.is_same
    assert found.counts["src"] == dict(zip(STATES, (0, 0, 0, 2), strict=True))
    assert (pair[0] / "image.fits").read_bytes() != (pair[1] / "image.fits").read_bytes()


def test_tar_and_rsync_copies_are_the_same(pair: tuple[Path, Path], tmp_path: Path) -> None:
    one = pair[0].parent.parent
    (tmp_path / "tarred").mkdir()
    line = f"tar c -C '{one}' . | tar x -C '{tmp_path}/tarred'"
    subprocess.run(["sh", "-c", line], check=True)
    if shutil.which("rsync"):
        subprocess.run(["rsync", "-a", f"{one}/", f"{tmp_path}/synced"], check=True)
        assert same(one, tmp_path / "synced")
    assert same(one, tmp_path / "tarred")
    assert same(one / "rerun/a", tmp_path / "tarred/rerun/a", chain=True)


def _write(path: Path, act: Callable[[Any], None]) -> None:
    with fits.open(path, mode="update") as hdus:
        act(hdus)


def a_pixel(root: Path) -> None:
    _write(root / "image.fits", lambda hdus: hdus["SCI"].data.__setitem__(3, 3.5))


def a_card(root: Path) -> None:
    _write(root / "image.fits", lambda hdus: hdus[0].header.__setitem__("OBSERVER", "me"))


def a_column(root: Path) -> None:
    table = Table({"id": [1, 2, 5], "flux": [1.0, np.nan, 3.25]})
    Butler(str(root), durable=False).put(table, "src", DATA_ID)


def an_entry(root: Path) -> None:
    value = {"visit": 410877, "list": [1, 3]}
    Butler(str(root), durable=False).put(value, "processCcd_metadata", DATA_ID)


def a_config(root: Path) -> None:
    Butler(str(root), durable=False).put(Config({"isr.doBias": False}, "a.B"), "processCcd_config")


def an_array(root: Path) -> None:
    Butler(str(root), durable=False).put(np.arange(6.0) + 1, "starGalaxy_classifier", label="x")


@pytest.mark.parametrize(
    ("change", "name", "what"),
    [
        (a_pixel, f"{OTHERS} path=image.fits", "SCI 1: 1 of 20 values differ, by up to 0.5"),
        (a_card, f"{OTHERS} path=image.fits", "HDU 0, card .OBSERVER is in the second only"),
        (a_column, "src visit=410877 ccdnum=5", ", column flux: 1 of 3 values differ, by up to 0.25"),
        (an_entry, "visit=410877 ccdnum=5", "list[1][1] is 2, and 3"),
        (a_config, "processCcd_config", "isr.doBias is True, and False"),
        (an_array, "starGalaxy_classifier label=x", "the array: 6 of 6 values differ, by up to 1"),
    ],
)  # fmt: skip
def test_what_changed_is_told_and_nothing_else(
    pair: tuple[Path, Path], change: Callable[[Path], None], name: str, what: str
) -> None:
    change(pair[1])
    ((label, lines),) = told(*pair).items()
    assert label.endswith(": differ")
    assert set(name.split()) <= set(label.removesuffix(": differ").split())
    assert any(what in line for line in lines), lines
    assert len(lines) == 1


def test_tolerances_are_numpys(pair: tuple[Path, Path]) -> None:
    a_pixel(pair[1])
    assert not same(*pair, atol=0.4)
    assert same(*pair, atol=0.6)
    assert same(*pair, rtol=0.2)
    a_column(pair[1])
    assert not same(*pair, rtol=0.07, types=["src"])
    assert same(*pair, rtol=0.08, types=["src"])


def test_cards_are_ignored_by_pattern(pair: tuple[Path, Path]) -> None:
    a_card(pair[1])
    assert not same(*pair)
    assert same(*pair, ignore=[*IGNORED, "OBS*"])


def test_what_only_one_has_is_told_by_data_id(pair: tuple[Path, Path]) -> None:
    next(pair[1].rglob("src-0410877_05.fits")).unlink()
    next(pair[0].rglob("metadata-0410877_06.yaml")).unlink()
    labels = sorted(told(*pair))
    assert [label.rpartition(": ")[2] for label in labels] == [STATES[1], STATES[0]]
    assert labels[1].startswith("src ")
    assert "ccdnum=5" in labels[1]
    assert list(told(*pair, types=["src"])) == [labels[1]]


def test_links_are_followed(pair: tuple[Path, Path]) -> None:
    path = next(pair[1].rglob("src-0410877_05.fits"))
    path.unlink()
    path.symlink_to(next(pair[0].rglob("src-0410877_05.fits")))
    assert same(*pair)


def test_registries_are_compared_by_rows(own: Path, tmp_path: Path) -> None:
    import sqlite3

    other = Path(shutil.copytree(own, tmp_path / "other", symlinks=True))
    connection = sqlite3.connect(other / "registry.sqlite3")
    connection.execute("VACUUM")
    assert same(own, other)
    connection.execute("UPDATE raw SET expTime = 1 WHERE visit = 410877")
    connection.commit()
    connection.close()
    ((label, (line,)),) = told(own, other).items()
    assert "registry.sqlite3" in label
    assert line.startswith("table raw: ")


def test_pickles_run_nothing(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (exec, ("raise SystemExit",))

    for name, value in (("a", 1), ("b", 2)):
        (tmp_path / f"{name}.pickle").write_bytes(pickle.dumps([Evil(), value]))
    assert not same(tmp_path / "a.pickle", tmp_path / "b.pickle")


def test_objects_files_and_repositories_are_not_mixed(tmp_path: Path, own: Path) -> None:
    assert persistence.keep.same({"a": np.array([1.0, np.nan])}, {"a": np.array([1.0, np.nan])})
    assert not same({"a": 1}, {"a": 1, "b": 2})
    assert not same(1, True)
    assert same(1.0, 1.05, rtol=0.1)
    with pytest.raises(UsageError, match="one is a repository, and the other is not"):
        same(own, own / "_mapper")
    with pytest.raises(RepositoryError, match="there is no directory"):
        compare(own, tmp_path / "none")
    with pytest.raises(UnknownDatasetType, match="calxep"):
        compare(own, own, types=["calxep"])


_KINDS = st.sampled_from(["image", "table", "compressed"])


@settings(max_examples=25, deadline=None)
@given(
    kind=_KINDS,
    seed=st.integers(0, 2**32 - 1),
    change=st.sampled_from(["", "date", "card", "value", "nan"]),
)
def test_two_files_differ_where_astropy_says_so(kind: str, seed: int, change: str) -> None:
    import tempfile

    chance = np.random.default_rng(seed)
    values = chance.normal(size=(8, 16)).astype("f4")
    other = values.copy()
    if change == "value":
        other[2, 3] += 1
    if change == "nan":
        other[2, 3] = np.nan
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{name}.fits" for name in "ab"]
        for path, pixels in zip(paths, (values, other), strict=True):
            hdu: Any = {
                "image": lambda data: fits.ImageHDU(data, name="X"),
                "table": lambda data: fits.BinTableHDU(Table({"a": data[:, 0], "b": data[:, 3]}), name="X"),
                "compressed": lambda data: fits.CompImageHDU(data, name="X", compression_type="GZIP_2", quantize_level=0),
            }[kind](pixels)  # fmt: skip
            if change in ("date", "card"):
                hdu.header["DATE" if change == "date" else "OBSERVER"] = path[-6:]
            fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, checksum=True)
        ignored = [*IGNORED, "CHECKSUM", "PCOUNT", "ZPCOUNT", "NAXIS1"]
        judge = fits.FITSDiff(*paths, ignore_keywords=ignored, ignore_comments=["*"])
        assert same(*paths, ignore=ignored) == judge.identical


@pytest.mark.real
def test_real_files_are_themselves_and_not_each_other(real: Path) -> None:
    files = sorted((real / "gen2_repos").rglob("*.fits*"))[:6]
    for path in files:
        assert same(path, path)
        for other in files:
            if path < other and path.read_bytes() != other.read_bytes():
                assert not same(path, other)
