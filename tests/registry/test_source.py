"""A registry that is made while a Butler is open."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from persistence import Butler
from persistence.cli import ingest_images
from persistence.errors import IncompleteDataId, NoResults
from persistence.registry import kinds
from persistence.registry.source import Source


@pytest.fixture
def chain(root: Path) -> Butler:
    """Return a Butler on a rerun of a rerun of a repository without a registry."""
    first, second = root / "rerun" / "a", root / "rerun" / "b"
    Butler(inputs=str(root), outputs=str(first))
    return Butler(inputs=str(first), outputs={"root": str(second), "mode": "rw"})


def test_a_registry_that_is_made_later_answers_at_once(root: Path, raws: list[str]) -> None:
    butler = Butler(root)
    known = {"visit": 410877, "ccdnum": 28}
    for _again in range(2):
        with pytest.raises((NoResults, IncompleteDataId)):
            butler.get("raw", known)
        assert butler.queryMetadata("raw", "visit") == []
    assert ingest_images.main([str(root), *raws]) == 0
    assert butler.queryMetadata("raw", "visit") == [410877, 410878]
    assert butler.get("raw", known).detector.name == "S4"
    plan = butler.chain.plan(butler.chain.request("raw"))
    assert plan.holds(known)  # what was compiled without a registry is not kept
    assert len(butler.subset("raw", filter="g")) == 61


def test_reruns_have_the_registry_that_their_parent_gets(
    chain: Butler, root: Path, raws: list[str]
) -> None:
    assert chain.queryMetadata("raw", "visit") == []
    assert ingest_images.main([str(root), *raws]) == 0
    assert chain.queryMetadata("raw", "visit") == [410877, 410878]
    assert chain.datasetExists("raw", visit=410877, ccdnum=28)
    assert len({id(repository.registry) for repository in chain.chain.inputs}) == 1


def test_a_rerun_that_gets_a_registry_first_has_its_own(
    chain: Butler, root: Path, filled: Path
) -> None:
    second, first, below = chain.chain.inputs
    shutil.copy(filled / "registry.sqlite3", first.root)
    assert [repository.registry.path for repository in (second, first)] == [
        os.path.join(first.root, "registry.sqlite3")
    ] * 2
    assert below.registry.lists_files
    assert chain.queryMetadata("raw", "visit") == [410877, 410878]


def test_calibrations_that_are_registered_later_are_found(dated: Path, make_calibs: object) -> None:
    butler = Butler(dated)
    rerun = Butler(inputs=str(dated), outputs={"root": str(dated / "rerun/a"), "mode": "rw"})
    for one in (butler, rerun):
        with pytest.raises(NoResults, match=r"there is no calibRegistry\.sqlite3 in"):
            one.get("bias", visit=410877, ccdnum=28)
    make_calibs(dated)  # type: ignore[operator]
    uris = {one.getUri("bias", visit=410877, ccdnum=28) for one in (butler, rerun)}
    assert len(uris) == 1
    assert os.path.exists(uris.pop())


def test_a_file_that_a_writer_has_only_begun_is_no_registry_yet(tmp_path: Path) -> None:
    source = Source(str(tmp_path))
    path = tmp_path / "registry.sqlite3"
    path.write_bytes(b"")
    assert source.find() is None
    path.unlink()
    path.symlink_to("nowhere")
    assert source.find() is None


def test_one_question_is_one_look_at_the_disk(
    tmp_path: Path, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    source = Source(str(tmp_path), parents=[Source(str(parent))])
    looks: list[str] = []
    access = os.access

    def counted(path: str, mode: int) -> bool:
        looks.append(path)
        return access(path, mode)

    monkeypatch.setattr(os, "access", counted)
    assert source.find() is None
    readable = [path for path in looks if path.endswith("registry.sqlite3")]
    assert readable == looks == [str(one / "registry.sqlite3") for one in (tmp_path, parent)]
    shutil.copy(filled / "registry.sqlite3", parent)
    assert source.find() is not None
    looks.clear()
    assert source.find() is source.find()
    assert looks == []


def test_a_chain_without_registries_is_looked_through_once_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = tmp_path / "camera.yaml"
    camera.write_text("datasets: {note: {template: 'n-%(a)d.txt', storage: TextStorage}}\n")
    inputs: list[str] = []
    for number in range(8):
        root = str(tmp_path / str(number))
        told = {"root": root, "mapper": str(camera), "mode": "rw"}
        butler = Butler(inputs=inputs[-1:] or None, outputs=told)
        inputs.append(root)
    looks: list[tuple[str, str]] = []
    monkeypatch.setattr(kinds, "appeared", lambda *looked: bool(looks.append(looked)))
    assert not butler.datasetExists("note", a=1)
    for name in ("registry", "calibRegistry"):
        roots = [root for root, looked_for in looks if looked_for == name]
        # the plan, which is compiled now, looks once more
        assert len(roots) <= 3 * len(inputs), name
