"""Every command and snippet of the README and of the tour is run, in order, in an empty directory."""

from __future__ import annotations

import grp
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .pages import blocks

TOP = Path(__file__).resolve().parents[1]


def run(command: str, folder: Path) -> str:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    }
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_readme_works_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = work_through("README.rst", tmp_path, monkeypatch, capsys)
    assert ran == ["sh", "python"]


@pytest.mark.slow
def test_the_tour_works_as_it_is_read(
    tmp_path: Path,
    triples: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "archive").symlink_to(triples)
    ran = work_through("doc/tour.rst", tmp_path, monkeypatch, capsys)
    assert ran.count("sh") >= 2
    assert ran.count("python") >= 3
    assert ran.count("text") >= 1


def work_through(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Run the blocks of a page, in order; returns their languages."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    ran = []
    for language, text in blocks(page):
        if "bin/bootstrap" in text:
            continue  # a test of its own, below
        if language == "sh":
            run(text, folder)
        elif language == "python":
            capsys.readouterr()
            exec(compile(text, page, "exec"), names)
        elif language == "text":
            assert capsys.readouterr().out.rstrip("\n") == text
        ran.append(language)
    return ran


def test_what_the_readme_leads_to_is_there_and_it_is_short() -> None:
    text = (TOP / "README.rst").read_text()
    targets = re.findall(r"<([\w./]+)>`_|^\.\. image:: (\S+)", text, re.M)
    assert len(targets) > 15
    for target in ("".join(pair) for pair in targets):
        assert (TOP / target).is_file(), target
    assert len(text.splitlines()) <= 110


def test_the_commands_of_the_promises_print_what_they_say(own: Path) -> None:
    own.rename(own.parent / "repo")
    group = grp.getgrgid(os.getegid()).gr_name
    printed = ""
    for language, text in blocks("doc/promises.rst"):
        if language == "sh":
            printed = run(text.replace("hsc", group), own.parent)
        else:
            assert printed.rstrip("\n").endswith(text)
    assert printed


def test_the_page_of_programs_works_as_it_is_read(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.rename(own.parent / "repo")
    monkeypatch.chdir(own.parent)
    names: dict[str, Any] = {}
    for language, text in blocks("doc/programs.rst"):
        if language == "sh":
            assert run(text, own.parent).splitlines()[1:] == [
                "the second line of the script has failed"
            ]
        else:
            exec(compile(text, "programs.rst", "exec"), names)
    assert names["gen2types"].unwrap(names["old"]) is names["ours"]


@pytest.mark.slow
def test_the_page_of_ingest_works_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for language, text in blocks("doc/ingest.rst"):
        if language == "sh":
            printed = run(text, tmp_path)
        elif language == "python":
            exec(compile(text, "ingest.rst", "exec"), names)
        else:
            assert printed.rstrip("\n").endswith(text)


def test_every_subcommand_is_shown() -> None:
    from persistence.cli.main import COMMANDS

    shown = {
        line.removeprefix("$ ").split()[1]
        for name in (
            "README.rst",
            *(str(path.relative_to(TOP)) for path in (TOP / "doc").rglob("*.rst")),
        )
        for _, text in blocks(name)
        for line in text.splitlines()
        if line.startswith(("persistence ", "$ persistence "))
    }
    assert shown == set(COMMANDS)


def test_the_two_commands_are_those_of_bootstrap_and_of_ci() -> None:
    (commands,) = [text for _, text in blocks("README.rst") if "bin/bootstrap" in text]
    assert commands.splitlines() == ["python3 bin/bootstrap demo", "python3 bin/bootstrap test"]
    assert "python3 bin/bootstrap test" in (TOP / ".ci" / "run").read_text()
    namespace: dict[str, Any] = {
        "__name__": "bootstrap",
        "__file__": str(TOP / "bin" / "bootstrap"),
    }
    exec(compile((TOP / "bin" / "bootstrap").read_text(), "bootstrap", "exec"), namespace)
    # What they run after the environment is made, but for the tests themselves: these are they.
    steps, tools = namespace["steps"], "tests/test_tools.py"
    assert steps("demo", []) == [["-m", "obs_decam.sample.demo"]]
    assert steps("demo", ["--transients"]) == [["-m", "obs_decam.sample.demo", "--transients"]]
    many = ["-m", "pytest", "-q", "-n", "auto", "--dist", "loadscope"]
    benchmarks = ["-m", "pytest", "-q", "tests/benchmarks"]
    assert steps("test", []) == [[*many, "-m", "not slow", tools, "tests"]]
    assert steps("test", ["--all"]) == [benchmarks, [*many, tools, "tests"]]
    assert steps("test", [], tools=False) == [[*many, "-m", "not slow", "--ignore", tools]]
    assert steps("test", ["-k", "x"]) == [[*many, "-k", "x"]]
    assert steps("benchmarks", []) == [benchmarks]
    assert steps("benchmarks", ["-k", "x"]) == [[*benchmarks, "-k", "x"]]
    assert steps("docs", []) == [
        ["-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "doc", "doc/_build/html"]
    ]
    with pytest.raises(SystemExit, match="python3 bin/bootstrap demo"):
        namespace["main"](["tset"])
