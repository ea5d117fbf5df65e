"""Settings of a command: typed after ``-c``, or in files after ``-C``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from persistence.cli import textfiles
from persistence.errors import PolicyError
from persistence.formatters import config as config_files


def add_options(parser: argparse.ArgumentParser, values: str, files: str) -> None:
    """Add the two options, with their help."""
    parser.add_argument(
        "-c", "--config", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help=values
    )  # fmt: skip
    parser.add_argument(
        "-C", "--config-file", "--configfile",
        nargs="+", action="extend", default=[], metavar="FILE", help=files
    )  # fmt: skip


def stored(path: str) -> Mapping[str, Any]:
    """Return the settings of a file, which is parsed, not executed.

    Raises
    ------
    UsageError
        If it cannot be read.
    PersistenceError
        If it contains anything but settings.
    """
    return config_files.parse(textfiles.read(path, f"-C {path}"), path)


def typed(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return the names and texts of the command line.

    Raises
    ------
    PolicyError
        If a word is not ``NAME=VALUE``.
    """
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text:
            raise PolicyError(f"-c {word}: write -c NAME=VALUE")
        yield name, text
