"""Files of command-line arguments: ``@file`` is replaced by the file's words.

Source: doc/gen2/gen2-cli.md, 3.5.1.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence

from persistence.cli import textfiles
from persistence.errors import UsageError

MARK = "@"


def expanded(words: Sequence[str]) -> list[str]:
    """Return words with ``@file`` replaced by the words in the file, which may name further files.

    In a file, ``#`` begins a comment, and quotes keep words together, as in a shell; a line ends
    both.

    Raises
    ------
    UsageError
        If a file cannot be read or includes itself, or a quotation has no end.
    """
    return list(_expanded(words, ()))


def _expanded(words: Sequence[str], within: tuple[str, ...]) -> Iterator[str]:
    for word in words:
        if word.startswith(MARK):
            yield from _file(word[len(MARK) :], within)
        else:
            yield word


def _file(path: str, within: tuple[str, ...]) -> Iterator[str]:
    real = os.path.realpath(path)
    if real in within:
        raise UsageError(f"{MARK}{path} leads back to itself: {' -> '.join([*within, real])}")
    for number, line in enumerate(textfiles.read(path, f"{MARK}{path}").splitlines(), start=1):
        if "\0" in line:  # no name of a file or of anything else has one
            raise UsageError(
                f"{MARK}{path}, line {number}: a zero byte is not text: {line.strip()!r}"
            )
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise UsageError(f"{MARK}{path}, line {number}: {error}: {line.strip()}") from error
        yield from _expanded(words, (*within, real))
