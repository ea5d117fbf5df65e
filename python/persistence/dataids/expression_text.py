"""The tokens of an expression, and error messages that point at a position in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from persistence.errors import ExpressionError, PersistenceError

# Longer expressions are not typed by hand: long lists of values are passed as keywords.
_LONGEST = 20_000
# Characters of the line that an error shows on each side of its position.
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
# Surrogates cannot be encoded, and NUL ends a text in SQLite.
_UNFIT = re.compile("[\0\ud800-\udfff]")
# Hints for the notation of other languages.
_HINTS = {
    "&": "write and",
    "|": "write or",
    "!": "write not, or !=",
    "~": "write like",
    "%": "patterns are quoted: like 'a%'",
    "*": "patterns are quoted: like 'a%'",
    "'": "the quote is not closed",
    '"': "the quote is not closed",
    "`": "the quote is not closed",
    ".": "a range is low..high",
    "{": "lists are in parentheses",
}


class Span(NamedTuple):
    """A part of a text, for errors that point at it.

    Attributes
    ----------
    text : `str`
        The whole expression.
    start, end : `int`
        Positions of the part's first character and of the one after its last.
    """

    text: str
    start: int
    end: int

    def __str__(self) -> str:
        return self.text[self.start : self.end]

    def error(
        self, problem: str, kind: type[PersistenceError] = ExpressionError
    ) -> PersistenceError:
        """Return an error whose message shows the line with the part underlined.

        Parameters
        ----------
        problem : `str`
            The text of the message.
        kind : `type` [`PersistenceError`], optional
            The class of the error.
        """
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
    """A token: a word, number, date, text or sign.

    Attributes
    ----------
    kind : `str`
        ``word``, ``key`` (in backticks), ``number``, ``day``, ``text``, ``sign`` or ``end``.
    span : `Span`
        The token's position in the expression.
    """

    kind: str
    span: Span

    @property
    def word(self) -> str:
        """The lower-case text of a word or sign; empty for other tokens."""
        return str(self.span).lower() if self.kind in ("word", "sign") else ""

    @property
    def content(self) -> str:
        """The text between quotes, with doubled quotes undone."""
        quote = str(self.span)[0]
        return str(self.span)[1:-1].replace(quote * 2, quote)


def pieces(text: str) -> Iterator[Piece]:
    """Yield the tokens of an expression, and ``end`` as the last.

    Raises
    ------
    ExpressionError
        If the expression is too long, or a character begins no token.
    """
    if len(text) > _LONGEST:
        raise ExpressionError(
            f"where has {len(text)} characters, more than {_LONGEST}: pass long lists of values as "
            "keywords, visit=[...]"
        )
    strange = _UNFIT.search(text)
    if strange is not None:
        position = strange.start()
        problem = f"{strange.group()!r} cannot be part of a key's text"
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
            "texts are quoted"
        )
    hint = _HINTS.get(letter, "")
    problem = f"{letter!r} has no meaning here{': ' if hint else ''}{hint}"
    return Span(text, position, position + 1).error(problem)
