"""What a person may have meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persistence import CameraMapper
from persistence.butler import nearest
from persistence.butler.repository import Repository
from persistence.dataids.request import Request


@pytest.mark.parametrize(
    ("value", "values", "near"),
    [
        (7, [1, 9, 6], 6),
        (3.2, [1, 5.0], 5.0),
        ("g", ["r", "G", "gg"], "gg"),
        ("2015-01-02", ["2015-01-03", "2014-12-31"], "2015-01-03"),
        ("x", [3], 3),
        ("9,9", ["1,9", "10,8", "9,1"], "10,8"),
        ("9,9", ["1,9", "x"], "1,9"),
    ],
)
def test_the_closest_is_by_distance_or_by_likeness(
    value: Any, values: list[Any], near: Any
) -> None:
    assert nearest.closest(value, values) == near


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    (tmp_path / "camera.yaml").write_text(
        "datasets: {note: {template: '%(a)d/n-%(b)s.txt', storage: TextStorage}}"
    )
    for name in ("1/n-x.txt", "1/n-y.txt", "5/n-x.txt"):
        path = tmp_path / "repo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return Repository(str(tmp_path / "repo"), CameraMapper(str(tmp_path / "camera.yaml")))


@pytest.mark.parametrize(
    ("data_id", "near"),
    [
        ({"a": 1, "b": "z"}, "a=1 b=y"),
        ({"a": 4, "b": "x"}, "b=x a=5"),
        ({"a": 9, "b": "q"}, None),
        ({"a": "?"}, None),
    ],
)
def test_files_that_differ_in_one_key_are_near(
    repository: Repository, data_id: Any, near: str | None
) -> None:
    told = list(nearest.reasons(repository, Request("note"), data_id))
    assert len(told) == (near is not None)
    for line in told:
        assert sorted(line.split("  in  ")[0].split()[1:]) == sorted(str(near).split())


def test_of_numbers_all_are_looked_at_however_many_files_there_are(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "_ENOUGH", 1)
    monkeypatch.setattr("persistence.butler.file_keys._FEW", 0)  # the index is asked
    (line,) = nearest.reasons(repository, Request("note"), {"a": 99, "b": "x"})
    assert {"a=5", "b=x"} < set(line.split())
