"""The reference of commands: a page for each, from its own parser, before the build.

``persistence`` has a page for each subcommand, and each script of ``bin`` has one; those of tasks
list their settings, too. The pages are ``reference/commands/*.rst``, and are not kept.
"""

from __future__ import annotations

import argparse
import io
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

TOP = Path(__file__).resolve().parents[2]
PLACE = TOP / "doc" / "reference" / "commands"
# What a script of several commands calls them.
PARTS = {"generateDecam.py": ("", "calibs", "calib-raws", "refcat", "realistic")}
GROUPS = {
    "persistence": "Look into a repository, fill it, share it",
    "ingest": "Ingest",
    "tasks": "Process",
    "sample": "Sample data",
}
_SETTING = re.compile(r"((?:^#.*\n)*)^config\.([^=\n]+)=(.*(?:\n(?!#|config\.|\n).*)*)", re.M)


class Captured(Exception):
    """Raised in place of parsing, with the parser and, of a task, its class."""


def scripts() -> list[str]:
    """Return the names of the scripts in ``bin``, but for ``persistence`` and ``bootstrap``."""
    names = sorted(path.name for path in (TOP / "bin").iterdir())
    return [name for name in names if name not in ("persistence", "bootstrap")]


def captured(script: str, part: str = "") -> tuple[argparse.ArgumentParser, Any]:
    """Return the parser of a script, and the class of its task, or None."""
    from persistence.pipe.cmdlinetask import CmdLineTask

    def parse(parser: argparse.ArgumentParser, *args: Any, **kwargs: Any) -> None:
        raise Captured(parser, None)

    def parse_and_run(cls: Any, *args: Any, **kwargs: Any) -> None:
        raise Captured(cls.describedParser(), cls)

    with (
        mock.patch.object(argparse.ArgumentParser, "parse_args", parse),
        mock.patch.object(CmdLineTask, "parseAndRun", classmethod(parse_and_run)),
        mock.patch.object(sys, "argv", [script, *filter(None, [part])]),
    ):
        try:
            runpy.run_path(str(TOP / "bin" / script), run_name="__main__")
        except Captured as found:
            parser, task = found.args
            parser.prog = f"{script} {part}".strip()
            return parser, task
    raise RuntimeError(f"{script} parses nothing")


def subcommand(name: str) -> argparse.ArgumentParser:
    """Return the parser of a subcommand of ``persistence``."""
    from persistence.cli import main

    (action,) = [
        action
        for action in main.parser([name])._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    return action.choices[name]


def title(text: str, mark: str) -> list[str]:
    """Return a heading."""
    return [text, mark * len(text), ""]


def _plain(text: str) -> str:
    """Return help's text so that reStructuredText shows it as it is."""
    return re.sub(r"([*`|\\_])", r"\\\1", " ".join(text.split()))


def _usage(parser: argparse.ArgumentParser) -> list[str]:
    width = 90
    formatter = argparse.HelpFormatter(parser.prog, width=width)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, prefix="")
    lines = formatter.format_help().rstrip().splitlines()
    return [".. code-block:: text", "", *(f"   {line}" for line in lines), ""]


