"""Who may read and write what commands and Butlers leave on the disk: the umask decides, or the group."""

from __future__ import annotations

import fcntl
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

from persistence import Butler, RepositoryError
from persistence.cli import ingest_calibs, ingest_images, make_sky_map
from persistence.compat import safefileio
from persistence.files import atomic, groups, settings
from persistence.ingest.task import IngestTask

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


def work(root: Path, out: Path, files: Path, raws: list[str], master: Callable[..., str]) -> None:
    """Write into a repository, its calibrations, a rerun and an output whatever can be written.

    Raws of mode 0666 are copied, and moved as what they are; masters are copied.
    """
    copies = [shutil.copy(path, files) for path in raws]
    for path in copies:
        os.chmod(path, 0o666)
    assert ingest_images.main([str(root), copies[0], "--mode", "copy"]) == 0
    assert ingest_images.main([str(root), copies[1], "--mode", "move"]) == 0
    safefileio.safeMakeDir(str(root / "CALIB"))
    paths = [master("2015-02-18"), master("2015-03-13")]
    calib = ["--calib", str(root / "CALIB"), "--validity", "99", "--mode", "copy"]
    assert ingest_calibs.main([str(root), *paths, *calib]) == 0
    assert make_sky_map.main([str(root), "--rerun", "maps"]) == 0
    butler = Butler(inputs=str(root), outputs={"root": str(out), "mode": "rw"})
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
        work(root, root / "rerun/out", tmp_path / "files", raws, master)
    wrong: dict[str, Any] = {}
    for name, mode in modes(root).items():
        kind = 0o777 if (root / name).is_dir() else 0o666
        moved = name.endswith("410878.fits.fz")  # its permissions go with it
        if mode != (kind if moved else kind & ~mask):
            wrong[name] = oct(mode)
    assert wrong == {}
    assert {"registry.sqlite3", "CALIB/calibRegistry.sqlite3"} <= modes(root).keys()


# -- groups
# ---------------------------------------------------------------------------------------------

GROUP = 55555 if os.geteuid() == 0 else os.getegid()


def share(root: Path) -> None:
    """Share a repository, or what will be one, by hand."""
    (root / ".persistence").mkdir(parents=True)
    (root / ".persistence/settings.yaml").write_text("shared: group\n")
    for path, mode in {".": 0o2770, ".persistence": 0o2770, settings.FILE: 0o660}.items():
        os.chown(root / path, -1, GROUP)
        os.chmod(root / path, mode)
    groups.forget()


def unshared(folder: Path) -> dict[str, str]:
    """Return what the group of a folder may not do all with that its owner may; links do not count."""
    wrong = {}
    for name, mode in modes(folder).items():
        owner, is_directory = mode >> 3 & 0o070, (folder / name).is_dir()
        is_wrong = mode & owner != owner or (is_directory and not mode & stat.S_ISGID)
        if is_wrong or (folder / name).stat().st_gid != GROUP:
            wrong[name] = f"{mode:o} {(folder / name).stat().st_gid}"
    return wrong


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_what_is_written_into_a_shared_repository_is_for_its_group_whatever_the_umask(
    root: Path, tmp_path: Path, raws: list[str], master: Callable[..., str], mask: int
) -> None:
    share(root)
    out = tmp_path / "out"
    share(out)
    os.chmod(root / "_mapper", 0o660)
    os.chown(root / "_mapper", -1, GROUP)
    (tmp_path / "files").mkdir()
    with umask(mask):
        work(root, out, tmp_path / "files", raws, master)
    assert unshared(out) == {}
    own = {name for name in unshared(root) if name.startswith("rerun/maps")}
    assert unshared(root).keys() == own  # it does not say that it is shared
    for name in own:
        mode = modes(root)[name] & 0o777
        assert mode == (0o777 if (root / name).is_dir() else 0o666) & ~mask
    assert {"registry.sqlite3", "CALIB/calibRegistry.sqlite3", "rerun"} <= modes(root).keys()


@pytest.mark.parametrize("mode", ["link", "relsymlink", "hardlink", "direct"])
def test_files_that_are_linked_keep_their_permissions(
    root: Path, tmp_path: Path, raws: list[str], mode: str
) -> None:
    share(root)
    source = Path(shutil.copy(raws[0], tmp_path))
    os.chmod(source, 0o600)
    before = source.stat()
    assert ingest_images.main([str(root), str(source), "--mode", mode]) == 0
    assert (source.stat().st_mode, source.stat().st_gid) == (before.st_mode, before.st_gid)


@pytest.mark.parametrize("mode", ["copy", "move"])
@pytest.mark.parametrize("links", [True, False], ids=["one file system", "two file systems"])
@pytest.mark.parametrize(("before", "after"), [(0o600, 0o660), (0o644, 0o664), (0o444, 0o444)])
def test_files_that_are_copied_or_moved_are_for_the_group_and_as_read_only_as_they_were(
    root: Path, tmp_path: Path, raws: list[str], mode: str, links: bool,
    monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:  # fmt: skip
    share(root)
    monkeypatch.setattr(atomic, "_links_work", lambda directory: links)
    source = Path(shutil.copy(raws[0], tmp_path))
    os.chmod(source, before)
    with umask(0o022):
        assert ingest_images.main([str(root), str(source), "--mode", mode]) == 0
    (raw,) = root.rglob("*.fz")
    assert f"{stat.S_IMODE(raw.stat().st_mode):o}" == f"{after:o}"
    assert raw.stat().st_gid == GROUP


def test_a_move_that_was_killed_is_ended_with_the_permissions_of_the_group(
    root: Path, tmp_path: Path, raws: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    share(root)
    source = Path(shutil.copy(raws[0], tmp_path))
    with umask(0o077), monkeypatch.context() as killed:
        killed.setattr(IngestTask, "_record", lambda *_: None)
        ingest_images.main([str(root), str(source), "--mode", "move"])
    assert source.exists()
    assert ingest_images.main([str(root), str(source), "--mode", "move"]) == 0
    assert not source.exists()
    (raw,) = root.rglob("*.fz")
    assert unshared(raw.parent) == {}


def test_a_lock_file_is_for_the_group_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share(root)
    real = fcntl.flock

    def flock(descriptor: int, how: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError("as on NFS")
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with umask(0o077), atomic.locked(str(root)):
        assert stat.S_IMODE((root / ".persistence-lock").stat().st_mode) == 0o660


def test_damaged_settings_stop_writing_and_not_reading(own: Path) -> None:
    (own / ".persistence").mkdir(exist_ok=True)
    (own / ".persistence/settings.yaml").write_text("shared: wrld")
    groups.forget()
    butler = Butler(str(own))
    assert butler.get("raw_md", visit=410877, ccdnum=28)["CCDNUM"] == 28
    with pytest.raises(
        RepositoryError, match=r"settings\.yaml:1: shared is 'wrld', and may be group"
    ):
        butler.put({}, "processCcd_metadata", visit=410877, ccdnum=28)
    assert not butler.datasetExists("processCcd_metadata", visit=410877, ccdnum=28)
