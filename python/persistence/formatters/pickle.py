"""``PickleStorage``: pickles, read with an unpickler that makes nothing but what is known to be harmless."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

from persistence.errors import FormatterError, UnsafeContent
from persistence.location import Location

# Module -> names. Making one of these runs no code of the file's choice.
_HARMLESS: Mapping[str, frozenset[str]] = {
    "builtins": frozenset(
        "bool bytes bytearray complex dict float frozenset int list range set slice str tuple".split()
    ),
    "collections": frozenset("OrderedDict defaultdict deque Counter".split()),
    "datetime": frozenset("date datetime time timedelta timezone".split()),
    "decimal": frozenset({"Decimal"}),
    "fractions": frozenset({"Fraction"}),
    "copyreg": frozenset({"_reconstructor"}),
    "_codecs": frozenset({"encode"}),
    "persistence.dataid": frozenset({"DataId"}),
    "numpy": frozenset(
        "ndarray dtype bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 "
        "complex64 complex128 str_ bytes_ datetime64 timedelta64".split()
    ),
}
_ARRAYS = frozenset(
    f"numpy.{core}.{name}"
    for core in ("core", "_core")
    for name in ("multiarray._reconstruct", "multiarray.scalar", "numeric._frombuffer")
) | {"numpy.ma.core._mareconstruct", "numpy.ma.core.MaskedArray", "numpy.ma.MaskedArray"}
_OLD_NAMES = {"__builtin__": "builtins", "copy_reg": "copyreg", "UserDict": "collections"}


class _Unpickler(pickle.Unpickler):
    """Refuses each class that is neither harmless nor trusted by the caller."""

    def __init__(self, stream: Any, path: str, trust: frozenset[str]) -> None:
        super().__init__(stream, encoding="latin1")
        self.path = path
        self.trust = trust

    def find_class(self, module: str, name: str) -> Any:
        module = _OLD_NAMES.get(module, module)
        dotted = f"{module}.{name}"
        known = name in _HARMLESS.get(module, ()) or dotted in _ARRAYS or dotted in self.trust
        if not known:
            raise UnsafeContent(
                f"{self.path} wants to make a {dotted}, which is not trusted; nothing of it was run. If you "
                f"trust the file, open the repository with Butler(root, trust=[{dotted!r}])"
            )
        return super().find_class(module, name)


def read(location: Location) -> Any:
    """Read a pickle of plain data, numpy arrays, dates, and classes that ``trust`` among the options names."""
    path = location.full_path
    with open(path, "rb") as stream:
        try:
            return _Unpickler(stream, path, frozenset(location.options.get("trust", ()))).load()
        except UnsafeContent:
            raise
        except Exception as error:  # a damaged pickle can raise anything
            raise FormatterError(f"{path} is no pickle, or a damaged one: {error!r}") from error


def write(obj: Any, path: str, location: Location) -> None:
    """Write a pickle, in the newest protocol."""
    try:
        with open(path, "wb") as stream:
            pickle.dump(obj, stream, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise FormatterError(f"{location.datasetType}: {type(obj)} cannot be pickled: {error}") from error
