"""The exception tree. Each class is something that a caller can act on.

Where Gen2 raised a built-in class that scripts may catch, ours is also an instance of that class.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from persistence import notebook

# Of names and modules that can be imported though they are not here: gen2types/absent.py.
NOT_HERE = "not part of this package"
# What pip calls this package: `persistence` is somebody else's there.
DISTRIBUTION = "gen2-butler"


def did_you_mean(word: str, known: Iterable[str], before: str = "") -> str:
    """Say which of the known words look like this one: ``"; did you mean 'calexp'?"`` or ``""``.

    What all of them begin with, ``before``, is told but does not count.
    """
    import difflib  # only who errs needs it

    close = difflib.get_close_matches(word, [str(name) for name in known], n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(before + name) for name in close)}?" if close else ""


# Options of commands that are called otherwise than the arguments: their names, and their values'.
_OPTIONS = {"calibRoot": ("calib", "DIR")}
_is_command = ContextVar("is_command", default=False)


@contextlib.contextmanager
def for_commands() -> Iterator[None]:
    """Let messages name options of commands meanwhile, not arguments of Python; see `argument`."""
    token = _is_command.set(True)
    try:
        yield
    finally:
        _is_command.reset(token)


def argument(name: str, value: Any = None) -> str:
    """Return an argument as the user of the tool at hand gives it, for a message.

    Parameters
    ----------
    name : `str`
        The argument, for which commands have an option.
    value : `str` or `list` [`str`], optional
        Its value, if that is known.

    Returns
    -------
    text : `str`
        ``trust=['a.B']`` of a Butler, ``--trust a.B`` of a command; ``mapper=`` and
        ``--mapper NAME`` without a value.
    """
    if not _is_command.get():
        return f"{name}={'' if value is None else repr(value)}"
    import shlex  # lazy: only needed for error messages

    option, values = _OPTIONS.get(name, (name, "NAME"))
    words = [value] if isinstance(value, str) else value or [values]
    return f"--{option} {shlex.join(words)}"


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn, and show the line outside this package that led here."""
    depth = 1
    while sys._getframe(depth).f_globals.get("__name__", "").split(".")[0] == "persistence":
        depth += 1
    warnings.warn(message, category, stacklevel=depth + 1)


class PersistenceError(Exception):
    """Whatever this package refuses to do.

    The message names the thing, what was tried, what is known.
    """

    def __str__(self) -> str:
        # KeyError among the bases would show the message's repr.
        return str(self.args[0]) if self.args else ""

    @notebook.shows
    def _repr_html_(self) -> notebook.Html:
        name = notebook.tag("b", type(self).__name__, style="color:#b00")
        return notebook.join([name, notebook.text(self)])


