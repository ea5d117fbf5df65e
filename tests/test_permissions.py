"""Who may read and write what commands and Butlers leave on the disk: the umask decides."""

from __future__ import annotations

import os
import shutil
import stat
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler
from persistence.cli import ingest_calibs, ingest_images, make_sky_map

PARTS = {"one": {"datasetType": "first"}, "two": {"datasetType": "second"}}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the permissions of each file and directory, itself too, that is no link."""
    paths = [path for path in (folder, *folder.rglob("*")) if not path.is_symlink()]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in paths}


def work(root: Path, files: Path, raws: list[str], master: Callable[..., str]) -> None:
    """Write into a repository, its calibrations and an output whatever can be written.

    Raws of mode 0666 are copied, and moved as what they are; masters are copied.
    """
    copies = [shutil.copy(path, files) for path in raws]
    for path in copies:
        os.chmod(path, 0o666)
    assert ingest_images.main([str(root), copies[0], "--mode", "copy"]) == 0
    assert ingest_images.main([str(root), copies[1], "--mode", "move"]) == 0
    (root / "CALIB").mkdir()
    paths = [master("2015-02-18"), master("2015-03-13")]
    calib = ["--calib", str(root / "CALIB"), "--validity", "99", "--mode", "copy"]
    assert ingest_calibs.main([str(root), *paths, *calib]) == 0
    assert make_sky_map.main([str(root), "--rerun", "maps"]) == 0
    butler = Butler(inputs=str(root), outputs={"root": str(root / "rerun/out"), "mode": "rw"})
    for name in ("first", "second"):
        butler.defineDataset(name, f"{name}/%(visit)d.pickle", "PickleStorage", "dict")
    for turn in (1, 2):
        butler.put(np.ones((2, 2), "f4"), "postISRCCD", visit=410877, ccdnum=28, filter="g")
        butler.put({"turn": turn}, "first", visit=1, doBackup=True)
    pair = {"composite": PARTS, "python": types.SimpleNamespace}
    butler.defineDataset("pair", **pair)
    butler.put(types.SimpleNamespace(one={}, two={}), "pair", visit=2)


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o027, 0o077])
def test_all_that_is_written_has_the_permissions_that_the_umask_leaves(
    root: Path, tmp_path: Path, raws: list[str], master: Callable[..., str], mask: int
) -> None:
    shutil.rmtree(root)
    with umask(mask):
        root.mkdir()
        (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
        (tmp_path / "files").mkdir()
        work(root, tmp_path / "files", raws, master)
    wrong: dict[str, Any] = {}
    for name, mode in modes(root).items():
        kind = 0o777 if (root / name).is_dir() else 0o666
        moved = name.endswith("410878.fits.fz")  # its permissions go with it
        if mode != (kind if moved else kind & ~mask):
            wrong[name] = oct(mode)
    assert wrong == {}
    assert {"registry.sqlite3", "CALIB/calibRegistry.sqlite3"} <= modes(root).keys()
