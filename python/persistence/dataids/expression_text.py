"""The text of an expression: its pieces, and where in it an error is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from persistence.errors import ExpressionError, PersistenceError

# Nobody types more: lists of values are given as keywords.
_LONGEST = 20_000
# How much of a line an error shows on each side.
_AROUND = 60

DAY = r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?)?Z?"
_PIECE = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<day>{DAY})(?![\w-])
    | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?!\w|-[0-9])
    | (?P<sign>\.\.|==|!=|<>|<=|>=|[=<>()\[\],:+-])
    | (?P<word>[^\W\d]\w*)
    | (?P<key>`[^`]*`)
    | (?P<text>'(?:[^']|'')*' | "(?:[^"]|"")*")
    """,
    re.VERBOSE,
)
# Half of a character, or what ends a text in SQLite.
_UNFIT = re.compile("[\0\ud800-\udfff]")
# What other languages write.
_HINTS = {
    "&": "write and",
    "|": "write or",
    "!": "write not, or !=",
    "~": "write like",
    "%": "a pattern stands in quotes: like 'a%'",
    "*": "a pattern stands in quotes: like 'a%'",
    "'": "the quote is not closed",
    '"': "the quote is not closed",
    "`": "the quote is not closed",
    ".": "a range is low..high",
    "{": "a list stands in parentheses",
}


class Span(NamedTuple):
    """A part of a text, for errors that point at it.

    Attributes
    ----------
    text : `str`
        The whole expression.
    start, end : `int`
        Where the part begins, and the position behind it.
    """

    text: str
    start: int
    end: int

    def __str__(self) -> str:
        return self.text[self.start : self.end]

    def error(
        self, problem: str, kind: type[PersistenceError] = ExpressionError
    ) -> PersistenceError:
        """Return an error whose message shows the line, and below it what the problem is with."""
        begin = self.text.rfind("\n", 0, self.start) + 1
        line, _, _ = self.text[begin:].partition("\n")
        column = self.start - begin
        left, right = max(0, column - _AROUND), column + _AROUND
        shown = "".join(letter if letter.isprintable() else " " for letter in line[left:right])
        before, after = "..." if left else "", "..." if right < len(line) else ""
        width = max(1, min(self.end, begin + min(right, len(line))) - self.start)
        marks = " " * (len(before) + column - left) + "^" * width
        return kind(
            f"where, column {self.start + 1}: {problem}\n  {before}{shown}{after}\n  {marks}"
        )


class Piece(NamedTuple):
    """A word, number, date, text or sign.

    Attributes
    ----------
    kind : `str`
        ``word``, ``key`` (in backticks), ``number``, ``day``, ``text``, ``sign`` or ``end``.
    span : `Span`
        Where it stands.
    """

    kind: str
    span: Span

    @property
    def word(self) -> str:
        """What a sign or a word is compared by: ``AND`` is ``and``."""
        return str(self.span).lower() if self.kind in ("word", "sign") else ""

    @property
    def content(self) -> str:
        """The text between quotes, in which two of them stand for one."""
        quote = str(self.span)[0]
        return str(self.span)[1:-1].replace(quote * 2, quote)


def pieces(text: str) -> Iterator[Piece]:
    """Yield the pieces of an expression, and ``end`` as the last.

    Raises
    ------
    ExpressionError
        If a character begins none.
    """
    if len(text) > _LONGEST:
        raise ExpressionError(
            f"where has {len(text)} characters, more than {_LONGEST}: give long lists of values as "
            "keywords, visit=[...]"
        )
    strange = _UNFIT.search(text)
    if strange is not None:
        position = strange.start()
        problem = f"{strange.group()!r} is in no text of a key"
        raise Span(text, position, position + 1).error(problem)
    position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            raise _strange(text, position)
        if match.lastgroup != "space":
            yield Piece(str(match.lastgroup), Span(text, match.start(), match.end()))
        position = match.end()
    yield Piece("end", Span(text, len(text), len(text)))


def _strange(text: str, position: int) -> PersistenceError:
    letter = text[position]
    rest = re.match(r"[\w.:-]+", text[position:])
    if rest is not None and letter.isdigit():
        end = position + rest.end()
        return Span(text, position, end).error(
            f"{rest.group()!r} is not a number, nor a date such as 2014-02-20 or 2014-02-20T23:59; "
            "a text stands in quotes"
        )
    hint = _HINTS.get(letter, "")
    problem = f"{letter!r} has no meaning here{': ' if hint else ''}{hint}"
    return Span(text, position, position + 1).error(problem)