class UnknownDatasetType(PersistenceError, AttributeError, KeyError):
    """No such dataset type. Gen2 raised AttributeError from ``get``, KeyError from ``getKeys``.

    Attributes
    ----------
    datasetType : `str`
        What was asked for.
    known : `tuple` [`str`]
        Those that there are.
    """

    def __init__(
        self, name: str, known: Iterable[str], mapper: str, kind: str = "dataset type"
    ) -> None:
        self.datasetType, self.known = name, tuple(known)
        super().__init__(f"{mapper} has no {kind} {name!r}{did_you_mean(name, self.known)}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class DataIdError(PersistenceError, ValueError, RuntimeError):
    """A value in a data ID that cannot be used.

    Of the wrong kind, or one that leaves the repository.
    """


class ExpressionError(PersistenceError, ValueError):
    """A condition, ``where=``, that cannot be read, or that compares what is of different types."""


class UsageError(PersistenceError, ValueError):
    """Something typed on a command line that cannot be meant."""


class AliasError(PersistenceError, RuntimeError):
    """An alias that is badly formed, or that another one begins."""


class MissingKey(PersistenceError, KeyError):
    """A data ID lacks a key that a camera's function needs."""


class PolicyError(PersistenceError, RuntimeError):
    """A policy file that says something it cannot mean; the message starts with file and line."""


class TemplateUndefined(PolicyError):
    """The dataset type has no template: the camera's policy has to supply one."""


class TemplateError(PolicyError):
    """A path template that cannot be parsed, or a path that fits a template in several ways."""


class RegistryError(PersistenceError, RuntimeError):
    """A registry that cannot be opened, read or written as asked."""


class RegistryLocked(RegistryError):
    """Another process holds the registry; the message says for how long we waited."""


class DatabaseError(PersistenceError, RuntimeError):
    """The alert production database cannot be opened, read or written as asked.

    The message names its address.
    """


class DatabaseLocked(DatabaseError):
    """Others hold the alert production database; the message says for how long we waited."""


class RowExists(RegistryError):
    """A row with the same unique columns is in the registry already."""


class NotImportable(PersistenceError, ImportError):
    """A dotted name that leads to nothing."""


class NotPartOfThisPackage(PersistenceError, NotImplementedError):
    """Something of the LSST stack that this package does not have; importing it was no error."""


class WrittenDiffers(PersistenceError, RuntimeError):
    """A file that is written once only has other content already."""


class FormatterError(PersistenceError, RuntimeError):
    """An object that cannot be read from, or written to, a file in the storage format asked for."""


class CalibrationError(PersistenceError, ValueError, TypeError):
    """A calibration that does not hold: for a quantity in another unit, or without a position."""


class MissingExtra(PersistenceError, ImportError):
    """An optional library is not installed; the message is the command that installs it.

    Attributes
    ----------
    library, extra, purpose : `str`
        The library, the extra of this package that installs it, and what needs it.
    """

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {library}: pip install '{DISTRIBUTION}[{extra}]'")
        self.library, self.extra, self.purpose = library, extra, purpose

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class UnsafeContent(FormatterError):
    """A file asks for code to be run, or for a class that is not trusted; it was not read."""


class RepositoryError(PersistenceError, RuntimeError):
    """A directory that is no repository, or one that cannot be used as asked."""


class UnknownArgument(RepositoryError, TypeError):
    """An argument of a Butler that nothing takes. Gen2's mappers raised TypeError."""


class NoRepositoryAtRoot(RepositoryError):
    """A root directory that is not there, and was not to be made."""


class SourceChanged(RepositoryError):
    """A dataset that was put as a reference to another file, which is not what it was then."""


class NoMapperException(PersistenceError):
    """A repository without a mapper. Gen2 had the name and never raised it; nor do we."""


class ParentsMismatch(RepositoryError):
    """The inputs that are given are not those that an output was set up with."""


class CameraNotFound(RepositoryError):
    """No camera of that name is installed."""


class IngestError(PersistenceError, RuntimeError):
    """Files that could not be ingested.

    Attributes
    ----------
    pathname : `str`
        The first such file.
    position : `int`
        Its index in the expanded list of files.
    """

    def __init__(self, message: str, pathname: str = "", position: int = 0) -> None:
        super().__init__(message)
        self.pathname = pathname
        self.position = position


class FileConflict(IngestError, FileExistsError):
    """Another file, or another record, already stands where this one would go."""

    def __new__(cls, *args: Any, **kwargs: Any) -> FileConflict:
        # RuntimeError, whose turn it is, refuses to create an OSError; what unpickles exceptions
        # without their constructors (tblib, for Dask) asks for this.
        return FileExistsError.__new__(cls)


class NotInSkyMap(PersistenceError, IndexError):
    """A tract, a patch or a position that a sky map does not have.

    Gen2 raised IndexError or LookupError.
    """


class NoSuchDetector(PersistenceError, KeyError, IndexError):
    """A camera has no detector of that number or name."""


class NoResults(PersistenceError, RuntimeError):
    """Nothing answers to a data ID.

    Its text is made of these:

    Attributes
    ----------
    message : `str`
        What was not found: ``No locations for get:``.
    datasetType : `str`
        What was asked for.
    dataId : `~collections.abc.Mapping`
        The data ID as given.
    reasons : `tuple` [`str`]
        One line each: where we looked, what is missing, what is nearest.
    """

    def __init__(
        self, message: str, datasetType: str, dataId: Mapping[str, Any], reasons: Sequence[str] = ()
    ) -> None:
        self.message = message
        self.datasetType = datasetType
        self.dataId = dataId
        self.reasons = tuple(reasons)
        super().__init__(self._text())

    def _text(self) -> str:
        lines = "".join(f"\n  {reason}" for reason in self.reasons)
        return f"{self.message} {self.datasetType} {dict(self.dataId)}{lines}"

    def within(self, reason: str) -> NoResults:
        """Return the same error, with one more line that says in what it happened."""
        fields = {**self.__dict__, "reasons": (*self.reasons, reason)}
        made = _rebuild(type(self), self.args, fields)
        assert isinstance(made, NoResults)
        made.args = (made._text(), *self.args[1:])
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class IncompleteDataId(NoResults):
    """A key is missing, and no registry can supply it."""


class NoTables(IncompleteDataId, TypeError):
    """A key is missing, and the policy names no registry table to look it up in.

    Gen2 raised TypeError.
    """


class AmbiguousDataId(NoResults):
    """Several rows of the registry answer to the data ID."""


class MultipleResults(NoResults):
    """Several datasets answer where one was asked for.

    Attributes
    ----------
    locations : `list`
        What answered.
    """

    def __init__(
        self, message: str, datasetType: str, dataId: Mapping[str, Any], locations: Sequence[Any]
    ) -> None:
        super().__init__(message, datasetType, dataId, [str(location) for location in locations])
        self.locations = list(locations)


class UnknownKey(PersistenceError, sqlite3.OperationalError, KeyError):
    """No registry column of that name. Gen2 let SQLite's own error through."""


class MissingPartWarning(UserWarning):
    """Something was read without a part that may be missing."""


class PolicyWarning(UserWarning):
    """A policy, or another file in YAML, says something twice: the last counts."""


class UnknownKeyWarning(UserWarning):
    """A key in a data ID that no dataset type and no registry column of the repository knows."""


class RegistryWarning(UserWarning):
    """A registry, or a row of it, cannot be used, and was left out."""


class TrustWarning(UserWarning):
    """Something was written that can be read back only if its class is trusted: ``trust=``."""


class LossyWarning(UserWarning):
    """Something is written less exactly than it was."""


def _rebuild(
    cls: type[PersistenceError], args: tuple[Any, ...], state: dict[str, Any]
) -> PersistenceError:
    """Unpickle an exception whose constructor takes more than its message."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def told(error: BaseException) -> str:
    """Say what an error is: ``ValueError: no stars``.

    Whatever its class does wrong, there is a text in UTF-8.
    """
    try:
        text = str(error)
    except Exception as other:  # its own fault must not hide the first
        text = f"its text cannot be told: {type(other).__name__}"
    name = type(error).__name__
    return f"{name}: {text}".encode(errors="backslashreplace").decode() if text else name
