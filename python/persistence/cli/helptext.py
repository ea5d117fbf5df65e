"""How ``--help`` looks: paragraphs, a short usage line, and examples at the end."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

# The group of options that the usage line leaves out: they are the same for all subcommands.
COMMON = "options of all subcommands"


class Formatter(argparse.HelpFormatter):
    """Fill each paragraph of a text by itself, and keep those with indented lines as they are."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """Add the usage line, without the options that all subcommands have."""
        own = [action for action in actions if _group(action) != COMMON]
        super().add_usage(usage, own, groups, prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        # A name of an option, --dry-run, stays in one piece.
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(
            textwrap.indent(part, indent)
            if "\n " in part
            else "\n".join(indent + line for line in self._split_lines(part, width - len(indent)))
            for part in text.split("\n\n")
        )


def _group(action: argparse.Action) -> str | None:
    title: str | None = getattr(getattr(action, "container", None), "title", None)
    return title


def set_up(parser: argparse.ArgumentParser, examples: Mapping[str, str]) -> None:
    """Format the help of a command, and show examples at its end.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        The parser of the command.
    examples : mapping
        The words after the command's name, and what they do.
    """
    if parser.formatter_class is argparse.HelpFormatter:
        parser.formatter_class = Formatter
    lines = ["examples:"]
    for words, purpose in examples.items():
        lines += [f"  %(prog)s {words.replace('%', '%%')}", f"      {purpose}"]
    shown = ["\n".join(lines)] if examples else []
    parser.epilog = "\n\n".join([*filter(None, [parser.epilog]), *shown]) or None
