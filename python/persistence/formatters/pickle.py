"""``PickleStorage``: pickles, read with an unpickler that creates only harmless objects."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError, UnsafeContent
from persistence.formatters import pickle_scan
from persistence.formatters.pickle_careful import Careful
from persistence.formatters.pickle_names import QUICK, find

# Before it, whatever names numpy: that takes care, and is found without a look at millions of
# bytes.
_HEAD = 4096


class _CareNeededError(Exception):
    """The pickle names something that needs to be looked at as it is called."""


class _Quick(pickle.Unpickler):
    """Reads in C, as long as nothing is named that takes care."""

    path: str
    trust: frozenset[str]

    def find_class(self, module: str, name: str) -> Any:
        module, name, dotted = find(module, name, self.path, self.trust)
        if dotted not in QUICK and dotted not in self.trust:
            raise _CareNeededError
        return super().find_class(module, name)


def read(location: Location, stand_ins: Mapping[str, Callable[..., Any]] = {}) -> Any:
    """Read a pickle of plain data, numpy arrays, dates, and classes named by ``trust``.

    Parameters
    ----------
    location : `Location`
        The file.
    stand_ins : mapping, optional
        Dotted names of classes, and what is made in their place.

    Raises
    ------
    UnsafeContent
        If it names what is neither known nor trusted, or could be meant to exhaust the reader.
    FormatterError
        If it is damaged.
    """
    path = location.full_path
    trust = frozenset(location.options.get("trust", ()))
    with open(path, "rb", buffering=0) as stream:
        data = stream.read()
    try:
        return _load(data, path, trust, stand_ins)
    except UnsafeContent:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise FormatterError(f"{path} is no pickle, or a damaged one: {error!r}") from error


def _load(
    data: bytes, path: str, trust: frozenset[str], stand_ins: Mapping[str, Callable[..., Any]]
) -> Any:
    if not stand_ins and data.find(b"numpy", 0, _HEAD) < 0 and pickle_scan.is_harmless(data, path):
        try:
            quick = _Quick(io.BytesIO(data), encoding="latin1")
            quick.path, quick.trust = path, trust
            return quick.load()
        except _CareNeededError:
            pass
    return Careful(data, path, trust, stand_ins).load()


def write(obj: Any, path: str, location: Location) -> None:
    """Write a pickle, in the newest protocol."""
    try:
        with open(path, "wb") as stream:
            pickle.dump(obj, stream, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise FormatterError(
            f"{location.datasetType}: {type(obj)} cannot be pickled: {error}"
        ) from error
