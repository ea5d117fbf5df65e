"""The names that a pickle may contain, and the arguments with which it may call them.

Creating these objects runs no code of the file's choice; but a few bytes could ask for
``bytearray(2**40)``, or for the text of a list that contains itself a billion times over. So
arguments are accepted only if real pickles have such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from persistence.errors import Argument, Message, UnsafeContent
from persistence.formatters import pickle_states

Check = Callable[[tuple[Any, ...]], bool]

_SIMPLE = (str, bytes, bytearray, int, float, bool, type(None))
_HOLDERS = (list, tuple, dict, set, frozenset)
_OF_BYTES = ((b"b",), ("b",))
_LATIN = ("latin1", "latin-1")
_LONGEST_NUMBER = 3400  # bits, about 1000 digits
_FRACTION = re.compile(r"-?\d{1,1000}(/\d{1,1000})?")


def _anything(arguments: tuple[Any, ...]) -> bool:
    return True


def _nothing(arguments: tuple[Any, ...]) -> bool:
    return False


def _simple(arguments: tuple[Any, ...]) -> bool:
    return all(type(argument) in _SIMPLE for argument in arguments)


def _text(arguments: tuple[Any, ...]) -> bool:
    return all(type(argument) in (str, bytes, bytearray) for argument in arguments)


def _finite(arguments: tuple[Any, ...]) -> bool:
    """Allow arguments that are as long as they are large: no range, no array of nothing."""
    return all(isinstance(argument, (*_HOLDERS, *_SIMPLE, type)) for argument in arguments)


def _encoded(arguments: tuple[Any, ...]) -> bool:
    return _text(arguments) and arguments[1:] in [(name,) for name in _LATIN]


def _fraction(arguments: tuple[Any, ...]) -> bool:
    if all(
        type(argument) is int and argument.bit_length() < _LONGEST_NUMBER for argument in arguments
    ):
        return True
    return (
        len(arguments) == 1
        and type(arguments[0]) is str
        and _FRACTION.fullmatch(arguments[0]) is not None
    )


def _of_base(arguments: tuple[Any, ...]) -> bool:
    """Allow ``copyreg._reconstructor(class, base, value of the base)``."""
    _made, base, value = arguments
    return base in (*_HOLDERS, str, int, float) and type(value) is base


def _array_type(arguments: tuple[Any, ...]) -> bool:
    """Allow copies, as numpy asks for: otherwise the state that follows would change the type."""
    named, _align, copied = arguments
    return isinstance(named, str | type) and _simple(arguments[1:]) and bool(copied)


def _empty_at(index: int) -> Check:
    """Allow arrays of bytes that are created empty, to be filled by their state."""
    return lambda arguments: arguments[index] == (0,) and arguments[index + 1 :] in _OF_BYTES


def _each(module: str, words: str, check: Check) -> dict[str, Check]:
    return {f"{module}.{word}": check for word in words.split()}


# Dotted name -> the check of its arguments.
_KNOWN: Mapping[str, Check] = {
    **_each("builtins", "bool complex float int", _simple),
    **_each("builtins", "bytes bytearray str", _text),
    **_each("builtins", "dict frozenset list set tuple", _finite),
    **_each("builtins", "range slice", _anything),
    **_each("collections", "OrderedDict defaultdict deque Counter", _finite),
    "datetime.date": pickle_states.is_date,
    "datetime.datetime": pickle_states.is_datetime,
    "datetime.time": pickle_states.is_time,
    **_each("datetime", "timedelta timezone", _anything),
    **_each("persistence.dataids.dataid", "DataId", _finite),
    **_each("numpy", "dtype", _array_type),
    # These are named, never called.
    **_each(
        "numpy", "ndarray record bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64", _nothing
    ),
    **_each(
        "numpy",
        "float16 float32 float64 complex64 complex128 str_ bytes_ datetime64 timedelta64",
        _nothing,
    ),
    **_each(
        "numpy", "ma.core.MaskedArray ma.MaskedArray rec.recarray core.records.recarray", _nothing
    ),
    **_each("numpy.core", "multiarray._reconstruct", _empty_at(1)),
    **_each("numpy._core", "multiarray._reconstruct", _empty_at(1)),
    **_each("numpy.core", "multiarray.scalar", pickle_states.is_scalar),
    **_each("numpy._core", "multiarray.scalar", pickle_states.is_scalar),
    **_each("numpy.core", "numeric._frombuffer", pickle_states.is_view),
    **_each("numpy._core", "numeric._frombuffer", pickle_states.is_view),
    "numpy.ma.core._mareconstruct": _empty_at(2),
    "decimal.Decimal": _text,
    "fractions.Fraction": _fraction,
    "copyreg._reconstructor": _of_base,
    "_codecs.encode": _encoded,
}
# Their results are small and immutable for any arguments.
QUICK = frozenset(name for name in _KNOWN if name.startswith("datetime."))
_OLD_NAMES = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "UserDict": "collections",
    "xrange": "range",
}


def find(module: str, name: str, path: str, trust: frozenset[str]) -> tuple[str, str, str]:
    """Check that a class may be created, and return its module, its name, and both with a dot.

    Raises
    ------
    UnsafeContent
        If it is neither known to be harmless nor trusted.
    """
    module, name = _OLD_NAMES.get(module, module), _OLD_NAMES.get(name, name)
    dotted = f"{module}.{name}"
    # A name with a dot would reach attributes of a known class.
    if (dotted not in _KNOWN or "." in name) and dotted not in trust:
        raise UnsafeContent(
            Message(
                f"{path} creates a {dotted}, which is not trusted; nothing of it was run. If you "
                "trust the file, use ",
                Argument("trust", (dotted,)),
            )
        )
    return module, name, dotted


def is_known(kind: type) -> bool:
    """Return whether a class is one of those that any pickle may name."""
    return f"{kind.__module__}.{kind.__qualname__}" in _KNOWN


def check_call(dotted: str, arguments: Any, path: str) -> None:
    """Check the arguments of a call of a known object; calls of trusted ones are accepted.

    Raises
    ------
    UnsafeContent
        If the call is not of the form that real pickles have.
    """
    allowed = _KNOWN.get(dotted, _anything)
    try:
        if allowed(arguments):
            return
    except (TypeError, ValueError, IndexError, AttributeError):
        pass  # not even of the right number or kind
    raise UnsafeContent(f"{path} calls {dotted} with odd arguments, which was refused")


def is_shallow(value: Any, levels: int) -> bool:
    """Return whether a value is nested no deeper than some levels."""
    if not isinstance(value, _HOLDERS):
        return True
    inner = [*value, *value.values()] if isinstance(value, dict) else value
    return levels > 0 and all(is_shallow(item, levels - 1) for item in inner)
