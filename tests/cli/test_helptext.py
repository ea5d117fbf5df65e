"""The help of commands: each has examples, and they are what the command accepts."""

from __future__ import annotations

import argparse
import importlib.util
import shlex
from pathlib import Path
from typing import Any

import pytest

from persistence.cli import helptext, main
from persistence.pipe.cmdline.notes import Notes
from persistence.pipe.logs import Settings

TOP = Path(__file__).resolve().parents[2]
WIDTH = 72  # of a line of prose


def reference() -> Any:
    """Return the module that finds the parsers of scripts for the pages of the site."""
    path = TOP / "doc" / "_ext" / "commands.py"
    spec = importlib.util.spec_from_file_location("persistence_doc_commands", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMMANDS = reference()
SCRIPTS = [
    (script, part) for script in COMMANDS.scripts() for part in COMMANDS.PARTS.get(script, ("",))
]


def examples(parser: argparse.ArgumentParser) -> list[list[str]]:
    """Return the words of each example of a parser, as a shell reads them, without its name."""
    (shown,) = [
        part for part in (parser.epilog or "").split("\n\n") if part.startswith("examples:\n")
    ]
    lines = [line.strip() for line in (shown % {"prog": parser.prog}).splitlines()[1::2]]
    assert all(line.startswith(f"{parser.prog} ") for line in lines)
    return [shlex.split(line.removeprefix(f"{parser.prog} ")) for line in lines]


def parsed(parser: Any, words: list[str], task: Any) -> None:
    """Parse; a task's settings and data IDs are processed by argparse's actions, too."""
    if task is None:
        parser.parse_args(words)
        return
    namespace = argparse.Namespace(config=task._makeConfig(), notes=Notes(), logSettings=Settings())
    for name, argument in parser._dataIdArgDict.items():
        setattr(namespace, name, argument.container())
    unknown = argparse.ArgumentParser.parse_known_args(parser, words, namespace)[1]
    assert unknown == []


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_subcommand_accepts_its_examples(name: str) -> None:
    parser = COMMANDS.subcommand(name)
    for words in examples(parser):
        whole = [name, *words]
        main.parser(whole).parse_args(whole)


@pytest.mark.parametrize(("script", "part"), SCRIPTS)
def test_each_script_accepts_its_examples(script: str, part: str) -> None:
    parser, task = COMMANDS.captured(script, part)
    assert parser.description
    for words in examples(parser):
        parsed(parser, words, task)


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_argument_of_a_subcommand_is_explained(name: str) -> None:
    parser = COMMANDS.subcommand(name)
    assert [action.dest for action in parser._actions if not action.help] == []


@pytest.mark.parametrize(("script", "part"), SCRIPTS)
def test_each_argument_of_a_script_is_explained(script: str, part: str) -> None:
    parser, _ = COMMANDS.captured(script, part)
    assert [action.dest for action in parser._actions if not action.help] == []


# -- how it looks


def test_a_wrong_example_would_be_seen() -> None:
    parser = argparse.ArgumentParser(prog="try")
    parser.add_argument("--id", nargs="*")
    helptext.set_up(parser, {"--ids visit=1": "a mistyped option", "--id 100%": "all of it"})
    wrong, right = examples(parser)
    parser.parse_args(right)
    with pytest.raises(SystemExit):
        parser.parse_args(["--idx", *wrong])


def test_examples_stand_at_the_end_as_they_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH + 2))
    parser = argparse.ArgumentParser(prog="try", epilog="A remark. " * 12)
    long = "repo --where '" + " and ".join(["visit == 1"] * 8) + "' --match '%(visit)d'"
    helptext.set_up(parser, {long: "what it does"})
    remark, shown = parser.format_help().rstrip().split("\n\n")[-2:]
    assert max(map(len, remark.splitlines())) <= WIDTH
    assert shown.splitlines() == ["examples:", f"  try {long}", "      what it does"]


def test_the_names_of_options_are_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    parser = argparse.ArgumentParser(prog="try", description="words and words and --a-long-option")
    parser.add_argument("--x", help="see --another-option or --yet-another-one, if you like")
    helptext.set_up(parser, {})
    text = parser.format_help().split()
    assert {"--a-long-option", "--another-option", "--yet-another-one,"} <= set(text)


def test_the_usage_line_leaves_out_the_options_of_all_subcommands() -> None:
    usage = COMMANDS.subcommand("ids").format_usage()
    assert "[--counter N]" in usage
    assert "--traceback" not in usage
