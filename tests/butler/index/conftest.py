"""Trees of empty files, a cache for each test, and what is on the disk by other means."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence.butler.index import refresh
from persistence.butler.index.tree import Tree
from persistence.dataids.template import PathTemplate

ENDINGS = ("", ".gz", ".fz")
OnDisk = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set up a cache for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def make() -> Callable[..., None]:
    """Return a function that makes empty files in a folder."""

    def make(root: Path, *names: str) -> None:
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    return make


@pytest.fixture
def on_disk() -> OnDisk:
    """Return what `os.walk` and `PathTemplate.parse` say there is, by the keys in their order."""

    def on_disk(root: Path, template: PathTemplate) -> list[tuple[Any, ...]]:
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

    return on_disk


@pytest.fixture
def rows() -> Callable[..., list[tuple[Any, ...]]]:
    """Return a function that brings an index up to date, and returns what it says."""

    def rows(tree: Tree, template: PathTemplate, **known: Any) -> list[tuple[Any, ...]]:
        tree.refresh(template, known)
        keys = PathTemplate(template.file_text).keys
        return list(tree.rows(template, list(keys), known=known))

    return rows


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that sets the clock of listings: so many seconds from now.

    It is set to a minute from now, so that no directory has changed just now.
    """
    original = refresh.now

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(refresh, "now", lambda: original() + int(seconds * 1e9))

    set_clock(60)
    return set_clock


@pytest.fixture
def later() -> Callable[[Path], None]:
    """Return a function that waits until the file system's clock has moved on for a directory."""

    def later(path: Path) -> None:
        probe = path.parent / ".clock"
        before = path.stat().st_ctime_ns
        probe.touch()
        while probe.stat().st_ctime_ns <= before:
            probe.unlink()
            probe.touch()
        probe.unlink()

    return later
