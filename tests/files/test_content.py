"""What a small file holds, and whether it holds anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from persistence.files import content


def test_a_file_is_read_as_a_whole(tmp_path: Path) -> None:
    for size in (0, 1, 100_000):
        (tmp_path / "x").write_bytes(b"a" * size)
        assert content.read(str(tmp_path / "x")) == b"a" * size


def test_an_empty_file_has_no_content_nor_has_one_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    assert not content.has_content(str(path))
    path.write_text("")
    assert not content.has_content(str(path))
    path.write_text("y")
    assert content.has_content(str(path))
    (tmp_path / "link").symlink_to("gone")
    assert not content.has_content(str(tmp_path / "link"))
    monkeypatch.setattr(os, "access", lambda *_: True)  # it goes just after that look
    path.unlink()
    assert not content.has_content(str(path))
