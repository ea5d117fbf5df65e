"""The index of a tree: it agrees with what is on the disk, whatever happened there meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence.butler.index.tree import Tree
from persistence.dataids.template import PathTemplate

CALEXP = PathTemplate("%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits")
RAW = PathTemplate("%(date)s/%(filter)s/decam%(visit)07d.fits.fz")
COADD = PathTemplate("deepCoadd/%(filter)s/%(tract)d/%(patch)s.fits")
CONFIG = PathTemplate("config/processCcd.py")
REFCAT = PathTemplate("ref_cats/%(name)s/%(pixel_id)s.fits")
TEMPLATES = (CALEXP, RAW, COADD, CONFIG, REFCAT)
ENDINGS = ("", ".gz", ".fz")


def make(root: Path, *names: str) -> bool:
    """Make empty files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return True


def remove(folder: Path) -> bool:
    """Remove a directory with all that is in it."""
    shutil.rmtree(folder)
    return True


def on_disk(root: Path, template: PathTemplate) -> list[tuple[Any, ...]]:
    """Return what `os.walk` and `PathTemplate.parse` say there is, by the keys in their order."""
    values = set()
    for directory, folders, files in os.walk(root, followlinks=True):
        folders[:] = [name for name in folders if name != ".persistence"]
        for name in files:
            path = os.path.relpath(os.path.join(directory, name), root)
            for ending in ENDINGS:
                plain = path.removesuffix(ending)
                if path == plain + ending and os.path.exists(os.path.join(directory, name)):
                    data_id = template.parse(plain)
                    if data_id is not None:
                        values.add(tuple(data_id.values()))
    return sorted(values)


def rows(tree: Tree, template: PathTemplate, **known: Any) -> list[tuple[Any, ...]]:
    """Return what the index says, brought up to date."""
    tree.refresh(template, known)
    return list(tree.rows(template, list(template.keys), known=known))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a tree with some files of each template, and others."""
    root = tmp_path / "tree"
    make(
        root,
        *(f"{v:07d}/calexp/calexp-{v:07d}_{c:02d}.fits" for v in (1, 2, 1234567) for c in (1, 28)),
        "0000003/calexp/calexp-0000004_01.fits",  # of another visit
        "0000003/calexp/calexp-0000003_1.fits",  # no two digits
        "0000003/calexp/calexp-0000003_03.fits.gz",
        "2014-01-01/g/decam0000001.fits.fz",
        "2014-01-01/g/decam0000002.fits.fz.tmp",
        "deepCoadd/g/0/1,2.fits",
        "deepCoadd/g/0/1,2_nImage.fits",
        "deepCoadd/r/17/10,12.fits.fz",
        "config/processCcd.py",
        "config/processCcd.py~1",
        "ref_cats/gaia/157393.fits",
        "notes.txt",
    )
    return root


@pytest.fixture
def tree(root: Path) -> Tree:
    """Return the index of the tree."""
    return Tree(str(root), {template.text: ENDINGS for template in TEMPLATES})


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.text)
def test_it_agrees_with_the_disk(tree: Tree, root: Path, template: PathTemplate) -> None:
    expected = on_disk(root, template)
    assert expected
    assert rows(tree, template) == expected
    assert tree.count(template) == len(expected)


def test_it_agrees_with_the_disk_after_a_whole_build(tree: Tree, root: Path) -> None:
    tree.build()
    for template in TEMPLATES:
        assert list(tree.rows(template, list(template.keys))) == on_disk(root, template)
    assert {text: totals.n for text, totals in tree.summary().items()} == {
        template.text: len(on_disk(root, template)) for template in TEMPLATES
    }


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file comes": lambda root: make(root, "0000001/calexp/calexp-0000001_02.fits"),
    "a directory comes": lambda root: make(root, "0000009/calexp/calexp-0000009_02.fits"),
    "a file goes": lambda root: (root / "0000001/calexp/calexp-0000001_01.fits").unlink(),
    "a directory goes": lambda root: remove(root / "0000001"),
    "a directory is renamed": lambda root: (root / "0000001").rename(root / "0000008"),
    "a directory is exchanged": lambda root: (
        (root / "0000001").rename(root / "x"),
        (root / "0000002").rename(root / "0000001"),
        (root / "x").rename(root / "0000002"),
    ),
    "a directory becomes a file": lambda root: [
        remove(root / "0000001/calexp"),
        make(root, "0000001/calexp"),
    ],
    "a file is compressed": lambda root: (root / "0000001/calexp/calexp-0000001_01.fits").rename(
        root / "0000001/calexp/calexp-0000001_01.fits.gz"
    ),
    "all goes": remove,
}


@pytest.mark.parametrize("how", ["lazily", "as a whole"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_is_seen_by_the_next_question(
    tree: Tree, root: Path, change: Callable[[Path], object], how: str
) -> None:
    before = on_disk(root, CALEXP)
    assert rows(tree, CALEXP) == before
    tree.build()
    change(root)
    if how == "as a whole":
        tree.build()
    else:
        assert rows(tree, CALEXP, visit=1) == [row for row in on_disk(root, CALEXP) if row[0] == 1]
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)
    assert tree.count(CALEXP) == len(on_disk(root, CALEXP))


def test_only_the_directories_of_a_question_are_listed(tree: Tree) -> None:
    assert rows(tree, CALEXP, visit=1) == [(1, 1), (1, 28)]
    assert tree.count(CALEXP) == 2
    assert tree.count(RAW) == 0


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let each test have a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"
