"""The user's cache: what is kept, what counts. How completion uses it: tests/cli/complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.files import user_cache


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "persistence" / "kept"


def test_what_is_kept_counts_until_one_of_its_files_changes(cache: Path, tmp_path: Path) -> None:
    files = [tmp_path / "there", tmp_path / "missing"]
    files[0].write_text("text")
    for number, change in enumerate(files):
        user_cache.keep("a", map(str, files), {"x": number})
        assert user_cache.recall("a") == {"x": number}
        change.write_text("other text")
        assert user_cache.recall("a") is None


def test_a_name_with_the_same_sum_is_another_name(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zlib.crc32", lambda data: 7)
    user_cache.keep("a", [], {"x": 1})
    assert user_cache.recall("b") is None
    assert user_cache.recall("a") == {"x": 1}
    assert len(list(cache.iterdir())) == 1


def test_a_cache_that_is_not_an_absolute_path_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    user_cache.keep("a", [], {"x": 1})
    assert len(list((tmp_path / ".cache/persistence/kept").iterdir())) == 1


def test_without_a_place_to_keep_it_nothing_is_kept(cache: Path) -> None:
    cache.parent.parent.write_text("a file is not a directory")
    user_cache.keep("a", [], {"x": 1})
    assert user_cache.recall("a") is None
