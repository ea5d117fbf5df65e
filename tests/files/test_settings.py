"""Settings of a repository: what may be said, and what is told of all else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from persistence.errors import RepositoryError
from persistence.files import settings


def write(root: Path, content: bytes) -> str:
    path = root / settings.FILE
    path.parent.mkdir()
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("content", "shared"),
    [(b"shared: group\n", "group"), (b"", None), (b"# nothing yet\n", None), (b"{}", None)],
)
def test_settings_are_read(tmp_path: Path, content: bytes, shared: str | None) -> None:
    write(tmp_path, content)
    assert settings.read(str(tmp_path)).shared == shared


@pytest.mark.parametrize("below", ["", "nowhere", "file"])
def test_without_a_file_each_setting_has_its_default(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    assert settings.read(str(tmp_path / below)) == settings.Settings(shared=None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\nshard: group",
            r":2: unknown setting 'shard'; did you mean 'shared'\? \(known: shared, pins\)",
        ),
        (b"colour: red", r":1: unknown setting 'colour' \(known: shared, pins\)"),
        (b"shared: world", r":1: shared is 'world', and may be group or absent"),
        (b"shared:", r":1: shared is None, and may be group or absent"),
        (b"shared: [group]", r":1: shared is \['group'\], and may be group or absent"),
        (b"shared: !!python/object:os.system {}", r":1: .* nothing of it was run"),
        (b"- shared", r":1: expected a mapping \(key: value\)"),
        (b"shared: {", r": not YAML"),
        (b"\xff\xfe\x00", r": not YAML"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_file(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(RepositoryError, match=re.escape(path) + message):
        settings.read(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "pins"),
    [
        (b"pins: {src: ../a, calexp: [../b, .]}", {"src": ("../a",), "calexp": ("../b", ".")}),
        (
            b"shared: world\npins: {src: 2024, 'deepCoadd*': 0410}",
            {"src": ("2024",), "deepCoadd*": ("0410",)},
        ),
        (b"shared: world", {}),
        (b"pins: {}", {}),
        (b"", {}),
    ],
)
def test_pins_are_read_whatever_else_is_said(
    tmp_path: Path, content: bytes, pins: dict[str, tuple[str, ...]]
) -> None:
    write(tmp_path, content)
    assert settings.pins(str(tmp_path)) == pins
    assert settings.pins(str(tmp_path / "nowhere")) == {}


def test_what_changes_leaves_the_rest(tmp_path: Path) -> None:
    write(tmp_path, b"shared: group\npins: {src: ../a, calexp: [../b, .]}\n")
    text = settings.changed(str(tmp_path), pins={"src": ("../c",)})
    assert text == "shared: group\npins:\n  src: ../c\n"


def test_what_cannot_be_read_is_not_taken_for_absent(tmp_path: Path) -> None:
    (tmp_path / settings.FILE).mkdir(parents=True)
    with pytest.raises(RepositoryError, match=r"settings\.yaml: Is a directory"):
        settings.read(str(tmp_path))
    with pytest.raises(RepositoryError, match=r"settings\.yaml: Is a directory"):
        settings.pins(str(tmp_path))
