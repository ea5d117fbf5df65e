"""The exception tree. Each class is a failure that callers can act on.

Where Gen2 raised a built-in class that scripts may catch, ours is also an instance of that class.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from persistence import notebook

# For names that can be imported although this package lacks them: gen2types/absent.py.
NOT_HERE = "not part of this package"
# This package's name on PyPI, where `persistence` is another project.
DISTRIBUTION = "gen2-butler"


def did_you_mean(word: str, known: Iterable[str], before: str = "") -> str:
    """Return a hint at the known words like this one: ``"; did you mean 'calexp'?"``, or ``""``.

    ``before`` is the common beginning of the known words: it is shown, but not compared.
    """
    import difflib  # lazy: only needed for error messages

    close = difflib.get_close_matches(word, [str(name) for name in known], n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(before + name) for name in close)}?" if close else ""


# Options of commands whose names differ from the arguments: their names, and names of their values.
_OPTIONS = {"calibRoot": ("calib", "DIR")}
_is_command = ContextVar("is_command", default=False)


@contextlib.contextmanager
def for_commands() -> Iterator[None]:
    """Show command-line options in messages inside the block; see `Argument`."""
    token = _is_command.set(True)
    try:
        yield
    finally:
        _is_command.reset(token)


@dataclass(frozen=True)
class Argument:
    """An argument in a message, shown in the notation of Python or of the command line.

    Its text is ``trust=['a.B']`` in Python, and ``--trust a.B`` inside `for_commands`; without a
    value, ``mapper=`` and ``--mapper NAME``. Which one is decided when the message is shown.

    Parameters
    ----------
    name : `str`
        The argument, for which commands have an option.
    value : `str` or `tuple` [`str`], optional
        The argument's value, if known: one, or several.
    """

    name: str
    value: str | tuple[str, ...] | None = None

    def __str__(self) -> str:
        values = list(self.value) if isinstance(self.value, tuple) else self.value
        if not _is_command.get():
            return f"{self.name}={'' if values is None else repr(values)}"
        import shlex  # lazy: only needed for error messages

        option, placeholder = _OPTIONS.get(self.name, (self.name, "NAME"))
        words = [values] if isinstance(values, str) else values or [placeholder]
        return f"--{option} {shlex.join(words)}"


class Message:
    """A message with fields that are formatted when it is shown.

    Parameters
    ----------
    *parts : `str`, `Argument` or `Message`
        The parts, in their order.
    """

    def __init__(self, *parts: str | Argument | Message) -> None:
        self.parts = parts

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


def warn_caller(message: str | Message, category: type[Warning]) -> None:
    """Issue a warning that shows the line outside of this package from which the call came."""
    depth = 1
    while sys._getframe(depth).f_globals.get("__name__", "").split(".")[0] == "persistence":
        depth += 1
    warnings.warn(category(message), stacklevel=depth + 1)


class PersistenceError(Exception):
    """The base of all errors of this package.

    The message names the thing, what was tried, and what is known.

    Attributes
    ----------
    where : `str`
        The file or repository in which it happened, if the message does not name it; else empty.
    """

    where = ""

    def __str__(self) -> str:
        # KeyError among the bases would show the message's repr.
        message = str(self.args[0]) if self.args else ""
        return f"{self.where}: {message}" if self.where else message

    @notebook.shows
    def _repr_html_(self) -> notebook.Html:
        name = notebook.tag("b", type(self).__name__, style="color:#b00")
        return notebook.join([name, notebook.text(self)])


class UnknownDatasetType(PersistenceError, AttributeError, KeyError):
    """A dataset type that does not exist.

    Parameters
    ----------
    name : `str`
        The unknown name.
    known : iterable of `str`
        The names that exist, for the hint.
    mapper : `str`
        The name of the camera's mapper.
    kind : `str`, optional
        The word for the thing that is unknown.

    Attributes
    ----------
    datasetType : `str`
        The unknown name.
    known : `tuple` [`str`]
        The names that exist.

    Notes
    -----
    Gen2 raised AttributeError from ``get``, and KeyError from ``getKeys``.
    """

    def __init__(
        self, name: str, known: Iterable[str], mapper: str, kind: str = "dataset type"
    ) -> None:
        self.datasetType, self.known = name, tuple(known)
        super().__init__(f"{mapper} has no {kind} {name!r}{did_you_mean(name, self.known)}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class DataIdError(PersistenceError, ValueError, RuntimeError):
    """An invalid value in a data ID: of the wrong type, or one that leads out of the repository."""


class ExpressionError(PersistenceError, ValueError):
    """A ``where=`` condition that cannot be parsed, or that compares values of different types."""


class UsageError(PersistenceError, ValueError):
    """Invalid command-line argument."""


class AliasError(PersistenceError, RuntimeError):
    """An alias that is malformed, or that is the beginning of another alias."""


class MissingKey(PersistenceError, KeyError):
    """A data ID lacks a key that a function of the camera needs."""


class PolicyError(PersistenceError, RuntimeError):
    """An invalid entry in a policy file; the message starts with file and line."""


class TemplateUndefined(PolicyError):
    """A dataset type without a template: the camera's policy has to supply one."""


