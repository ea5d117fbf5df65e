"""The options of commands that copy or bundle: which datasets, with how many of their inputs."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from persistence.cli import output, usage
from persistence.cli.usage import WrongUse

if TYPE_CHECKING:
    from persistence.butler.butler import Butler


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add ``--type``, ``--where``, ``--id`` and ``--with-inputs``; the verb is for the help."""
    which = parser.add_argument_group("which datasets")
    which.add_argument(
        "--type", action="append", default=[], metavar="TYPE,TYPE", required=True,
        help="the dataset types: calexp,src; may be repeated",
    )  # fmt: skip
    which.add_argument(
        "--where", metavar="CONDITION",
        help="only where this is true: 'visit in (1..100) and filter == \"r\"'; each type needs "
        "these keys",
    )  # fmt: skip
    usage.add_id(which, "only these: visit=410877..410879 ccdnum=1^28; may be repeated")
    which.add_argument(
        "--with-inputs", type=int, default=0, metavar="LEVELS",
        help=f"also {verb} what they were made of (1), the inputs of that (2), and so on, as far "
        "as journals record it",
    )  # fmt: skip


def chosen(butler: Butler, arguments: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Return the dataset types, and the condition for each.

    Raises
    ------
    WrongUse
        If the number of levels is negative.
    """
    from persistence.cli import asking  # lazy: TAB does without

    types = usage.words(arguments.type)
    if arguments.with_inputs < 0:
        raise WrongUse("--with-inputs: a number of levels is not negative")
    return types, {name: asking.condition(butler, name, arguments) for name in types}


def show_types(types: Iterable[str]) -> None:
    """Print the number of files of each dataset type."""
    lines: list[dict[str, Any]] = [
        {"type": name, "files": number} for name, number in sorted(Counter(types).items())
    ]
    output.write(lines, "table")
