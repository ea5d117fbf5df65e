"""Tags of data IDs: what they hold for, many writers, and files of another hand."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, CameraMapper, DataId, DataIdError, RepositoryError, keep
from persistence.butler import tags
from persistence.cameras.installed import remember

POLICY = """\
datasets:
  calexp: {template: 'c-%(visit)d-%(ccd)d.txt', storage: TextStorage}
  src: {template: 's-%(visit)d-%(ccd)d.txt', storage: TextStorage}
  visitTable: {template: 'v-%(visit)d.txt', storage: TextStorage}
  warp: {template: 'w-%(tract)d-%(visit)d-%(ccd)d.txt', storage: TextStorage}
  coadd: {template: 'coadd-%(tract)d-%(filter)s.txt', storage: TextStorage}
  byFilter: {template: 'f-%(visit)d-%(ccd)d-%(filter)s.txt', storage: TextStorage}
  alone: {template: 'alone.txt', storage: TextStorage}
"""


class TagMapper(CameraMapper):
    """A camera of texts."""


remember(TagMapper)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with datasets of visits 1 to 3, of two detectors each."""
    (tmp_path / "camera.yaml").write_text(POLICY)
    monkeypatch.setattr(TagMapper, "policyFile", str(tmp_path / "camera.yaml"), raising=False)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/_mapper").write_text(f"{TagMapper.__module__}.TagMapper\n")
    butler = Butler(tmp_path / "repo", durable=False)
    for visit in 1, 2, 3:
        butler.put("x", "visitTable", visit=visit)
        for ccd in 1, 2:
            butler.put("x", "calexp", visit=visit, ccd=ccd)
            butler.put("x", "src", visit=visit, ccd=ccd)
            butler.put("x", "warp", visit=visit, ccd=ccd, tract=7)
            butler.put("x", "byFilter", visit=visit, ccd=ccd, filter="g")
    butler.put("x", "coadd", tract=7, filter="g")
    butler.put("x", "alone")
    return tmp_path / "repo"


def found(root: Path, name: str, **given: Any) -> list[tuple[Any, ...]]:
    return list(Butler(root).query(name, **given).tuples())


def test_a_tag_chooses_the_data_ids_that_have_it(root: Path) -> None:
    assert keep.tag(root, "good", "calexp", "visit == 1 or ccd == 2 and visit == 3") == 3
    assert found(root, "calexp", tag="good") == [(1, 1), (1, 2), (3, 2)]
    assert found(root, "calexp", tag="good", where="ccd == 2") == [(1, 2), (3, 2)]
    assert found(root, "calexp", tag=["good"], visit=3) == [(3, 2)]
    assert keep.tag(root, "good", "calexp", dataId={"visit": [1, 2]}) == 2
    assert len(found(root, "calexp", tag="good")) == 5
    assert keep.tag(root, "good", "calexp", "visit == 1", remove=True) == 2
    assert found(root, "calexp", tag="good") == [(2, 1), (2, 2), (3, 2)]
    keep.tag(root, "late", "calexp", "visit == 1")
    assert len(found(root, "calexp", tag=["good", "late"])) == 5


def test_a_tag_holds_for_types_whose_keys_are_related(root: Path) -> None:
    keep.tag(root, "good", "calexp", "visit == 1 and ccd == 1")
    assert found(root, "src", tag="good") == [(1, 1)]
    assert found(root, "warp", tag="good") == [(7, 1, 1)]
    assert found(root, "visitTable", tag="good") == [(1,)]
    with pytest.raises(RepositoryError, match=r"'good' is one of calexp, .* nothing about coadd"):
        found(root, "coadd", tag="good")
    keep.tag(root, "filtered", "coadd")  # a filter in common says nothing about exposures
    with pytest.raises(RepositoryError, match="nothing about byFilter"):
        found(root, "byFilter", tag="filtered")


def test_a_tag_of_a_parent_is_seen_in_its_children(root: Path, tmp_path: Path) -> None:
    keep.tag(root, "good", "calexp", "visit == 1")
    child = Butler(inputs=root, outputs={"root": tmp_path / "child", "mode": "rw"})
    child.put("x", "calexp", visit=9, ccd=1)
    keep.tag(tmp_path / "child", "good", "calexp", "visit == 9")
    assert found(tmp_path / "child", "calexp", tag="good") == [(1, 1), (1, 2), (9, 1)]
    assert found(root, "calexp", tag="good") == [(1, 1), (1, 2)]


