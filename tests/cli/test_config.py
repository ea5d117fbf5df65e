"""Defaults of options, and the command that shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .test_main import USES

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes the user's configuration file."""
    path = tmp_path / "config.yaml"

    def act(text: str) -> Path:
        path.write_text(text)
        monkeypatch.setenv("PERSISTENCE_CONFIG", str(path))
        return path

    return act


VISITS = ("query", "{root}", "raw", "visit")


@pytest.mark.parametrize(
    ("text", "variables", "words", "form"),
    [
        ("options: {format: csv}", {}, (), "csv"),
        ("options: {query: {}, format: csv}", {"PERSISTENCE_FORMAT": "jsonl"}, (), "jsonl"),
        ("options: {format: csv}", {"PERSISTENCE_FORMAT": "jsonl"}, ("--format=table",), "table"),
        ("options: {format: csv}", {"PERSISTENCE_FORMAT": ""}, (), "csv"),
    ],
)
def test_what_is_typed_comes_before_variables_and_these_before_the_file(
    run: Any, write: Write, filled: Path, monkeypatch: pytest.MonkeyPatch,
    text: str, variables: dict[str, str], words: tuple[str, ...], form: str,
) -> None:  # fmt: skip
    line = [word.format(root=filled) for word in VISITS]
    wanted = run(*line, "--format", form).out
    write(text)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run(*line, *words).out == wanted


@pytest.mark.parametrize(
    ("text", "variables", "count"),
    [
        ("options: {find: {limit: 3}}", {}, 3),
        ("options: {find: {limit: 3, as-indexed: false}}", {"PERSISTENCE_FIND_LIMIT": "2"}, 2),
        ("options: {find: {id: [ccdnum=28, visit=410877]}}", {}, 1),
        ("options: {find: {where: ccdnum < 3}}", {}, 4),
    ],
)
def test_options_of_one_command_have_defaults(
    run: Any, write: Write, filled: Path, monkeypatch: pytest.MonkeyPatch,
    text: str, variables: dict[str, str], count: int,
) -> None:  # fmt: skip
    write(text)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert len(run("find", filled, "raw", "--format=jsonl").out.splitlines()) == count


@pytest.mark.parametrize(
    ("text", "variables", "message"),
    [
        ("options: {fromat: csv}", {}, "config.yaml:1: --fromat is not an option of all commands; did "
         "you mean 'format'?"),
        ("options:\n  find: {limt: 3}", {}, "config.yaml:2: --limt is not an option of find; did you"),
        ("options: {fnd: {limit: 3}}", {}, "config.yaml:1: there is no command 'fnd'; did you mean"),
        ("options: {find: {limit: -3}}", {}, "config.yaml:1: '-3' is no number of rows"),
        ("options: {format: xml}", {}, "config.yaml:1: 'xml' is no value of --format (known: table"),
        ("options: {quiet: 2}", {}, "config.yaml:1: 2 is neither true nor false"),
        ("", {"PERSISTENCE_QUIET": "maybe"}, "PERSISTENCE_QUIET: 'maybe' is neither true nor false"),
        ("", {"PERSISTENCE_VERBOSE": "x"}, "PERSISTENCE_VERBOSE: 'x' is no int"),
        ("a: [", {}, "config.yaml: not YAML"),
        ("repos: {}", {}, "config.yaml:1: there is no section 'repos'"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_default_is_told_with_its_source(
    run: Any, write: Write, filled: Path, monkeypatch: pytest.MonkeyPatch,
    text: str, variables: dict[str, str], message: str,
) -> None:  # fmt: skip
    write(text)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = run("find", filled, "raw")
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_force_has_no_default(run: Any, write: Write, filled: Path, tmp_path: Path) -> None:
    write("options: {get: {force: true}}")
    done = run("get", filled, "raw")
    assert (done.status, "type it each time" in done.err) == (2, True)


def test_flags_are_true_or_false(run: Any, write: Write, filled: Path) -> None:
    write("options: {quiet: true, find: {as-indexed: no}}")
    words = ("show-data", filled, "calexp", "--all", "--id", "ccdnum=1^61")
    assert run(*words).err == ""


def test_names_are_taken_by_each_command(run: Any, write: Write, rerun: Path) -> None:
    write(f"repositories: {{mine: {rerun}, above: {rerun.parent}}}")
    for command in ("tree", "log", "status"):
        plain = run(command, rerun, *USES[command]).out
        assert run(command, "mine", *USES[command]).out == plain
        assert run(command, "above/second", *USES[command]).out == plain


def test_a_name_that_nobody_gave_is_a_path(run: Any, write: Write) -> None:
    write("repositories: {mine: /a}")
    told = "persistence: there is no directory mnie; did you mean 'mine'?\n"
    assert run("tree", "mnie").err == told


def test_config_shows_what_is_set_and_where(
    run: Any, write: Write, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        f"repositories:\n  mine: {filled}\noptions:\n  trust: [a.B]\n  find: {{limit: 2}}\n"
    )
    monkeypatch.setenv("PERSISTENCE_NO_PROGRESS", "yes")
    monkeypatch.setenv("PERSISTENCE_FROMAT", "csv")
    monkeypatch.setenv("PIPE_INPUT_ROOT", "/in")
    done = run("config", "--format=json")
    rows = {row["setting"]: (row["value"], row["from"]) for row in json.loads(done.out)}
    assert (
        rows.items()
        >= {
            "configuration file": (str(path), "PERSISTENCE_CONFIG"),
            "repository mine": (str(filled), f"{path}:2"),
            "option --no-progress": (True, "PERSISTENCE_NO_PROGRESS"),
            "option find --limit": (2, f"{path}:5"),
            "PIPE_INPUT_ROOT": ("/in", ""),
        }.items()
    )
    assert rows["option --trust"] == (["a.B"], f"{path}:4")
    assert done.status == 0
    assert "PERSISTENCE_FROMAT sets no option; did you mean 'PERSISTENCE_FORMAT'" in done.err


def test_config_tells_of_names_that_lead_to_nothing(run: Any, write: Write) -> None:
    path = write("repositories: {mine: /nowhere}")
    done = run("config")
    assert done.status == 1
    assert f"{path}:1: mine: there is no /nowhere" in done.err


def test_without_a_file_config_says_where_it_would_be(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    done = run("config", "--format=csv")
    assert re.search(f"^configuration file,{tmp_path}/persistence/config.yaml ", done.out, re.M)
    assert done.status == 0