def _epilog(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield what stands at the end of the help; examples are shown as they are typed."""
    for part in filter(None, (parser.epilog or "").split("\n\n")):
        if "\n " not in part:
            yield from (_plain(part), "")
            continue
        lines = (part % {"prog": parser.prog}).splitlines()
        yield from (".. code-block:: text", "", *(f"   {line}" for line in lines[1:]), "")


def _option(action: argparse.Action) -> tuple[str, str]:
    """Return what an option or argument looks like, and what it does."""
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if isinstance(value, tuple):
        value = " ".join(value)
    if action.choices is not None and not action.metavar:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if action.nargs in ("*", "+") and value:
        value += " ..."
    names = ", ".join(f"{name} {value}".strip() for name in action.option_strings) or value
    text = action.help or ""
    if "%(" in text or "%%" in text:
        text = text % {**vars(action), "prog": ""}
    default = action.default
    if default not in (None, False, argparse.SUPPRESS, [], ()) and "default" not in text:
        text += f" (default: {default})"
    return names, text


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the lines that describe each argument of a parser, group by group."""
    for group in parser._action_groups:
        actions = [
            one
            for one in group._group_actions
            if one.help != argparse.SUPPRESS and not isinstance(one, argparse._HelpAction)
        ]
        if not actions:
            continue
        name = (group.title or "").rstrip(":")
        yield from title(name[:1].upper() + name[1:], "-")
        if group.description:
            yield from (_plain(group.description), "")
        for action in actions:
            names, text = _option(action)
            kind = "option" if action.option_strings else "describe"
            yield from (f".. {kind}:: {names}", "", f"   {_plain(text)}", "")


def settings(task: Any) -> Iterator[str]:
    """Yield a table of a task's settings, with what they are and mean."""
    stream = io.StringIO()
    task.ConfigClass().saveToStream(stream)
    rows = []
    for comment, name, value in _SETTING.findall(stream.getvalue()):
        words = " ".join(line.lstrip("# ") for line in comment.splitlines())
        words = words.partition("Allowed values:")[0].removesuffix("None").strip()
        value = " ".join(value.split())
        rows.append((name, value if len(value) < 60 else value[:57] + "...", words))
    if not rows:
        return
    yield from title("Settings", "-")
    yield "For ``-c NAME=VALUE``, with their defaults; those of a camera may be others."
    yield from ("", ".. list-table::", "   :header-rows: 1", "   :class: settings", "")
    for name, value, words in (("setting", "default", "meaning"), *rows):
        code = "{}" if name == "setting" else "``{}``"
        yield f"   * - {code.format(name)}"
        yield f"     - {code.format(value)}"
        yield f"     - {_plain(words)}"
    yield ""


def page(parser: argparse.ArgumentParser, task: Any = None, summary: str = "") -> str:
    """Return the page of a command."""
    lines = title(parser.prog, "=")
    text = parser.description or summary
    lines += [f".. program:: {parser.prog}", "", _plain(text).rstrip(".") + ".", ""]
    lines += [*_usage(parser), *_epilog(parser), *options(parser)]
    if task is not None and hasattr(task.ConfigClass, "_fields"):
        lines += settings(task)
    return "\n".join(lines) + "\n"


def _group(script: str) -> str:
    if script.startswith("ingest"):
        return "ingest"
    if script == "generateDecam.py":
        return "sample"
    return "tasks"


def pages() -> dict[str, str]:
    """Return each page by its name, with the index."""
    from persistence.cli.main import COMMANDS

    made: dict[str, str] = {}
    listed: dict[str, list[str]] = {group: [] for group in GROUPS}
    for name, text in COMMANDS.items():
        made[f"persistence-{name}"] = page(subcommand(name), summary=text[:1].upper() + text[1:])
        listed["persistence"].append(f"persistence-{name}")
    for script in scripts():
        for part in PARTS.get(script, ("",)):
            parser, task = captured(script, part)
            name = "-".join(filter(None, [script.removesuffix(".py"), part]))
            made[name] = page(parser, task)
            listed[_group(script)].append(name)
    lines = [
        *title("Commands", "="),
        "Written from the commands themselves; ``--help`` shows the same.",
        "",
    ]
    for group, names in listed.items():
        lines += [".. toctree::", "   :maxdepth: 1", f"   :caption: {GROUPS[group]}", ""]
        lines += [*(f"   {name}" for name in names), ""]
    made["index"] = "\n".join(lines)
    return made


def write(app: Any) -> None:
    """Write the pages that have changed, and remove those of commands that are no more."""
    PLACE.mkdir(exist_ok=True)
    made = pages()
    for path in PLACE.glob("*.rst"):
        if path.stem not in made:
            path.unlink()
    for name, text in made.items():
        path = PLACE / f"{name}.rst"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def setup(app: Any) -> dict[str, bool]:
    """Register `write` with Sphinx, which calls it before each build."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