def test_tags_of_repositories_choose_repositories(root: Path) -> None:
    keep.tag(root, "good", "calexp", "visit == 1")
    butler = Butler(inputs=[{"root": root, "tags": ["mine"]}])
    assert len(butler.query("calexp", tag="mine")) == 6
    assert len(butler.query("calexp", tag="good")) == 2
    assert len(butler.query("calexp", dataId=DataId(tag="other"))) == 0
    with pytest.raises(DataIdError, match="tags of repositories and of data IDs"):
        butler.query("calexp", tag=["mine", "good"])


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", ".hidden", "-rf", "a b", "ä", "x" * 101, "a\n", "a,b", None, 3]
)
def test_odd_names_are_refused_before_anything_is_written(root: Path, name: Any) -> None:
    with pytest.raises(RepositoryError, match="cannot be a tag"):
        keep.tag(root, name, "calexp")
    with pytest.raises(RepositoryError, match="cannot be a tag"):
        keep.untag(root, name)
    assert not (root / tags.FOLDER).exists()


@pytest.mark.parametrize("name", ["good", "DR1.2", "a+b_c-d", "9"])
def test_other_names_are_files(root: Path, name: str) -> None:
    keep.tag(root, name, "calexp")
    assert tags.names(str(root)) == [name]
    assert keep.untag(root, name) == 6
    assert tags.names(str(root)) == []


def test_unknown_tags_suggest_those_that_are_there(root: Path) -> None:
    keep.tag(root, "good", "calexp")
    for call in (
        lambda: found(root, "calexp", tag="goot"),
        lambda: keep.untag(root, "goot"),
    ):
        with pytest.raises(
            RepositoryError, match=r"tag 'goot'; did you mean 'good'\? \(known: good"
        ):
            call()


def test_a_tag_without_data_ids_is_gone_and_a_dry_run_changes_nothing(root: Path) -> None:
    assert keep.tag(root, "good", "calexp", dry_run=True) == 6
    assert not (root / tags.FOLDER).exists()
    keep.tag(root, "good", "calexp")
    assert keep.tag(root, "good", "calexp") == 0
    assert keep.untag(root, "good", dry_run=True) == 6
    assert keep.tag(root, "good", "calexp", remove=True) == 6
    assert tags.names(str(root)) == []
    with pytest.raises(DataIdError, match="alone has no keys"):
        keep.tag(root, "good", "alone")


def _write(root: str, number: int) -> None:
    for each in range(5):
        tags.change(root, "good", "calexp", [{"visit": number, "ccd": each}])


def test_many_writers_lose_nothing(root: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_write, args=(str(root), n)) for n in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6
    (group,) = tags.read(str(root), "good")
    assert group.rows == {(ccd, visit) for visit in range(6) for ccd in range(5)}


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", '{"data IDs": 3}', '{"data IDs": [{"type": "calexp"}]}',
        '{"data IDs": [{"type": "calexp", "keys": [], "rows": []}]}',
        '{"data IDs": [{"type": "calexp", "keys": ["visit"], "rows": [[1, 2]]}]}',
        '{"data IDs": [{"type": "calexp", "keys": ["visit"], "rows": [[{}]]}]}',
        '{"data IDs": [{"type": 3, "keys": ["visit"], "rows": [[1]]}]}',
        "\xff",
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_and_can_be_removed(root: Path, text: str) -> None:
    path = root / tags.FOLDER / "good.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(RepositoryError, match=r"good\.json is damaged: it does not list data IDs"):
        found(root, "calexp", tag="good")
    with pytest.raises(RepositoryError, match="is damaged"):
        keep.tag(root, "good", "calexp")
    assert path.read_bytes() == text.encode("latin-1")
    assert keep.untag(root, "good") == 0
    assert not path.exists()


def test_values_that_are_not_the_keys_match_nothing_and_run_nothing(root: Path) -> None:
    path = root / tags.FOLDER / "good.json"
    path.parent.mkdir(parents=True)
    rows = [["1'; DROP TABLE x; --", 1], [1, 1]]
    path.write_text(
        json.dumps({"data IDs": [{"type": "src", "keys": ["visit", "ccd"], "rows": rows}]})
    )
    with pytest.raises(Exception, match="visit"):
        found(root, "src", tag="good")


def test_a_folder_that_leads_out_of_the_repository_is_not_written_to(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (root / ".persistence").mkdir(exist_ok=True)
    (root / tags.FOLDER).symlink_to(tmp_path / "outside")
    with pytest.raises(RepositoryError, match="leads out of"):
        keep.tag(root, "good", "calexp")
    assert list((tmp_path / "outside").iterdir()) == []


def test_forty_thousand_tagged_exposures_are_one_condition(root: Path) -> None:
    ids = [{"visit": visit, "ccd": ccd} for visit in range(4000) for ccd in range(10)]
    assert tags.change(str(root), "many", "calexp", ids) == 40_000
    assert len(found(root, "calexp", tag="many")) == 6
