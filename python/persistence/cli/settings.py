"""Settings of a command: typed after ``-c``, or in files after ``-C``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from persistence.errors import PolicyError


def add_options(parser: argparse.ArgumentParser, values: str, files: str) -> None:
    """Add the two options, with what is to be said of each."""
    parser.add_argument(
        "-c", "--config", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help=values
    )  # fmt: skip
    parser.add_argument(
        "-C", "--config-file", "--configfile", nargs="+", action="extend", default=[], metavar="FILE", help=files
    )  # fmt: skip


def typed(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give the names and texts that are typed.

    Raises
    ------
    PolicyError
        If a word is no ``NAME=VALUE``.
    """
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text:
            raise PolicyError(f"-c {word}: write -c NAME=VALUE")
        yield name, text
