"""``repo=``: one repository of a chain, by its path, its last name or its tag."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, CameraMapper, NoResults, RepositoryError
from persistence.cameras.installed import remember
from persistence.errors import UnknownArgument


class RepoMapper(CameraMapper):
    """A camera of notes, and of one type that has a key of the keyword's name."""


remember(RepoMapper)


@pytest.fixture(autouse=True)
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with rerun a, and rerun b on it, whose notes say where they are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camera.yaml").write_text(
        "datasets:\n"
        "  note: {template: 'note-%(a)d.txt', storage: TextStorage}\n"
        "  keyed: {template: 'keyed-%(repo)s.txt', storage: TextStorage}\n"
    )
    monkeypatch.setattr(RepoMapper, "policyFile", str(tmp_path / "camera.yaml"), raising=False)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/_mapper").write_text(f"{RepoMapper.__module__}.RepoMapper\n")
    for root, parent, a in (
        ("repo", None, 3),
        ("repo/rerun/a", "repo", 2),
        ("repo/rerun/b", "repo/rerun/a", 1),
    ):
        butler = (
            Butler(root)
            if parent is None
            else Butler(inputs=parent, outputs={"root": root, "mode": "rw"})
        )
        for number in range(1, a + 1):
            butler.put(os.path.basename(root), "note", a=number)
    return tmp_path / "repo"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", "a"),
        ("repo", "repo"),
        ("b", "b"),
        ("repo/rerun/a", "a"),
        (Path("repo/rerun/a"), "a"),
        ("repo/rerun/../rerun/a/", "a"),
        (None, "b"),
    ],
)
def test_a_repository_is_named_by_its_path_or_the_last_part_of_it(name: Any, expected: str) -> None:
    butler = Butler("repo/rerun/b")
    assert butler.get("note", a=1, repo=name) == expected
    assert butler.get("note", {"a": 1}, repo=name, immediate=False) == expected
    assert Path(butler.getUri("note", a=1, repo=name)).read_text() == expected
    assert butler.dataRef("note", a=1, repo=name).get() == expected
    rows = butler.query("note", a=1, repo=name, columns="repository")
    assert [os.path.basename(row["repository"]) for row in rows] == [expected]


def test_no_other_repository_is_searched_not_even_its_parents() -> None:
    butler = Butler("repo/rerun/b")
    assert [butler.datasetExists("note", a=3, repo=name) for name in ("b", "a", "repo", None)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert butler.exists("note", {"a": [1, 2, 3]}, repo="a").tolist() == [True, True, False]
    assert [len(butler.query("note", repo=name)) for name in ("b", "a", "repo")] == [1, 2, 3]
    with pytest.raises(NoResults) as caught:
        butler.get("note", a=3, repo="a")
    assert "rerun/a" in str(caught.value)
    assert "rerun/b" not in str(caught.value)


def test_a_tag_names_the_repository_that_was_given_it_not_its_parents() -> None:
    butler = Butler(inputs=[{"root": "repo/rerun/b", "tags": "best"}, {"root": "repo", "tags": 7}])
    assert butler.get("note", a=1, repo="best") == "b"
    assert butler.get("note", a=1, repo=7) == "repo"


def test_a_repository_that_is_only_pinned_can_be_named() -> None:
    butler = Butler("repo", pins={"keyed": "repo/rerun/b"})
    assert butler.get("note", a=1) == "repo"
    assert butler.get("note", a=1, repo="b") == "b"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("reqo", r"repo='reqo' is none of the repositories here; did you mean 'repo'\? \(known: "),
        ("", "is none of the repositories here"),
        ("repo/rerun", "is none of the repositories here"),
        (3, "repo=3 is none of the repositories here"),
        ("same", r"repo='same' is several \(known: .*/x/same, .*/y/same\)"),
    ],
)
def test_names_of_none_or_several_are_refused_with_those_that_are_known(
    name: Any, message: str
) -> None:
    for folder in ("x", "y"):
        Path(folder, "same").mkdir(parents=True)
        Path(folder, "same/_mapper").write_text(f"{RepoMapper.__module__}.RepoMapper\n")
    butler = Butler(inputs=["repo", "x/same", "y/same"])
    for call in (butler.get, butler.datasetExists, butler.getUri, butler.subset, butler.query):
        with pytest.raises(RepositoryError, match=message):
            call("note", dataId={"a": 1}, repo=name)
    assert not butler.datasetExists("note", a=1, repo="x/same")


def test_it_is_about_reading_alone() -> None:
    butler = Butler("repo/rerun/b")
    for call in (butler.getUri, butler.datasetExists):
        with pytest.raises(UnknownArgument, match="repo='a' and write=True"):
            call("note", {"a": 1}, write=True, repo="a")
    butler.dataRef("note", a=1, repo="a").put("new", a=9)
    assert Path("repo/rerun/b/note-9.txt").read_text() == "new"


def test_it_is_never_a_key_of_the_data_id() -> None:
    butler = Butler("repo/rerun/b")
    butler.put("x", "keyed", {"repo": "a"})
    assert butler.get("keyed", {"repo": "a"}) == "x"
    assert butler.get("keyed", {"repo": "a"}, repo="b") == "x"
    assert not butler.datasetExists("keyed", {"repo": "a"}, repo="a")


def test_references_keep_it_in_other_processes_and_aliases_hold() -> None:
    butler = Butler("repo/rerun/b")
    reference = butler.dataRef("note", a=1, repo="a")
    assert pickle.loads(pickle.dumps(reference)).get() == "a"
    assert butler.get("note", a=1, repo="a") == "a"
    butler.defineAlias("@it", "note")
    assert butler.get("@it", a=1, repo="a") == "a"
