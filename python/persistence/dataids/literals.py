"""Values typed as literals or arithmetic with them, ``1/3600`` or ``float('nan')``; never code."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

# Enough for the command line, and quick to compute.
_LARGEST_POWER = 1000
_LONGEST = 10_000
_NUMBERS = (int, float, complex)


def _power(base: Any, exponent: Any) -> Any:
    if abs(exponent) > _LARGEST_POWER or abs(base) > 1e6:
        raise ValueError("the power is too large")
    return base**exponent


_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_SEQUENCES: Mapping[type[ast.expr], Callable[[list[Any]], Any]] = {
    ast.Tuple: tuple,
    ast.List: list,
    ast.Set: set,
}
_CASTS: Mapping[str, Callable[[Any], Any]] = {"float": float, "int": int}


def value(text: str) -> Any:
    """Return the value of a literal, or of arithmetic with literals.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    if len(text) > _LONGEST:
        raise ValueError(
            f"{len(text)} characters are too many for a value; write it into a file, and use -C"
        )
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
        raise ValueError(
            f"{text!r} is not a value: {error.msg if isinstance(error, SyntaxError) else error}"
        ) from error


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=constant):
            return constant
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return _SEQUENCES[type(node)]([_value(part) for part in parts])
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {
                _value(key): _value(value)
                for key, value in zip(keys, values, strict=True)
                if key is not None
            }
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_number(operand))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            return _BINARY[type(sign)](_number(left), _number(right))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _CASTS:
            return _CASTS[name](_value(argument))
        case _:
            raise ValueError(
                f"{ast.unparse(node)} is not a value: write a literal, or arithmetic with numbers"
            )


def _number(node: ast.expr) -> Any:
    number = _value(node)
    if not isinstance(number, _NUMBERS):  # 'a' * 10**9 would fill the memory
        raise ValueError(f"{ast.unparse(node)} is not a number")
    return number
