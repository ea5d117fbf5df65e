"""How fast trees are verified, copied and bundled, beside sha256sum, cp, and the disk's flushing."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler
from persistence.files import durable
from persistence.keep import verify
from persistence.keep.bundling import bundle
from persistence.keep.copying import copy
from persistence.keep.unbundling import unbundle

LARGE, SMALL = 128 << 20, 1 << 20  # bytes
# What is reached of the rate of a bare program.
RATE = 0.8


def _tree(root: Path, number: int, size: int) -> Path:
    """Return a repository with images of random pixels."""
    root.mkdir()
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    pixels = np.random.default_rng(1).integers(0, 1 << 15, (size // 2048, 1024), np.int16)
    butler = Butler(str(root))
    for ccd in range(number):
        path = Path(
            butler.getUri("calexp", visit=1000 + ccd // 60, ccdnum=ccd % 60 + 1, write=True)
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels[0, 0] = ccd
        fits.PrimaryHDU(pixels).writeto(path)
    return root


def _files(root: Path) -> list[str]:
    return sorted(map(str, root.rglob("*.fits")))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("large")
    yield _tree(folder / "repo", 4, LARGE)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("small")
    yield _tree(folder / "repo", 1000, SMALL)
    shutil.rmtree(folder)


def _anew(folder: Path, numbers: Iterator[int]) -> Path:
    """Return a new name, after what had the last one is removed."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder / f"{next(numbers)}"


def test_large_files_are_verified(bench: Any, large: Path) -> None:
    verify(large)
    bench.ratio(
        "verify 4 files of 128 MB, one at a time, over sha256sum",
        lambda: verify(large, jobs=1),
        lambda: subprocess.run(["sha256sum", *_files(large)], check=True, capture_output=True),
        1 / RATE,
        rounds=3,
    )


def test_large_files_are_copied(bench: Any, large: Path, tmp_path: Path) -> None:
    numbers = itertools.count()

    def bare() -> None:
        target = _anew(tmp_path, numbers)
        target.mkdir()
        subprocess.run(["cp", *_files(large), target], check=True)
        subprocess.run(["sync", *map(str, target.iterdir())], check=True)

    bench.ratio(
        "copy 4 files of 128 MB, over cp and sync",
        lambda: copy(large, _anew(tmp_path, numbers), ["calexp"]),
        bare,
        1 / RATE,
        rounds=3,
    )


def test_large_files_are_bundled_and_unpacked(bench: Any, large: Path, tmp_path: Path) -> None:
    numbers = itertools.count()
    archives, trees = tmp_path / "archives", tmp_path / "trees"
    archives.mkdir(), trees.mkdir()

    def bare(*_: Any) -> None:
        target = _anew(archives, numbers).with_suffix(".tar")
        subprocess.run(["sha256sum", *_files(large)], check=True, capture_output=True)
        subprocess.run(["tar", "cPf", target, *_files(large)], check=True)
        subprocess.run(["sync", target], check=True)

    bench.ratio(
        "bundle 4 files of 128 MB, over sha256sum, tar and sync",
        lambda: bundle(large, _anew(archives, numbers).with_suffix(".tar"), ["calexp"]),
        bare,
        1 / RATE,
        rounds=3,
    )
    archive = _anew(archives, numbers).with_suffix(".zip")
    bundle(large, archive, ["calexp"])

    def unpacked() -> None:
        target = _anew(trees, numbers)
        target.mkdir()
        subprocess.run(["sha256sum", archive], check=True, capture_output=True)
        subprocess.run(["cp", archive, target], check=True)
        subprocess.run(["sync", target / archive.name], check=True)

    bench.ratio(
        "unbundle 4 files of 128 MB, over sha256sum, cp and sync",
        lambda: unbundle(archive, _anew(trees, numbers)),
        unpacked,
        1 / RATE,
        rounds=3,
    )


def test_many_small_files_are_copied(bench: Any, small: Path, tmp_path: Path) -> None:
    numbers = itertools.count()

    def flushed() -> float:
        target = _anew(tmp_path, numbers)
        target.mkdir()
        new = [shutil.copy(path, target) for path in _files(small)]
        begin = time.perf_counter()
        for start in range(0, len(new), 64):
            durable.flush(new[start : start + 64], [str(target)])
        return time.perf_counter() - begin

    def ours() -> float:
        target = _anew(tmp_path, numbers)
        begin = time.perf_counter()
        copied = copy(small, target, ["calexp"])
        taken = time.perf_counter() - begin
        assert len(copied.files) == 1000
        return taken

    os.sync()
    taken, flushing = [], []
    for _ in range(3):
        taken.append(ours())
        flushing.append(flushed())
    bench.tell(
        "copy 1,000 files of 1 MB, less the disk's flushing",
        min(taken) - min(flushing), "s", f"flushing {min(flushing):.2f} s", 1.0,
    )  # fmt: skip
