"""The recursive-descent parser of expressions; `Parser.whole` is its start."""

from __future__ import annotations

import math

from persistence.dataids import expression_dates as dates
from persistence.dataids.expression_nodes import (
    And,
    Comparison,
    Condition,
    IsNull,
    Like,
    Member,
    Not,
    Or,
    Truth,
)
from persistence.dataids.expression_operands import Day, Key, Literal, Range
from persistence.dataids.expression_text import Piece, Span, pieces
from persistence.errors import PersistenceError

_WORDS = frozenset({"and", "or", "not", "in", "like", "is", "between"})
_NULL = ("null", "none")
_SIGNS = {sign: sign for sign in ("==", "!=", "<", "<=", ">", ">=")} | {"=": "==", "<>": "!="}
# The operator after its two sides are exchanged.
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_CLOSING = {"(": ")", "[": "]"}
_DEEPEST = 50


class Parser:
    """A parser of one expression.

    Parameters
    ----------
    text : `str`
        The expression.
    """

    def __init__(self, text: str) -> None:
        self._pieces = list(pieces(text))
        self._place = 0
        self._depth = 0

    def whole(self) -> Condition:
        """Return the condition of the whole text."""
        condition = self._either()
        if self._next.kind != "end":
            raise self._next.span.error(
                f"{self._next.span} is not expected here: join conditions with and, or"
            )
        return condition

    # -- pieces
    # ------------------------------------------------------------------------------------

    @property
    def _next(self) -> Piece:
        return self._pieces[self._place]

    def _take(self) -> Piece:
        piece = self._next
        self._place += piece.kind != "end"
        return piece

    def _taken(self, *words: str) -> Piece | None:
        """Return and consume the next piece if it is one of some words or signs; None otherwise."""
        return self._take() if self._next.word in words else None

    def _expect(self, word: str, after: str) -> Piece:
        piece = self._taken(word)
        if piece is None:
            raise self._missing(f"{word} {after}")
        return piece

    def _missing(self, expected: str) -> PersistenceError:
        span = self._next.span
        actual = f", not {span}" if self._next.kind != "end" else ""
        return span.error(f"expected {expected}{actual}")

    # -- and, or, not
    # ------------------------------------------------------------------------------

    def _either(self) -> Condition:
        parts = [self._all()]
        while self._taken("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._taken("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Condition:
        first = self._next
        if first.word not in ("not", "("):
            return self._condition()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise first.span.error(f"more than {_DEEPEST} conditions are nested")
        self._take()
        if first.word == "not":
            condition: Condition = Not(self._one())
        else:
            condition = self._either()
            self._expect(")", "after the condition in parentheses")
        self._depth -= 1
        return condition

    # -- conditions on keys
    # ------------------------------------------------------------------------

    def _condition(self) -> Condition:
        side = self._side("a key")
        sign = self._next
        if sign.word in _SIGNS:
            return self._comparisons(side)
        if not isinstance(side, Key):
            raise self._side_error(side, "is not a condition: compare it with a key")
        if self._taken("is"):
            contrary = self._taken("not")
            if not self._taken(*_NULL):
                raise self._missing("null after is")
            return _not(IsNull(side), contrary)
        contrary = self._taken("not")
        if self._taken("in"):
            return _not(self._member(side), contrary)
        if self._taken("between"):
            first = self._bound()
            self._expect("and", "after the lower end")
            last = self._bound()
            return _not(Member(side, (Range(first, last),)), contrary)
        if self._taken("like"):
            if self._next.kind != "text":
                raise self._missing("a pattern in quotes, such as 'a%'")
            pattern = self._take()
            return _not(Like(side, pattern.content, side.span), contrary)
        if contrary is not None:
            raise self._missing("in, like or between after not")
        return Truth(side)

    def _comparisons(self, side: Key | Literal | Day) -> Condition:
        """Parse a chain of comparisons: ``1 < visit <= 5`` has two."""
        parts: list[Condition] = []
        while self._next.word in _SIGNS:
            sign = self._take()
            word = _SIGNS[sign.word]
            other = self._side("a key, a number or a text")
            if isinstance(side, Key):
                parts.append(Comparison(side, word, other))
            elif isinstance(other, Key):
                parts.append(Comparison(other, _TURNED.get(word, word), side))
            else:
                raise self._side_error(other, "is compared with something that is not a key either")
            side = other
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _side(self, what: str) -> Key | Literal | Day:
        piece = self._next
        if piece.kind == "key" or (piece.kind == "word" and piece.word not in (*_WORDS, *_NULL)):
            self._take()
            name = piece.content if piece.kind == "key" else str(piece.span)
            return Key(name, piece.span)
        if piece.word in _NULL:
            raise piece.span.error("nothing equals null: write is null, or is not null")
        if piece.kind not in ("number", "day", "text") and piece.word not in ("-", "+"):
            raise self._missing(what)
        return self._bound()

    def _side_error(self, side: Key | Literal | Day, problem: str) -> PersistenceError:
        assert side.span is not None
        return side.span.error(f"{side.span} {problem}")

    # -- values
    # ------------------------------------------------------------------------------------

    def _member(self, key: Key) -> Member:
        opening = self._taken(*_CLOSING)
        items = [self._item()]
        if opening is not None:
            while self._taken(","):
                items.append(self._item())
            self._expect(_CLOSING[opening.word], "or a comma, after a value")
        return Member(key, tuple(items))

    def _item(self) -> Literal | Day | Range:
        first = self._bound()
        if not self._taken(".."):
            return first
        last = self._bound()
        assert first.span is not None
        assert last.span is not None
        span = Span(first.span.text, first.span.start, last.span.end)
        step = 1
        if self._taken(":"):
            piece = self._next
            if (
                piece.kind != "number"
                or not str(piece.span).isdecimal()
                or int(str(piece.span)) < 1
            ):
                raise self._missing("a step, 1 or more")
            self._take()
            step = int(str(piece.span))
            span = span._replace(end=piece.span.end)
        item = Range(first, last, step, span)
        low, high = _comparable(first), _comparable(last)
        if isinstance(low, str) is isinstance(high, str) and low > high:  # type: ignore[operator]
            raise span.error("the range is empty: write low..high")
        return item

    def _bound(self) -> Literal | Day:
        sign = self._taken("-", "+")
        piece = self._next
        if piece.kind == "number":
            self._take()
            return self._number(piece, sign)
        if sign is not None:
            raise self._missing(f"a number after {sign.word}")
        if piece.kind == "text":
            self._take()
            date = dates.read(piece.content)
            return Literal(piece.content, piece.span) if date is None else self._day(date, piece)
        if piece.kind == "day":
            self._take()
            return self._day(str(piece.span), piece)
        if piece.word in _NULL:
            raise piece.span.error("nothing equals null: write is null, or is not null")
        if piece.kind in ("word", "key") and piece.word not in _WORDS:
            raise piece.span.error(f"expected a value here, not a key: a text is '{piece.span}'")
        raise self._missing("a number, a date or a text in quotes")

    @staticmethod
    def _number(piece: Piece, sign: Piece | None) -> Literal:
        text = str(piece.span)
        value = int(text) if text.isdecimal() else float(text)
        if math.isinf(value):
            raise piece.span.error(f"{text} is too large")
        span = piece.span if sign is None else piece.span._replace(start=sign.span.start)
        return Literal(-value if sign is not None and sign.word == "-" else value, span)

    @staticmethod
    def _day(date: str, piece: Piece) -> Day:
        problem = dates.problem(date)
        if problem:
            raise piece.span.error(f"{date} is not a date: {problem}")
        return Day(date, piece.span)


def _comparable(bound: Literal | Day) -> int | float | str:
    return bound.value if isinstance(bound, Literal) else bound.text


def _not(condition: Condition, contrary: Piece | None) -> Condition:
    return condition if contrary is None else Not(condition)
