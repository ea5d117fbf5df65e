"""The order of the search, and what is said when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence import CameraMapper
from persistence.butler import query
from persistence.butler.chain import Chain
from persistence.butler.refusal import dangling, refuse
from persistence.butler.repository import Repository
from persistence.dataids.request import Request
from persistence.errors import IncompleteDataId, NoResults

NOTE = Request("note")
IMAGE = Request("image")


@pytest.fixture
def repositories(tmp_path: Path) -> list[Repository]:
    (tmp_path / "camera.yaml").write_text(
        "datasets:\n"
        "  note: {template: 'n-%(a)d-%(b)d.txt', storage: TextStorage}\n"
        "  image: {template: 'i-%(a)d-%(b)d.fits', storage: FitsStorage}\n"
    )
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(Repository(str(tmp_path / name), CameraMapper(str(tmp_path / "camera.yaml"))))
    return made


def put(repository: Repository, a: int, b: int) -> None:
    Path(repository.root, f"n-{a}-{b}.txt").write_text(repository.root)


def test_the_first_repository_that_has_it_wins(repositories: list[Repository]) -> None:
    one, two = repositories
    put(two, 1, 1)
    location = Chain([one, two], []).locate(NOTE, {"a": 1, "b": 1})
    assert location is not None
    assert location.root == two.root
    put(one, 1, 1)
    location = Chain([one, two], []).locate(NOTE, {"a": 1, "b": 1})
    assert location is not None
    assert location.root == one.root


def test_a_repository_that_cannot_complete_the_data_id_is_passed(
    repositories: list[Repository],
) -> None:
    one, two = repositories
    put(two, 1, 7)
    location = Chain([one, two], []).locate(NOTE, {"a": 1})
    assert location is not None
    assert location.dataId == {"a": 1, "b": 7}


def test_the_first_answer_that_is_not_empty_counts(repositories: list[Repository]) -> None:
    one, two = repositories
    put(two, 1, 7)
    assert query.lookup(Chain([one, two], []), NOTE, ["b"], {"a": 1}) == [(7,)]
    put(one, 1, 3)
    assert query.lookup(Chain([one, two], []), NOTE, ["b"], {"a": 1}) == [(3,)]


def test_what_is_not_found_is_told_with_every_place(repositories: list[Repository]) -> None:
    chain = Chain(repositories, [])
    error = refuse(chain, "get", NOTE, {"a": 1, "b": 2})
    assert type(error) is NoResults
    assert "looked for  n-1-2.txt  in  " in str(error)
    assert str(error).count("/one") == str(error).count("/two") == 1
    assert type(refuse(chain, "get", NOTE, {"a": 1})) is IncompleteDataId


@pytest.mark.parametrize("ending", ["", ".gz", ".fz"])
def test_a_link_to_nothing_is_told_with_what_it_leads_to(
    repositories: list[Repository], ending: str
) -> None:
    place = Path(repositories[1].root, f"i-1-2.fits{ending}")
    place.symlink_to("/gone/x")
    chain = Chain(repositories, [])
    assert chain.locate(IMAGE, {"a": 1, "b": 2}) is None
    told = f"i-1-2.fits{ending} is a link to /gone/x, which is not there"
    assert told in str(refuse(chain, "get", IMAGE, {"a": 1, "b": 2}))
    assert dangling(chain, IMAGE, {"a": 1, "b": 3}) == []
