"""The side file of files that are registered outside the tree: its reader and its writer."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from persistence.dataids.location import Location
from persistence.errors import RegistryLocked
from persistence.registry.direct import FILE, DirectFiles, fault
from persistence.registry.direct_writer import DirectWriter


def register(root: Path, files: dict[str, str], **options: Any) -> None:
    writer = DirectWriter(str(root), **options)
    with writer.transaction():
        writer.register({f"{root}/{path}": file for path, file in files.items()})
    writer.close()


def test_a_registered_file_is_found_and_nothing_else(tmp_path: Path) -> None:
    register(tmp_path, {"g/1.fits": "/archive/1.fits"})
    files = DirectFiles(str(tmp_path))
    assert files.find("g/1.fits") == "/archive/1.fits"
    assert files.find("g/2.fits") is None
    here = Location(str(tmp_path), "g/1.fits", 3, "FitsStorage", None, "raw", {})
    located = files.locate(here)
    assert located is not None
    assert located.uri == "/archive/1.fits[3]"
    assert located._replace(root=here.root, path=here.path) == here
    assert files.locate(here._replace(root="/calibrations")) is None


def test_a_repository_without_a_side_file_is_asked_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = DirectFiles(str(tmp_path))
    for name in ("stat", "access", "open"):
        monkeypatch.setattr(os, name, lambda *_: pytest.fail("the disk was asked"))
    assert files.find("x") is None
    assert not files.exists("x")


def test_a_side_file_that_appears_or_goes_is_noticed(tmp_path: Path) -> None:
    files = DirectFiles(str(tmp_path))
    assert not files.has_appeared()
    register(tmp_path, {"x": "/a"})
    assert files.has_appeared()
    assert not files.has_appeared()
    assert files.find("x") == "/a"
    (tmp_path / FILE).unlink()
    assert files.find("x") is None
    register(tmp_path, {"x": "/b"})
    assert files.has_appeared()
    assert files.find("x") == "/b"


def test_a_writer_finds_what_it_registers_and_forgets_what_it_removes(tmp_path: Path) -> None:
    writer, target = DirectWriter(str(tmp_path)), f"{tmp_path}/x"
    assert writer.find(target) is None
    assert not (tmp_path / ".persistence").exists()
    with writer.transaction():
        writer.register({target: "/a"})
        assert writer.find(target) == "/a"
        writer.register({target: "/b"})
    assert writer.find(target) == "/b"
    with pytest.raises(KeyError):
        _fail_after_removing(writer, target)
    assert writer.find(target) == "/b"
    with writer.transaction():
        writer.remove([target])
    assert writer.find(target) is None
    writer.close()


def test_permissions_and_patience_are_those_of_the_registry(tmp_path: Path) -> None:
    register(tmp_path, {"x": "/a"}, permissions=0o640)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o640
    first = DirectWriter(str(tmp_path))
    with first.transaction(), pytest.raises(RegistryLocked):
        register(tmp_path, {"y": "/b"}, wait=0.1)


@pytest.mark.parametrize("name", ["a name%41?#.fits", "ü.fits", "'; drop table direct; --"])
def test_any_name_is_kept(tmp_path: Path, name: str) -> None:
    register(tmp_path, {f"g/{name}": f"/archive/{name}"})
    assert DirectFiles(str(tmp_path)).find(f"g/{name}") == f"/archive/{name}"


def _fail_after_removing(writer: DirectWriter, target: str) -> None:
    with writer.transaction():
        writer.remove([target])
        raise KeyError


def _register_some(root: Path, number: int) -> None:
    for each in range(20):
        register(root, {f"{number}/{each}": f"/archive/{number}/{each}"})


def test_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    runs = [context.Process(target=_register_some, args=(tmp_path, one)) for one in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    files = DirectFiles(str(tmp_path))
    assert [run.exitcode for run in runs] == [0] * 4
    assert all(files.find(f"{one}/{each}") for one in range(4) for each in range(20))


def test_what_stands_between_a_path_and_its_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    assert fault("raw/1", str(tmp_path / "x")) == ""
    assert fault("raw/1", "/gone/x") == "raw/1 is registered for /gone/x, which is not there"
    problem = fault("raw/1", str(tmp_path / "x/y"))
    assert problem.endswith("x/y, which cannot be reached (Not a directory)")
