"""The exceptions of ``lsst.pex.exceptions``, by their names.

Each is an error of ours, and an instance of the Python exception that old code may catch.
"""

from __future__ import annotations

import builtins
from typing import Any

from persistence.errors import PersistenceError

__all__ = [
    "DomainError",
    "Exception",
    "InvalidParameterError",
    "IoError",
    "LengthError",
    "LogicError",
    "NotFoundError",
    "OutOfRangeError",
    "OverflowError",
    "RangeError",
    "RuntimeError",
    "TypeError",
    "UnderflowError",
]


class Exception(PersistenceError):  # noqa: A001  # Gen2's name
    """Base class of all of them."""

    def what(self) -> str:
        return str(self)

    def addMessage(self, *words: Any) -> None:
        """Add a line to the message, the last of the arguments."""
        self.args = (f"{self}\n{words[-1]}", *self.args[1:])


class LogicError(Exception):
    """An error in the program."""


class DomainError(LogicError, ValueError):
    """An argument outside the domain of a function."""


class InvalidParameterError(LogicError, ValueError):
    """An argument that is invalid."""


class LengthError(LogicError, IndexError, ValueError):
    """A wrong length: an image outside its parent, a list of another size."""


class OutOfRangeError(LogicError, IndexError):
    """An index or a position out of range."""


class TypeError(LogicError, builtins.TypeError):  # noqa: A001  # Gen2's name
    """An object of the wrong type."""


class RuntimeError(Exception, builtins.RuntimeError):  # noqa: A001  # Gen2's name
    """An error that only shows when the program runs."""


class RangeError(RuntimeError, ValueError):
    """A result out of range."""


class OverflowError(RuntimeError, builtins.OverflowError):  # noqa: A001  # Gen2's name
    """A number too large."""


class UnderflowError(RuntimeError, ArithmeticError):
    """A number too small."""


class NotFoundError(Exception, KeyError):
    """A missing thing: a field of a schema, a component of an exposure."""


class IoError(RuntimeError, OSError):
    """A failure to read or write a file."""

    def __new__(cls, *args: Any) -> IoError:
        # RuntimeError, whose turn it is, refuses to create an OSError.
        return OSError.__new__(cls, *args)
