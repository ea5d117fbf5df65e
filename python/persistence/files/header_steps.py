"""The steps from a card's value to its meaning, as a camera's file lists them."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.errors import FormatterError, did_you_mean
from persistence.files import header_values

if TYPE_CHECKING:
    import ast

_CARD = re.compile(r"\{([A-Za-z0-9_ -]+)\}")
# By the class names of `ast`, which is only imported for arithmetic.
_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "USub": operator.neg,
    "UAdd": operator.pos,
}
_ALLOWED = ("Expression", "BinOp", "UnaryOp", "Name", "Load", *_OPERATIONS)
_MOST_SHOWN = 8


class Misfit(FormatterError):
    """A value that a step cannot process.

    The message gives the reason, without value and keyword.
    """


def matched(value: Any, pattern: str, group: str, becomes: str | None) -> str:
    r"""Return the part of a text that a regular expression finds.

    Parameters
    ----------
    value : object
        The text, or a number as it is written.
    pattern : `str`
        The regular expression.
    group : `str`
        The name of the group to return; without such a group, the first one that matched.
    becomes : `str` or `None`
        A text to build from the groups instead: ``\1-\2``, ``\g<year>``.

    Returns
    -------
    `str`
        The part, or the text built from the groups.

    Raises
    ------
    Misfit
        If the pattern does not match.
    """
    match = re.search(pattern, str(value))
    if match is None:
        raise Misfit(f"does not match the pattern {pattern!r}")
    if becomes is not None:
        return match.expand(becomes)
    if group in match.re.groupindex:
        part = match[group]
    else:
        part = next((part for part in match.groups() if part), None)
        part = match[0] if not match.re.groups else part
    if not part:
        raise Misfit(f"has nothing where the pattern {pattern!r} has its value")
    return part


def cut(value: Any, ends: tuple[int | None, ...]) -> str:
    """Return some characters of a text, counted from 0, or from the end if negative.

    Raises
    ------
    Misfit
        If there are none.
    """
    part = str(value)[slice(*ends)] if len(ends) > 1 else str(value)[slice(ends[0], None)]
    if not part.strip():
        raise Misfit(f"has no characters {' to '.join(map(str, ends))}")
    return part


def looked_up(value: Any, table: Mapping[str, Any]) -> Any:
    """Return a table's entry for a value.

    Raises
    ------
    Misfit
        If there is none.
    """
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if text not in table:
        known = [*table]
        shown = ", ".join(known[:_MOST_SHOWN]) + (", ..." if len(known) > _MOST_SHOWN else "")
        raise Misfit(f"is not in the table ({shown}){did_you_mean(text, known)}")
    return table[text]


def joined(text: str, card: Callable[[str], Any]) -> str | None:
    """Return a text with the values of cards inserted, ``{FILTER}~{GRATING}``.

    Parameters
    ----------
    text : `str`
        The text, with keywords in braces.
    card : callable
        A function that returns the value of a card; None if it is missing.

    Returns
    -------
    `str` or None
        The text; None if a card is missing.
    """
    values = {keyword: card(keyword) for keyword in cards(text)}
    if None in values.values():
        return None
    return _CARD.sub(lambda match: str(values[match[1]]).strip(), text)


def cards(text: str) -> tuple[str, ...]:
    """Return the keywords in braces in a text, each once."""
    return tuple(dict.fromkeys(_CARD.findall(text)))


def replaced(value: Any, changes: Mapping[str, str]) -> str:
    """Return a text with each regular expression replaced."""
    text = str(value)
    for pattern, by in changes.items():
        text = re.sub(pattern, by, text)
    return text


def scaled(value: Any, scale: float, offset: float) -> int | float:
    """Return a number times ``scale`` plus ``offset``; integers stay integers.

    Raises
    ------
    Misfit
        If the value is not a number.
    """
    return _number(value) * scale + offset


def _number(value: Any) -> int | float:
    whole = header_values.integer(value)
    number = header_values.number(value) if whole is None else whole
    if number is None:
        raise Misfit("is not a number")
    return number


@functools.lru_cache(maxsize=256)
def expression(text: str) -> tuple[ast.Expression, tuple[str, ...]]:
    """Parse arithmetic with cards, ``{DAYOBS} * 100000 + {SEQNUM}``.

    Parameters
    ----------
    text : `str`
        The arithmetic.

    Returns
    -------
    tree : `ast.Expression`
        The syntax tree, with cards named ``_0``, ``_1``, ...
    keywords : `tuple` [`str`]
        The keywords of these cards.

    Raises
    ------
    ValueError
        If it contains anything but numbers, cards, parentheses and ``+ - * / // %``.
    """
    import ast  # lazy: few cameras compute

    keywords = cards(text)
    try:
        tree = ast.parse(
            _CARD.sub(lambda match: f" _{keywords.index(match[1])} ", text).strip(), mode="eval"
        )
    except SyntaxError as error:
        raise ValueError("it is not arithmetic") from error
    names = {f"_{number}" for number in range(len(keywords))}
    for node in ast.walk(tree):
        is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        is_known = type(node).__name__ in _ALLOWED
        is_card = not isinstance(node, ast.Name) or node.id in names
        if not (is_number or is_known) or not is_card:
            shown = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
            raise ValueError(f"{shown}: allowed are numbers, {{KEYWORD}} and + - * / // %")
    return tree, keywords


def computed(text: str, card: Callable[[str], Any]) -> int | float | None:
    """Return the result of arithmetic with cards; None if a card is missing.

    Parameters
    ----------
    text : `str`
        See `expression`.
    card : callable
        A function that returns the value of a card; None if it is missing.

    Returns
    -------
    `int`, `float` or None
        The result.

    Raises
    ------
    FormatterError
        If a card or the result is not a number; the message contains card and value.
    """
    tree, keywords = expression(text)
    numbers: dict[str, int | float] = {}
    for place, keyword in enumerate(keywords):
        value = card(keyword)
        if value is None:
            return None
        try:
            numbers[f"_{place}"] = _number(value)
        except Misfit as error:
            raise FormatterError(f"{keyword}={value!r} {error}") from error
    try:
        result: int | float = _value(tree.body, numbers)
        return result
    except (ZeroDivisionError, OverflowError) as error:
        told = ", ".join(f"{key}={card(key)!r}" for key in keywords)
        raise FormatterError(f"{text} has no value ({told}): {error}") from error


def _value(node: Any, numbers: Mapping[str, int | float]) -> Any:
    kind = type(node).__name__
    if kind == "BinOp":
        left, right = _value(node.left, numbers), _value(node.right, numbers)
        return _OPERATIONS[type(node.op).__name__](left, right)
    if kind == "UnaryOp":
        return _OPERATIONS[type(node.op).__name__](_value(node.operand, numbers))
    return numbers[node.id] if kind == "Name" else node.value
