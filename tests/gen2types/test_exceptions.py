"""The exceptions of afw: their tree, and what old code may catch."""

from __future__ import annotations

import builtins
import pickle

import pytest

import persistence.gen2types.exceptions as pex_exceptions
from persistence.errors import PersistenceError

# name: its base of the original's, and what of Python's it may be caught as
TREE = {
    "Exception": (None, ["Exception"]),
    "LogicError": ("Exception", ["Exception"]),
    "DomainError": ("LogicError", ["ValueError"]),
    "InvalidParameterError": ("LogicError", ["ValueError"]),
    "LengthError": ("LogicError", ["IndexError", "ValueError"]),
    "OutOfRangeError": ("LogicError", ["IndexError"]),
    "TypeError": ("LogicError", ["TypeError"]),
    "RuntimeError": ("Exception", ["RuntimeError"]),
    "RangeError": ("RuntimeError", ["RuntimeError"]),
    "OverflowError": ("RuntimeError", ["OverflowError", "ArithmeticError"]),
    "UnderflowError": ("RuntimeError", ["ArithmeticError"]),
    "NotFoundError": ("Exception", ["LookupError"]),
    "IoError": ("RuntimeError", ["IOError", "OSError"]),
}


def test_all_names_are_there() -> None:
    assert set(pex_exceptions.__all__) == set(TREE)


@pytest.mark.parametrize("name", TREE)
def test_an_exception_can_be_caught_as_the_original_was(name: str) -> None:
    kind = getattr(pex_exceptions, name)
    base, builtin = TREE[name]
    if base:
        assert issubclass(kind, getattr(pex_exceptions, base))
    for word in builtin:
        with pytest.raises(getattr(builtins, word)):
            raise kind("no such plane")
    error = kind("no such plane")
    assert isinstance(error, PersistenceError)
    error.addMessage("while reading")
    assert error.what() == str(error) == "no such plane\nwhile reading"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (kind, str(error))