class TemplateError(PolicyError):
    """A path template that cannot be parsed, or a path that matches a template in several ways."""


class RegistryError(PersistenceError, RuntimeError):
    """A registry that cannot be opened, read or written as asked."""


class RegistryLocked(RegistryError):
    """A registry locked by another process; the message states how long we waited."""


class DatabaseError(PersistenceError, RuntimeError):
    """The alert production database cannot be opened, read or written as asked.

    The message contains its address.
    """


class DatabaseLocked(DatabaseError):
    """The alert production database is locked; the message states how long we waited."""


class RowExists(RegistryError):
    """A row with the same unique columns is already in the registry."""


class NotImportable(PersistenceError, ImportError):
    """A dotted name that cannot be imported."""


class NotPartOfThisPackage(PersistenceError, NotImplementedError):
    """A part of the LSST stack that this package lacks; importing its name was not an error."""


class WrittenDiffers(PersistenceError, RuntimeError):
    """A file that is written only once already has other content."""


class FormatterError(PersistenceError, RuntimeError):
    """An object that cannot be read from, or written to, a file in the requested storage format."""


class CalibrationError(PersistenceError, ValueError, TypeError):
    """An invalid calibration: for a quantity in another unit, or without a position."""


class MissingExtra(PersistenceError, ImportError):
    """An optional library is not installed; the message is the command that installs it.

    Parameters
    ----------
    library : `str`
        The missing library.
    extra : `str`
        The extra of this package that installs it.
    purpose : `str`
        The operation that needs it.

    Attributes
    ----------
    library, extra, purpose : `str`
        As above.
    """

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {library}: pip install '{DISTRIBUTION}[{extra}]'")
        self.library, self.extra, self.purpose = library, extra, purpose

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class UnsafeContent(FormatterError):
    """A file that would run code or create a class that is not trusted; it was not read."""


class RepositoryError(PersistenceError, RuntimeError):
    """A directory that is not a repository, or a repository that cannot be used as asked."""


class UnknownArgument(RepositoryError, TypeError):
    """An unknown argument of a Butler. Gen2's mappers raised TypeError."""


class NoRepositoryAtRoot(RepositoryError):
    """A missing root directory that was not to be created."""


class SourceChanged(RepositoryError):
    """A dataset written as a reference to a file that has changed since."""


class NoMapperException(PersistenceError):
    """A repository without a mapper; kept for its Gen2 name, which was never raised."""


class ParentsMismatch(RepositoryError):
    """Inputs other than those with which an output repository was created."""


class CameraNotFound(RepositoryError):
    """No installed camera has this name."""


class IngestError(PersistenceError, RuntimeError):
    """Files that could not be ingested.

    Parameters
    ----------
    message : `str`
        The text of the error.
    pathname : `str`, optional
        The first such file.
    position : `int`, optional
        Its index in the expanded list of files, from 0.
    """

    def __init__(self, message: str, pathname: str = "", position: int = 0) -> None:
        super().__init__(message)
        self.pathname = pathname
        self.position = position


class FileConflict(IngestError, FileExistsError):
    """Another file, or another registry row, is where a new one would go."""

    def __new__(cls, *args: Any, **kwargs: Any) -> FileConflict:
        # RuntimeError, whose turn it is, refuses to create an OSError; what unpickles exceptions
        # without their constructors (tblib, for Dask) asks for this.
        return FileExistsError.__new__(cls)


