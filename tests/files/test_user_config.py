"""The user's own configuration file: names of repositories, and defaults of options."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from persistence import Butler, PolicyError, RepositoryArgs
from persistence.files import user_config

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes the file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("PERSISTENCE_CONFIG", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def act(text: str) -> Path:
        path = tmp_path / "config" / "persistence" / "config.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return act


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("hsc", "/data/hsc"),
        ("hsc/rerun/me", "/data/hsc/rerun/me"),
        ("night", "{home}/night"),
        ("./hsc", "./hsc"),
        ("../hsc", "../hsc"),
        ("/hsc", "/hsc"),
        ("hsc2", "hsc2"),
        (".", "."),
        ("", ""),
    ],
)
def test_the_first_part_of_a_relative_path_may_be_a_name(
    write: Write, given: str, meant: str
) -> None:
    write("repositories: {hsc: /data/hsc, night: ~/night}\n")
    assert user_config.repository(given) == meant.format(home=os.path.expanduser("~"))


@pytest.mark.parametrize("make", [os.mkdir, lambda name: os.symlink("/gone", name)])
def test_what_lies_in_the_current_directory_is_meant_itself(
    write: Write, make: Callable[[str], None]
) -> None:
    write("repositories: {hsc: /data/hsc}\n")
    make("hsc")
    assert user_config.repository("hsc") == "hsc"
    assert user_config.repository("hsc/rerun/me") == "hsc/rerun/me"


def test_a_butler_takes_a_name(write: Write, filled: Path) -> None:
    write(f"repositories: {{night: {filled}}}\n")
    root = str(filled)
    assert Butler("night").chain.inputs[0].root == root
    assert Butler(inputs="night").chain.inputs[0].root == root
    assert RepositoryArgs("night").root == root
    assert Butler.getMapperClass("night") is Butler.getMapperClass(filled)


def test_a_changed_file_counts_at_once(write: Write) -> None:
    write("repositories: {hsc: /a}\n")
    assert user_config.repository("hsc") == "/a"
    write("repositories: {hsc: /other}\n")
    assert user_config.repository("hsc") == "/other"


def test_a_repository_that_is_there_is_opened_without_a_look_at_the_file(
    write: Write, filled: Path
) -> None:
    write("neither YAML: nor: this")
    assert Butler(filled).chain.inputs[0].root == str(filled)
    with pytest.raises(PolicyError, match=r"config\.yaml: not YAML"):
        Butler("nowhere", mapper="decam")


def test_without_a_file_yaml_is_not_imported(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "persistence.files.yaml_nodes")
    assert user_config.repository("hsc") == "hsc"
    assert user_config.read().repositories == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "repository: {}\n",
            "config.yaml:1: there is no section 'repository'; did you mean 'repositories'?",
        ),
        ("a\n", "config.yaml:1: expected a mapping"),
        ("repositories:\n  a/b: /c\n", "config.yaml:2: 'a/b' cannot name a repository"),
        ("repositories:\n  -a: /c\n", "config.yaml:2: '-a' cannot name a repository"),
        ("repositories:\n\n  a: b/c\n", "config.yaml:3: a: 'b/c' is relative"),
        ("repositories:\n  a: [1]\n", "config.yaml:2: a: write the path of a repository"),
        ("repositories:\n  a: !!python/name:os.system x\n", "config.yaml:2: tag"),
    ],
)
def test_what_cannot_be_meant_is_told_with_file_and_line(
    write: Write, text: str, message: str
) -> None:
    write(text)
    with pytest.raises(PolicyError) as caught:
        user_config.repository("a")
    assert message in str(caught.value)


def test_a_variable_names_another_file_or_none(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("repositories: {hsc: /a}\n").rename(tmp_path / "mine.yaml")
    monkeypatch.setenv("PERSISTENCE_CONFIG", str(tmp_path / "mine.yaml"))
    assert user_config.repository("hsc") == "/a"
    monkeypatch.setenv("PERSISTENCE_CONFIG", "")
    assert user_config.repository("hsc") == "hsc"
    monkeypatch.setenv("PERSISTENCE_CONFIG", "/nowhere.yaml")
    with pytest.raises(PolicyError, match=r"/nowhere\.yaml: there is no such file; PERSISTENCE"):
        user_config.repository("hsc")


def test_options_are_of_all_commands_or_of_one(write: Write) -> None:
    path = write("options:\n  format: csv\n  find:\n    limit: 100\n    order: [a, b]\n")
    config = user_config.read()
    assert config.options == {"format": ("csv", f"{path}:2")}
    assert config.commands == {
        "find": {"limit": (100, f"{path}:4"), "order": (["a", "b"], f"{path}:5")}
    }
