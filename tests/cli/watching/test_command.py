"""The words of a command: nothing that a header says becomes a command."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import DataIdError
from persistence.cli.watching.command import Command
from persistence.errors import UsageError

KEYS: dict[str, type] = {"visit": int, "filter": str, "exptime": float, "object": str, "path": str}
ID = {"visit": 7, "filter": "g"}
EVIL = "$(touch hit) `touch hit`; touch hit\n& | > < * ? ~ ' \" \\ #"


def words(text: str, **values: Any) -> list[str]:
    return Command(text, KEYS).words(ID, {**ID, **values})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run --id {id}", ["run", "--id", "visit=7", "filter=g"]),
        ("run {visit:05d}.fits '{filter}'", ["run", "00007.fits", "g"]),
        ("run --x={filter}{visit}", ["run", "--x=g7"]),
        ("run '{{a}}' 'two words' \"it's\"", ["run", "{a}", "two words", "it's"]),
        ("run '{filter:>3}' x={filter:<2}", ["run", "  g", "x=g "]),
        ("run 'visit {visit}'", ["run", "visit 7"]),
        (r"run it\'s", ["run", "it's"]),
        ("run # {id}", ["run", "#", "visit=7", "filter=g"]),
        ("run '|' \">x\" a|b a>b", ["run", "|", ">x", "a|b", "a>b"]),
    ],
)
def test_values_go_into_the_gaps(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "write the command"),
        ("run 'x", "No closing quotation"),
        ("run {", "write {{ for a brace"),
        ("run {vist}", r"unknown key 'vist'; did you mean 'visit'\? \(known: id, visit, "),
        ("run ${HOME}", r"unknown key 'HOME' .*; \{\{ is a brace"),
        ("run {id} | grep x", r"\| is for a shell"),
        ("run {id} >log", ">log is for a shell"),
        ("run {id} 2> log", "2> is for a shell"),
        ("a && b", "&& is for a shell"),
        ("a &", "& is for a shell"),
        ("run {}", "unknown key ''"),
        ("run {visit.real}", "unknown key 'visit.real'"),
        ("run {visit[0]}", r"unknown key 'visit\[0\]'"),
        ("run {visit!r}", "write {visit}, without !r"),
        ("run x{id}", "has to be a word by itself"),
        ("run {id:5}", "has to be a word by itself"),
        ("run {filter:05d}", "filter is of type str: Unknown format code 'd'"),
        ("sh -c 'run {object}'", "would become a part of a script"),
        ("python -c 'print(\"{object}\")'", "would become a part of a script"),
        ("sh -c echo;{object}", "would become a part of a script"),
        ("awk '$1==\"{filter}\"' file", "would become a part of a script"),
        ("sh -c 'run --id {id}'", "has to be a word by itself"),
    ],
)
def test_a_text_that_is_not_a_command_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Command(text, KEYS)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("run {object}", {"object": "-rf"}),
        ("run {object}", {"object": "a\0b"}),
        ("run {object}", {"object": None}),
        ("run {object}", {}),
    ],
)
def test_a_value_that_cannot_be_a_word_is_refused(text: str, values: dict[str, Any]) -> None:
    with pytest.raises(DataIdError):
        words(text, **values)


@pytest.mark.parametrize("value", ["a^b", "1..9", "a\0b", None])
def test_a_data_id_that_would_mean_another_one_is_refused(value: Any) -> None:
    with pytest.raises(DataIdError, match="cannot be given with --id"):
        Command("run {id}", KEYS).words({"object": value}, {})


@pytest.mark.parametrize("text", ["printf %s {object}", "sh -c 'printf %s \"$1\"' sh {object}"])
def test_what_a_program_is_given_is_the_value(text: str, tmp_path: Any) -> None:
    found = words(text, object=EVIL)
    assert subprocess.run(found, check=True, capture_output=True, cwd=tmp_path).stdout == (
        EVIL.encode()
    )
    assert not os.listdir(tmp_path)


def test_a_shell_of_another_host_is_given_quoted_values(tmp_path: Any) -> None:
    """As ssh does, this joins its words and gives them to a shell."""
    remote = tmp_path / "bin" / "ssh"
    remote.parent.mkdir()
    remote.write_text('#!/bin/sh\nshift\nexec sh -c "$*"\n')
    remote.chmod(0o755)
    found = words(f"{remote} host printf %s {{object}}", object=EVIL)
    done = subprocess.run(found, check=True, capture_output=True, cwd=tmp_path)
    assert done.stdout == EVIL.encode()
    assert os.listdir(tmp_path) == ["bin"]


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_any_text_is_one_word(value: str) -> None:
    try:
        assert words("run {object}", object=value) == ["run", value]
    except DataIdError:
        assert value.startswith("-")


def test_a_program_that_is_not_there_is_refused_before_anything_is_run() -> None:
    with pytest.raises(UsageError, match="there is no program 'no-such-program' to run"):
        Command("no-such-program {id}", KEYS).check_program()
    with pytest.raises(UsageError, match="has to be fixed"):
        Command("{object}", KEYS).check_program()
    Command("sh", KEYS).check_program()
