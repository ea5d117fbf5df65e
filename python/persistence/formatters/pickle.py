"""``PickleStorage``: pickles, read with an unpickler that makes nothing but what is known to be harmless."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any, ClassVar

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
) | {
    "numpy.ma.core._mareconstruct",
    "numpy.ma.core.MaskedArray",
    "numpy.ma.MaskedArray",
    "numpy.rec.recarray",
    "numpy.core.records.recarray",
    "numpy.record",
}
# What these hold can be changed by a pickle that names them: they are unpickled with care, which is slower.
_CHANGEABLE = frozenset(
    {"collections.Counter", "fractions.Fraction", "persistence.dataid.DataId", "numpy.dtype", "numpy.record"}
) | {name for name in _ARRAYS if ".ma." in name or ".rec." in name}
_OLD_NAMES = {"__builtin__": "builtins", "copy_reg": "copyreg", "UserDict": "collections", "xrange": "range"}


class _CareNeededError(Exception):
    """The pickle names something that it could change."""


def _find(module: str, name: str, path: str, trust: frozenset[str]) -> tuple[str, str, str]:
    """Check that a class may be made; gives its module and name, and both with a dot."""
    module, name = _OLD_NAMES.get(module, module), _OLD_NAMES.get(name, name)
    dotted = f"{module}.{name}"
    if name not in _HARMLESS.get(module, ()) and dotted not in _ARRAYS and dotted not in trust:
        raise UnsafeContent(
            f"{path} wants to make a {dotted}, which is not trusted; nothing of it was run. If you "
            f"trust the file, open the repository with Butler(root, trust=[{dotted!r}])"
        )
    return module, name, dotted


class _Quick(pickle.Unpickler):
    """Reads in C, as long as nothing is named that a pickle could change."""

    def __init__(self, stream: Any, path: str, trust: frozenset[str]) -> None:
        super().__init__(stream, encoding="latin1")
        self.path = path
        self.trust = trust

    def find_class(self, module: str, name: str) -> Any:
        module, name, dotted = _find(module, name, self.path, self.trust)
        if dotted in _CHANGEABLE:
            raise _CareNeededError
        return super().find_class(module, name)


# The unpickler in Python, whose steps can be overridden.
_InPython: Any = pickle._Unpickler


class Careful(_InPython):  # type: ignore[misc]  # pickle's stubs do not know it
    """Reads in Python, and looks at what is given a state: no class, and no array type that lies."""

    def __init__(self, stream: Any, path: str, trust: frozenset[str]) -> None:
        super().__init__(stream, encoding="latin1")
        self.path = path
        self.trust = trust

    def find_class(self, module: str, name: str) -> Any:
        module, name, _dotted = _find(module, name, self.path, self.trust)
        return super().find_class(module, name)

    def load_build(self) -> None:
        made = self.stack[-2]
        if isinstance(made, type) or callable(made):
            raise UnsafeContent(f"{self.path} wants to change {made!r}; it was not done")
        super().load_build()
        if hasattr(made, "subdtype") and not _is_honest(made):
            raise UnsafeContent(f"{self.path} describes an array that would be read as memory addresses")

    dispatch: ClassVar[dict[int, Any]] = {**_InPython.dispatch, pickle.BUILD[0]: load_build}


def _is_honest(dtype: Any) -> bool:
    """Say whether an array type with parts says of them what they are, and where."""
    parts = [(part[0], part[1]) for part in (dtype.fields or {}).values()]
    if dtype.subdtype is not None:
        parts.append((dtype.subdtype[0], 0))
    inside = all(offset >= 0 and offset + part.itemsize <= dtype.itemsize for part, offset in parts)
    return inside and (dtype.hasobject or not any(part.hasobject for part, _offset in parts))


def read(location: Location) -> Any:
    """Read a pickle of plain data, numpy arrays, dates, and classes that ``trust`` among the options names."""
    path = location.full_path
    trust = frozenset(location.options.get("trust", ()))
    with open(path, "rb") as stream:
        try:
            return _Quick(stream, path, trust).load()
        except _CareNeededError:
            stream.seek(0)
            return load(Careful(stream, path, trust), path)
        except Exception as error:  # a damaged pickle can raise anything
            raise _told(error, path) from error


def load(unpickler: Any, path: str) -> Any:
    """Let an unpickler read, so that whatever is wrong with the file is told as an error of ours."""
    try:
        return unpickler.load()
    except Exception as error:
        raise _told(error, path) from error


def _told(error: Exception, path: str) -> Exception:
    if isinstance(error, FormatterError):
        return error
    return FormatterError(f"{path} is no pickle, or a damaged one: {error!r}")


def write(obj: Any, path: str, location: Location) -> None:
    """Write a pickle, in the newest protocol."""
    try:
        with open(path, "wb") as stream:
            pickle.dump(obj, stream, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise FormatterError(f"{location.datasetType}: {type(obj)} cannot be pickled: {error}") from error
