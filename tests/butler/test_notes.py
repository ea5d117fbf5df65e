"""Notes on datasets: which ones they are on, who reads them, and lines of another hand."""

from __future__ import annotations

import multiprocessing
import os
import pwd
from pathlib import Path

import pytest

from persistence import Butler, CameraMapper, NoResults, RepositoryError, keep
from persistence.butler import notes
from persistence.cameras.installed import remember
from persistence.errors import UsageError


class NoteMapper(CameraMapper):
    """A camera of texts."""


remember(NoteMapper)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with three datasets."""
    (tmp_path / "camera.yaml").write_text(
        "datasets:\n"
        "  calexp: {template: 'c-%(visit)d-%(ccd)d.txt', storage: TextStorage}\n"
        "  src: {template: 's-%(visit)d-%(ccd)d.txt', storage: TextStorage}\n"
    )
    monkeypatch.setattr(NoteMapper, "policyFile", str(tmp_path / "camera.yaml"), raising=False)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/_mapper").write_text(f"{NoteMapper.__module__}.NoteMapper\n")
    butler = Butler(tmp_path / "repo", durable=False)
    for visit, ccd in ((1, 1), (1, 2), (2, 1)):
        butler.put("x", "calexp", visit=visit, ccd=ccd)
    return tmp_path / "repo"


def told(root: Path, visit: int, ccd: int) -> list[str]:
    """Return the notes that `why` shows."""
    text = str(Butler(root).why("calexp", visit=visit, ccd=ccd))
    return [line.rpartition(": ")[2] for line in text.splitlines() if "note of " in line]


def test_why_shows_the_notes_on_a_dataset_with_who_and_when(root: Path) -> None:
    keep.note(root, "calexp", "clouds = 3", {"visit": 1, "ccd": 1})
    keep.note(root, "calexp", "whole visit", {"visit": 1})
    assert told(root, 1, 1) == ["clouds = 3", "whole visit"]
    assert told(root, 1, 2) == ["whole visit"]
    assert told(root, 2, 1) == []
    user = pwd.getpwuid(os.geteuid()).pw_name
    text = str(Butler(root).why("calexp", visit=1, ccd=1))
    assert f"note of {user}, 20" in text
    assert " UTC: clouds = 3" in text
    assert Butler(root).why("calexp", visit=1, ccd=1).to_dict()


def test_a_note_on_one_dataset_has_its_whole_data_id(root: Path) -> None:
    assert keep.note(root, "calexp", "x", {"visit": 2}).dataId == {"visit": 2, "ccd": 1}
    assert keep.note(root, "calexp", "x", {"visit": 1}).dataId == {"visit": 1}
    assert [each.name for each in keep.notes(root)] == ["calexp visit=2 ccd=1", "calexp visit=1"]


def test_notes_are_listed_by_type_and_data_id(root: Path, tmp_path: Path) -> None:
    keep.note(root, "calexp", "first", {"visit": 1, "ccd": 1})
    child = tmp_path / "child"
    Butler(inputs=root, outputs={"root": child, "mode": "rw"})
    keep.note(child, "calexp", "second", {"visit": 1})
    assert [each.text for each in keep.notes(child)] == ["first", "second"]
    assert [each.text for each in keep.notes(root)] == ["first"]
    assert [each.text for each in keep.notes(child, "calexp", {"ccd": 2})] == ["second"]
    assert keep.notes(child, "src") == []


def test_notes_are_withdrawn_by_type_and_data_id(root: Path) -> None:
    for text, data_id in (("a", {"visit": 1, "ccd": 1}), ("b", {"visit": 1}), ("c", {"visit": 2})):
        keep.note(root, "calexp", text, data_id)
    keep.note(root, "calexp", "", {"visit": 1})
    assert [each.text for each in keep.notes(root)] == ["a", "c"]
    keep.note(root, "calexp", "", {"visit": 2})
    keep.note(root, "calexp", "later", {"visit": 2})
    assert [each.text for each in keep.notes(root)] == ["a", "later"]


def test_what_cannot_be_noted_is_refused_and_nothing_written(root: Path) -> None:
    with pytest.raises(NoResults, match=r"No dataset to note: calexp \{'visit': 9\}"):
        keep.note(root, "calexp", "x", {"visit": 9})
    with pytest.raises(UsageError, match="on one data ID"):
        keep.note(root, "calexp", "x", {"visit": [1, 2]})
    with pytest.raises(RepositoryError, match="up to 10000 characters, not 10001"):
        keep.note(root, "calexp", "x" * 10_001, {"visit": 1})
    keep.note(root, "calexp", "x", {"visit": 1}, dry_run=True)
    assert not (root / notes.FOLDER).exists()


def test_control_characters_do_not_reach_the_terminal(root: Path) -> None:
    keep.note(root, "calexp", "red \x1b[31m\nnext", {"visit": 2})
    assert "\x1b" not in str(Butler(root).why("calexp", visit=2, ccd=1))


def test_lines_of_another_hand_are_skipped(root: Path) -> None:
    keep.note(root, "calexp", "mine", {"visit": 2})
    (path,) = (root / notes.FOLDER).iterdir()
    whole = path.read_text()
    bad = [
        "{", "[]", "3", "{}", "\xff", '{"t": "x"}', whole.replace("mine", "a\\u0000b")[:20],
        '{"t": NaN, "by": "x", "type": "calexp", "id": {}, "text": "y"}',
        '{"t": 1, "by": 3, "type": "calexp", "id": {}, "text": "y"}',
        '{"t": 1, "by": "x", "type": "calexp", "id": 3, "text": "y"}', "[" * 100_000,
    ]  # fmt: skip
    (root / notes.FOLDER / "other-1.jsonl").write_bytes("\n".join(bad).encode("latin-1"))
    path.write_text(f"{whole}{whole[:-9]}")  # torn
    assert [each.text for each in keep.notes(root)] == ["mine"]


def _write(root: str, number: int) -> None:
    for each in range(20):
        notes.add(root, "calexp", {"visit": number}, f"{number} {each} {'x' * 500}")


def test_many_writers_lose_nothing(root: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_write, args=(str(root), n)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    texts = {each.text.rpartition(" ")[0] for each in keep.notes(root)}
    assert texts == {f"{number} {each}" for number in range(4) for each in range(20)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_repository_of_another_user_takes_no_notes(root: Path) -> None:
    os.chown(root, 55555, -1)
    with pytest.raises(RepositoryError, match="belongs to uid 55555"):
        keep.note(root, "calexp", "x", {"visit": 1})
