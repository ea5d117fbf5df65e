"""``PickleStorage``: pickles, read with an unpickler that creates harmless objects only."""

from __future__ import annotations

import io
import pickle
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import (
    Argument,
    FormatterError,
    Message,
    TrustWarning,
    UnsafeContent,
    warn_caller,
)
from persistence.files import content
from persistence.formatters import pickle_scan
from persistence.formatters.pickle_careful import Careful
from persistence.formatters.pickle_names import QUICK, find, is_known

# Bytes searched for numpy's name: if it is found, the careful unpickler is needed.
_HEAD = 4096
_UNUSED = 2  # references: the list's, and the counter's


class _CareNeededError(Exception):
    """The pickle names an object whose calls have to be checked."""


class _Shared:
    """A stand-in for a tuple in the memo; see `pickle_scan`."""

    def __hash__(self) -> int:
        raise _CareNeededError


class _Quick(pickle.Unpickler):
    """The unpickler in C, used as long as no name needs care."""

    path: str
    trust: frozenset[str]
    checked: list[Any]
    is_whole: bool  # no tuple is replaced in the memo

    def find_class(self, module: str, name: str) -> Any:
        module, name, dotted = find(module, name, self.path, self.trust)
        # A trusted class may mistake a stand-in for a value.
        if dotted not in QUICK and not (dotted in self.trust and self.is_whole):
            raise _CareNeededError
        known = super().find_class(module, name)
        if dotted not in QUICK or not hasattr(known, "replace"):
            return known
        self.checked.append(_checked(known))
        return self.checked[-1]


def _checked(called: Any) -> Callable[..., Any]:
    """Return a constructor of dates and times that raises ValueError for dates that do not exist.

    Python accepts the bytes of 30 February; a copy by fields is checked.
    """

    def make(*arguments: Any) -> Any:
        return called(*arguments).replace()

    return make


def read(location: Location, stand_ins: Mapping[str, Callable[..., Any]] = {}) -> Any:
    """Read a pickle of plain data, numpy arrays, dates, and classes named by ``trust``.

    Parameters
    ----------
    location : `Location`
        The file.
    stand_ins : mapping, optional
        Dotted names of classes, and the objects that replace them.

    Raises
    ------
    UnsafeContent
        If it names what is neither known nor trusted, or could be meant to exhaust the reader.
    FormatterError
        If it is damaged.
    """
    path = location.full_path
    trust = frozenset(location.options.get("trust", ()))
    data = content.read(path)
    try:
        return _load(data, path, trust, stand_ins)
    except UnsafeContent:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise FormatterError(f"{path} is not a pickle, or is damaged: {error!r}") from error


def _load(
    data: bytes, path: str, trust: frozenset[str], stand_ins: Mapping[str, Callable[..., Any]]
) -> Any:
    if pickle_scan.is_plain(data):
        return pickle.loads(data, encoding="latin1")  # noqa: S301  # it names no class
    if stand_ins or data.find(b"numpy", 0, _HEAD) >= 0:
        return Careful(data, path, trust, stand_ins).load()
    harmless = pickle_scan.harmless(data, path)
    if harmless is not None:
        try:
            quick = _Quick(io.BytesIO(harmless), encoding="latin1")
            quick.path, quick.trust, quick.checked = path, trust, []
            quick.is_whole = harmless is data
            shared = [] if quick.is_whole else [_Shared()]
            if shared:
                quick.persistent_load = {None: shared[0]}.__getitem__  # type: ignore[method-assign]
            read, others = quick.load(), [*quick.checked, *shared]
            del quick, shared
            # Another reference to a constructor of dates means that the class itself was read;
            # another one to the stand-in, that it was fetched.
            if not others or all(
                sys.getrefcount(others[index]) == _UNUSED for index in range(len(others))
            ):
                return read
        except _CareNeededError:
            pass
        except Exception:  # the careful reader reads the pickle itself, and raises
            if harmless is data:
                raise
    return Careful(data, path, trust, stand_ins).load()


def write(obj: Any, path: str, location: Location) -> None:
    """Write a pickle, in the newest protocol.

    It warns with `TrustWarning` of classes that are read back only if they are trusted.
    """
    kinds: set[type] = set()
    try:
        with open(path, "wb") as stream:
            _Writer(stream, kinds).dump(obj)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise FormatterError(
            f"{location.datasetType}: {type(obj)} cannot be pickled: {error}"
        ) from error
    trust = frozenset(location.options.get("trust", ()))
    strange = {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if not is_known(kind)}
    for dotted in sorted(name for name in strange - trust if not name.startswith("numpy")):
        warn_caller(
            Message(
                f"{location.datasetType}: {location.full_path} holds a {dotted}, which will be "
                "read only with ",
                Argument("trust", (dotted,)),
            ),
            TrustWarning,
        )


class _Writer(pickle.Pickler):
    """A pickler that records the classes of its objects."""

    def __init__(self, stream: Any, kinds: set[type]) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self._kinds = kinds

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, type | types.FunctionType | types.BuiltinFunctionType):
            self._kinds.add(type(obj))
        return NotImplemented
