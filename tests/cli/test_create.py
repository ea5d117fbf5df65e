"""``persistence create``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def test_a_repository_is_created_once(run: Any, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    words = ("create", root, "--camera", "decam")
    name = "lsst.obs.decam.DecamMapper"
    assert run(*words, "-n") == (0, f"{root} would be a repository of {name}\n", "")
    assert not root.exists()
    assert run(*words) == (0, f"{root} is a repository of {name}\n", "")
    assert run(*words) == (0, f"{root} is a repository of {name} already\n", "")
    (row,) = json.loads(run(*words, "--format", "json").out)
    assert row == {"root": str(root), "mapper": name, "status": "same"}
    assert run("tree", root).status == 0


def test_one_in_another_is_told(run: Any, root: Path) -> None:
    done = run("create", root / "inner", "--mapper", "latiss")
    assert done.status == 0
    assert done.err == (
        f"persistence: {root}/inner lies in the repository {root}, which is not its parent\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "needs a camera: pass --camera NAME"),
        (("--camera", "ltiss"), "no installed camera has the name 'ltiss'; did you mean 'latiss'?"),
        (("--camera", "latiss"), "is a repository of another camera: lsst.obs.decam.DecamMapper"),
    ],
)
def test_what_cannot_be_meant_is_status_2(
    run: Any, root: Path, words: tuple[str, ...], message: str
) -> None:
    done = run("create", root, *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
