"""The command that is run for new data: its words, and their placeholders for data IDs.

Values never reach a shell: they come from headers, and a header may contain ``$(rm -r ~)``.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.dataids import shorthand
from persistence.errors import DataIdError, UsageError, did_you_mean

# The whole data ID, one word for each key.
ID = "id"
# These programs join their words and pass them to a shell of another host: values are quoted for
# that one.
_REMOTE = {"ssh", "rsh"}
# What a word of a script has, for whatever program, and no name of a file or value of an option.
_SCRIPT = re.compile(r"[\s'\"`$()<>|;&]")
_GAP = re.compile(r"\{[^{}]*\}")

# Words that mean something else than themselves to a shell, unless they are quoted.
_FOR_A_SHELL = re.compile(r"\|.*|&&?|;.*|\d?>.*|<.*")


class _Piece(NamedTuple):
    """A part of a word: text, and the value that follows it, if any, with its format."""

    text: str
    key: str | None
    form: str


_Word = tuple[_Piece, ...]


class Command:
    """A command with placeholders.

    Parameters
    ----------
    text : `str`
        The command as typed: words, with quotes as in a shell, but for no shell. ``{id}``, a word
        by itself, is replaced by a word ``key=value`` for each key; ``{visit}``, also with a format
        as in ``{visit:07d}`` and as part of a word, by the value of a key; ``{{`` and ``}}`` are
        braces.
    keys : mapping
        The other names that may be used in braces, and the types of their values.

    Raises
    ------
    UsageError
        If the text is invalid, names an unknown key, or another program would use a value as part
        of a script.
    """

    def __init__(self, text: str, keys: Mapping[str, type]) -> None:
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise UsageError(f"--exec {text}: {error}") from error
        if not words:
            raise UsageError("--exec '': write the command that is to be run")
        for word in _unquoted(text):
            if _FOR_A_SHELL.fullmatch(word):
                raise UsageError(
                    f"--exec {text}: {word} is for a shell, and none sees the command; write sh -c "
                    "'... \"$@\"' sh {id}"
                )
        self._keys = keys
        self._words = [self._pieces(word) for word in words]
        self._quoted: Callable[[str], str] = (
            shlex.quote if any(os.path.basename(word) in _REMOTE for word in words) else str
        )

    @functools.cached_property
    def uses(self) -> frozenset[str]:
        """The names that stand between braces."""
        every = (piece.key for pieces in self._words for piece in pieces)
        return frozenset(key for key in every if key is not None)

    def _pieces(self, word: str) -> _Word:
        try:
            parts = list(string.Formatter().parse(word))
        except ValueError as error:
            raise UsageError(f"--exec, {word!r}: {error}; write {{{{ for a brace") from error
        pieces = tuple(_Piece(text, key, form or "") for text, key, form, _ in parts)
        for (text, key, form), (*_, conversion) in zip(pieces, parts, strict=True):
            if key is None:
                continue
            if conversion is not None:
                raise UsageError(f"--exec, {word!r}: write {{{key}}}, without !{conversion}")
            self._check(word, text, key, form)
        return pieces

    def _check(self, word: str, text: str, key: str, form: str) -> None:
        if key == ID:
            if word != f"{{{ID}}}":
                raise UsageError(
                    f"--exec, {word!r}: {{{ID}}} becomes several words, so it has to be a word by "
                    "itself; in a script for another shell, write sh -c '... \"$@\"' sh {id}"
                )
            return
        if key not in self._keys:
            known = [ID, *self._keys]
            raise UsageError(
                f"--exec, {word!r}: unknown key {key!r}{did_you_mean(key, known)} (known: "
                f"{', '.join(known)}); {{{{ is a brace"
            )
        kind = self._keys[key]
        if kind is str and _SCRIPT.search(_GAP.sub("", word)):
            raise UsageError(
                f"--exec, {word!r}: {{{key}}} is text that comes from headers, and would become a "
                f"part of a script; give it as a word: sh -c '... \"$1\"' sh {{{key}}}"
            )
        try:
            format(kind(), form)
        except ValueError as error:
            raise UsageError(f"--exec, {word!r}: {key} is of type {kind.__name__}: {error}") from (
                error
            )

    @property
    def program(self) -> str:
        """The first word."""
        return "".join(piece.text for piece in self._words[0])

    def check_program(self) -> None:
        """Raise `UsageError` if there is no program of that name."""
        if any(piece.key is not None for piece in self._words[0]):
            raise UsageError(f"--exec: the program's name, {self.program!r}, has to be fixed")
        if shutil.which(self.program) is None:
            raise UsageError(f"--exec: there is no program {self.program!r} to run")

    def words(self, data_id: Mapping[str, Any], others: Mapping[str, Any]) -> list[str]:
        """Return the words for a data ID.

        Parameters
        ----------
        data_id : mapping
            The replacement of ``{id}``.
        others : mapping
            The values of the other names.

        Returns
        -------
        words : `list` of `str`
            The words.

        Raises
        ------
        DataIdError
            If a value is missing, cannot be written after ``--id``, or looks like an option.
        """
        return [word for pieces in self._words for word in self._filled(pieces, data_id, others)]

    def _filled(
        self, pieces: Sequence[_Piece], data_id: Mapping[str, Any], others: Mapping[str, Any]
    ) -> Iterator[str]:
        if any(piece.key == ID for piece in pieces):
            (words,) = shorthand.options([data_id])
            yield from map(self._quoted, words)
            return
        texts = []
        for text, key, form in pieces:
            texts.append(text)
            if key is not None:
                value = others.get(key)
                if value is None:
                    raise DataIdError(f"{key} has no value")
                shown = format(value, form)
                if "\0" in shown or (shown.startswith("-") and not text and len(texts) == 1):
                    raise DataIdError(f"{key}={value!r} cannot be a word of a command")
                texts.append(self._quoted(shown))
        yield "".join(texts)


def _unquoted(text: str) -> list[str]:
    """Return the words of a text with their quotes; none if it has quotes behind backslashes."""
    try:
        return shlex.split(text, posix=False)
    except ValueError:
        return []