class NotInSkyMap(PersistenceError, IndexError):
    """A tract, patch or position that a sky map does not have.

    Gen2 raised IndexError or LookupError.
    """


class NoSuchDetector(PersistenceError, KeyError, IndexError):
    """A detector, by number or name, that a camera does not have."""


class NoResults(PersistenceError, RuntimeError):
    """No dataset matches a data ID.

    The text consists of these fields.

    Parameters
    ----------
    message : `str`
        The beginning of the text, such as ``No locations for get:``.
    datasetType : `str`
        The requested dataset type.
    dataId : mapping
        The data ID as passed by the caller.
    reasons : sequence of `str` or `Message`, optional
        One line each: the paths that were tried, the missing keys, the nearest matches.
    """

    def __init__(
        self,
        message: str,
        datasetType: str,
        dataId: Mapping[str, Any],
        reasons: Sequence[str | Message] = (),
    ) -> None:
        self.message = message
        self.datasetType = datasetType
        self.dataId = dataId
        self.reasons = tuple(reasons)
        super().__init__(self._text())

    def __str__(self) -> str:
        return self._text()

    def _text(self) -> str:
        lines = "".join(f"\n  {reason}" for reason in self.reasons)
        return f"{self.message} {self.datasetType} {dict(self.dataId)}{lines}"

    def within(self, reason: str) -> NoResults:
        """Return a copy of the error with one more line that states the context.

        Parameters
        ----------
        reason : `str`
            The line to add.

        Returns
        -------
        `NoResults`
            An error of the same class.
        """
        fields = {**self.__dict__, "reasons": (*self.reasons, reason)}
        copy = _rebuild(type(self), self.args, fields)
        assert isinstance(copy, NoResults)
        copy.args = (copy._text(), *self.args[1:])
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class IncompleteDataId(NoResults):
    """A data ID lacks a key, and no registry can supply it."""


class NoTables(IncompleteDataId, TypeError):
    """A data ID lacks a key, and the policy names no registry table to look it up in.

    Gen2 raised TypeError.
    """


class AmbiguousDataId(NoResults):
    """Several rows of the registry match a data ID."""


class MultipleResults(NoResults):
    """Several datasets match where one was requested.

    Parameters
    ----------
    message : `str`
        The beginning of the text.
    datasetType : `str`
        The requested dataset type.
    dataId : mapping
        The data ID as passed by the caller.
    locations : sequence
        The locations of all matches.
    """

    def __init__(
        self, message: str, datasetType: str, dataId: Mapping[str, Any], locations: Sequence[Any]
    ) -> None:
        super().__init__(message, datasetType, dataId, [str(location) for location in locations])
        self.locations = list(locations)


class UnknownKey(PersistenceError, sqlite3.OperationalError, KeyError):
    """No registry column has this name. Gen2 raised SQLite's own error."""


class MissingPartWarning(UserWarning):
    """An object was read without an optional part."""


class PolicyWarning(UserWarning):
    """A policy, or another YAML file, contains a key twice; the last value counts."""


class UnknownKeyWarning(UserWarning):
    """A key of a data ID that no dataset type and no registry column of the repository has."""


class RegistryWarning(UserWarning):
    """A registry, or a row of it, cannot be used and was ignored."""


class TrustWarning(UserWarning):
    """An object was written that can only be read back if its class is trusted: ``trust=``."""


class LossyWarning(UserWarning):
    """A value is written with less precision than it has."""


def _rebuild(
    cls: type[PersistenceError], args: tuple[Any, ...], state: dict[str, Any]
) -> PersistenceError:
    """Return an unpickled exception whose constructor takes more than its message."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def told(error: BaseException) -> str:
    """Return the text of an error with its class: ``ValueError: no stars``.

    The result can always be encoded as UTF-8, whatever the error's own text does.
    """
    try:
        text = str(error)
    except Exception as other:  # a faulty __str__ must not hide the error
        text = f"its text is not available: {type(other).__name__}"
    name = type(error).__name__
    return f"{name}: {text}".encode(errors="backslashreplace").decode() if text else name
