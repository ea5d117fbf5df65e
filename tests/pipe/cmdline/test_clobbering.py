"""What --clobber-output removes, and what it does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from persistence import Butler
from persistence.errors import UsageError
from persistence.pipe.cmdline import clobbering


@pytest.fixture
def chained(root: Path) -> Path:
    """Return a repository with a rerun foo, and an empty directory beside it."""
    Butler(inputs=str(root), outputs=str(root / "rerun/foo"))
    (root / "rerun/empty").mkdir()
    return root


def test_an_output_is_emptied_and_a_link_to_it_stays(chained: Path, tmp_path: Path) -> None:
    out = chained / "rerun/foo"
    (out / "deep/er").mkdir(parents=True)
    (out / "deep/er/file").write_text("x")
    (out / "link").symlink_to(chained)
    (tmp_path / "name").symlink_to(out)
    clobbering.check(str(tmp_path / "name"), [str(chained)])
    clobbering.empty(str(tmp_path / "name"))
    assert list((tmp_path / "name").iterdir()) == []
    assert (chained / "_mapper").exists()


def test_what_tells_a_repository_goes_last(chained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, removed = chained / "rerun/foo", []
    (out / "zzz").write_text("x")
    monkeypatch.setattr(clobbering, "_remove", lambda path: removed.append(os.path.basename(path)))
    clobbering.empty(str(out))
    assert removed == ["zzz", "repositoryCfg.yaml"]


@pytest.mark.parametrize("name", ["new", "rerun/empty"])
def test_what_is_not_there_or_empty_may_be_clobbered(chained: Path, name: str) -> None:
    clobbering.check(str(chained / name), [str(chained)])
    clobbering.empty(str(chained / name))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (None, "there is no output to remove; pass --output or --rerun"),
        (".", "would remove .*, which is read"),
        ("..", "would remove .*, which is read"),
        ("../link", "would remove .*, which is read"),
        ("rerun", "rerun is not a repository"),
        ("_mapper", "_mapper is not a directory"),
    ],
)
def test_what_must_not_be_removed_is_not(chained: Path, output: str | None, message: str) -> None:
    (chained / "../link").symlink_to(chained)
    path = None if output is None else os.path.normpath(chained / output)
    with pytest.raises(UsageError, match=message):
        clobbering.check(path, [str(chained)])


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_the_output_of_another_is_not_removed(chained: Path) -> None:
    os.chown(chained / "rerun/foo", 54321, -1)
    with pytest.raises(UsageError, match="foo belongs to uid 54321: you may not remove it"):
        clobbering.check(str(chained / "rerun/foo"), [str(chained)])


def test_what_cannot_be_removed_is_told(chained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(clobbering, "_remove", refuse)
    with pytest.raises(
        UsageError, match=r"repositoryCfg.yaml in .*foo cannot be removed: Permission denied"
    ):
        clobbering.empty(str(chained / "rerun/foo"))
