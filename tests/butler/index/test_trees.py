"""The indexes of repositories: one for each tree, with the templates of all its dataset types."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.butler.index import trees
from persistence.butler.index.tree import Tree
from persistence.butler.repository import Repository

Rows = Callable[..., list[tuple[Any, ...]]]


def tree_of(butler: Butler, name: str) -> tuple[Tree, Any]:
    """Return the index, and the template, of a dataset type."""
    repository: Repository = butler.chain.inputs[0]
    dataset = repository.mapper.types[name]
    return trees.of(repository, dataset), dataset.template


def test_a_tree_has_one_index_for_all_types_and_butlers(own: Path) -> None:
    one, other = Butler(own), Butler(own)
    assert tree_of(one, "raw")[0] is tree_of(other, "calexp")[0]
    assert tree_of(one, "raw")[0].root == str(own)


def test_what_is_put_and_ingested_is_seen_by_the_next_question(own: Path, rows: Rows) -> None:
    butler = Butler(own)
    tree, template = tree_of(butler, "processCcd_metadata")
    assert rows(tree, template) == []
    for ccdnum in (1, 2):
        butler.put({}, "processCcd_metadata", visit=410877, ccdnum=ccdnum)
        assert (410877, ccdnum) in rows(tree, template)
    raws = rows(*tree_of(butler, "raw"))
    assert [row[2] for row in raws] == [410877, 410878]


def test_calibrations_have_a_tree_of_their_own(calibrated: Butler, rows: Rows) -> None:
    tree, template = tree_of(calibrated, "bias")
    assert tree.root.endswith("/CALIB")
    assert tree is not tree_of(calibrated, "raw")[0]
    assert rows(tree, template) == [("2015-02-18", 28), ("2015-03-01", 3), ("2015-03-05", 28)]
    assert {tree.root for tree in trees.all_of(calibrated.chain.inputs[0])} == {
        tree.root,
        os.path.dirname(tree.root),
    }


def test_a_type_that_is_defined_later_is_indexed_too(own: Path, rows: Rows) -> None:
    butler = Butler(own)
    tree, _ = tree_of(butler, "raw")
    tree.build()
    butler.defineDataset("note", template="notes/%(visit)d.txt", storage="TextStorage")
    butler.put("text", "note", visit=7)
    later, template = tree_of(butler, "note")
    assert later is tree
    assert rows(tree, template) == [(7,)]


def test_files_that_are_ingested_where_they_lie_are_seen(
    tmp_path: Path, raws: list[str], root: Path, rows: Rows
) -> None:
    from persistence.cli import ingest_images

    butler = Butler(root)
    tree, template = tree_of(butler, "raw")
    assert rows(tree, template) == []
    assert ingest_images.main([str(root), *raws, "--mode", "direct"]) == 0
    assert [row[2] for row in rows(tree, template)] == [410877, 410878]
    assert butler.datasetExists("raw", visit=410877, ccdnum=1)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "dataset", "n"),
    [("latiss", "raw", 1), ("imsim", "raw", 1), ("obs_test/input", "raw", 3)],
)
def test_real_repositories_have_what_find_finds(
    real: Path, name: str, dataset: str, n: int, rows: Rows
) -> None:
    folder = real / "gen2_repos" / name
    tree, template = tree_of(Butler(folder), dataset)
    found = [tree.path(template, row) for row in rows(tree, template)]
    files = [path for path in folder.glob("raw/**/*") if path.is_file()]
    assert sorted(found) == sorted(str(path.relative_to(folder)) for path in files)
    assert len(found) == n


def test_refcats_and_links_to_their_directories_are_found(
    real: Path, root: Path, rows: Rows
) -> None:
    (root / "ref_cats").mkdir()
    (root / "ref_cats/gaia").symlink_to(real / "refcats/gaia")
    tree, template = tree_of(Butler(root), "ref_cat")
    expected = sorted(path.stem for path in (real / "refcats/gaia").glob("*.fits"))
    assert sorted(row[1] for row in rows(tree, template)) == expected
    assert "master_schema" in expected  # its name is as the template says


def test_no_more_trees_are_kept_open_than_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: Rows
) -> None:
    monkeypatch.setattr(trees, "_ENOUGH", 2)
    monkeypatch.setattr(trees, "_trees", {})  # without those of other tests
    before = len(os.listdir("/proc/self/fd"))
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
        assert rows(*tree_of(Butler(folder), "raw")) == []
    assert len(os.listdir("/proc/self/fd")) < before + 12
