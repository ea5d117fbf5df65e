"""Links: relative ones that a tree is moved with, and those that lead to nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from persistence.files import links


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree of a repository, its raws, and an archive outside it."""
    made = tmp_path / "place/tree"
    for name in ("tree/in/deep", "tree/repo/raw/g", "archive", "disk"):
        (tmp_path / "place" / name).mkdir(parents=True)
    (made / "in/deep/x").write_text("inside")
    (tmp_path / "place/archive/y").write_text("outside")
    return made


@pytest.mark.parametrize(
    ("source", "directory", "expected"),
    [
        ("in/deep/x", "repo/raw/g", "../../../in/deep/x"),
        ("in/deep/x", "in/deep", "x"),
        ("in/deep/x", "in", "deep/x"),
        ("alias/x", "repo/raw/g", "../../../alias/x"),  # a link in the tree, to the archive
        ("link", "repo/raw/g", "../../../link"),  # so is this
        ("in/deep/x", "elsewhere", "../tree/in/deep/x"),  # a link to a directory outside the tree
    ],
)
def test_a_relative_link_leads_to_its_file_and_the_tree_can_be_moved(
    tree: Path, source: str, directory: str, expected: str
) -> None:
    outside = tree.parent
    (tree / "alias").symlink_to(outside / "in-archive")
    (outside / "in-archive").mkdir()
    (outside / "in-archive/x").write_text("inside")
    (tree / "link").symlink_to(outside / "in-archive/x")
    (tree / "elsewhere").symlink_to(outside / "disk")
    content = links.relative(str(tree / source), str(tree / directory))
    assert content == expected
    (tree / directory / "made").symlink_to(content)
    assert (tree / directory / "made").read_text() == "inside"
    if directory != "elsewhere":
        shutil.move(tree, outside / "further")
        assert (outside / "further" / directory / "made").read_text() == "inside"


def test_a_tree_that_is_reached_by_a_link_is_the_tree(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree.parent / "way").symlink_to(tree)
    monkeypatch.chdir(tree.parent / "way/repo")
    expected = "../../../in/deep/x"
    way = str(tree.parent / "way")
    assert links.relative(f"{way}/in/deep/x", "raw/g") == expected
    assert links.relative("../in/deep/x", f"{way}/repo/raw/g") == expected
    assert links.relative(str(tree / "in/deep/x"), f"{way}/repo/raw/g") == expected


def test_a_link_to_nothing_is_told_with_what_it_leads_to(tree: Path) -> None:
    gone = tree.parent / "gone"
    (tree / "one").symlink_to(gone / "x")
    (tree / "relative").symlink_to("../gone/x")
    (tree / "chained").symlink_to("one")
    (tree / "folder").symlink_to(gone)
    for name in ("one", "relative", "chained"):
        assert links.fault(str(tree / name)) == (
            f"{tree}/{name} is a link to {gone}/x, which is not there"
        )
    assert links.fault(f"{tree}/folder/g/x") == (
        f"{tree}/folder is a link to {gone}, which is not there"
    )


def test_what_is_there_or_is_no_link_is_not_told(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "way").symlink_to(tree / "in")
    monkeypatch.chdir(tree)
    for name in ("in/deep/x", "in/nothing", "way/deep/x", "way/nothing", "no/such/thing", "in", ""):
        assert links.fault(str(tree / name)) == ""
        assert links.fault(name) == ""


def test_a_link_that_leads_back_to_itself_or_where_we_may_not_is_told_as_that(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "loop").symlink_to("loop")
    assert "/loop, which cannot be reached (Too many levels" in links.fault(str(tree / "loop"))
    (tree / "closed").symlink_to(tree.parent / "archive/y")
    (tree.parent / "archive").chmod(0)
    try:
        if os.access(tree / "closed", os.F_OK):
            pytest.skip("this user may look into every directory")
        assert links.fault(str(tree / "closed")).endswith(
            "archive/y, which cannot be reached (Permission denied)"
        )
    finally:
        (tree.parent / "archive").chmod(0o755)


@pytest.mark.parametrize(
    ("path", "is_inside"),
    [
        ("top", True),
        ("top/a/b", True),
        ("top/missing", True),
        ("topper", False),
        (".", False),
        ("top/out", False),  # a link to a directory beside it
        ("into", True),  # a link into it
        ("top/a/../../topper", False),
    ],
)
def test_a_path_lies_where_it_leads(tmp_path, monkeypatch, path, is_inside):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "top/a").mkdir(parents=True)
    (tmp_path / "topper").mkdir()
    (tmp_path / "top/out").symlink_to("../topper")
    (tmp_path / "into").symlink_to("top/a")
    assert links.lies_in(path, "top") is is_inside
    assert links.lies_in(path, "/")
