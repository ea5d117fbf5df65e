"""Versions of software, in pickles and in YAML, as Gen2 wrote them (doc/gen2/afw-files.md 6.2)."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.formatters import pickle as pickle_files
from persistence.formatters import yaml as yaml_files
from persistence.types.metadata.packages import Packages

_TAG = "lsst.base.Packages"
_CLASS = b"clsst.base.packages\nPackages\n"


class _Pickled(dict[Any, Any]):
    """A stand-in for Gen2's class, which had the versions in an attribute, later was a `dict`."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.update(state.get("_packages", {}))


_STAND_INS = dict.fromkeys(("lsst.base.packages.Packages", "lsst.base.Packages"), _Pickled)


def _represent(dumper: Any, packages: Packages) -> Any:
    return dumper.represent_mapping(_TAG, dict(packages))


def _construct(loader: Any, node: Any) -> Any:
    return loader.construct_mapping(node, deep=True)


_READER = yaml_files.reader({_TAG: _construct, f"!{_TAG}": _construct})
_WRITER = yaml_files.writer({Packages: _represent})


def read(location: Location) -> Packages:
    """Read versions from a pickle or from YAML.

    Plain mappings and lists of pairs, from before 2016, are read, too. The ``__version__`` of C
    extensions is often bytes, which Gen2 pickled unchanged: they are decoded.

    Raises
    ------
    FormatterError
        If the file holds something else.
    """
    versions = _READ[location.storage](location)
    try:
        return Packages({name: _text(version) for name, version in dict(versions).items()})
    except (TypeError, ValueError) as error:
        raise FormatterError(
            f"{location.full_path} does not hold versions of packages: {error}"
        ) from error


def _text(version: Any) -> Any:
    return version.decode(errors="backslashreplace") if isinstance(version, bytes) else version


def _read_pickle(location: Location) -> Any:
    return pickle_files.read(location, _STAND_INS)


def _read_yaml(location: Location) -> Any:
    return yaml_files.load(location, _READER)


_READ: Mapping[str, Callable[[Location], Any]] = {
    "PickleStorage": _read_pickle,
    "YamlStorage": _read_yaml,
}


def write(obj: Any, path: str, location: Location) -> None:
    """Write versions such that Gen2 reads them, before and after its class became a dictionary.

    Raises
    ------
    FormatterError
        If they are no mapping of texts.
    """
    try:
        packages = Packages(obj)
    except (TypeError, AttributeError) as error:
        raise FormatterError(f"{location.datasetType}: {error}") from error
    if location.storage == "YamlStorage":
        yaml_files.dump(packages, path, location, _WRITER)
        return
    with open(path, "wb") as stream:
        stream.write(_pickled(packages))


def _pickled(packages: Packages) -> bytes:
    """Return a pickle of Gen2's class, written by hand because the class is not available.

    The opcodes are: class, no arguments, make, state, set, end.
    """
    # Protocol 2 is the last one whose end and beginning, but for two bytes, frame nothing.
    state = pickle.dumps({"_packages": dict(packages)}, protocol=2)
    return (
        state[:2]
        + _CLASS
        + pickle.EMPTY_TUPLE
        + pickle.NEWOBJ
        + state[2:-1]
        + pickle.BUILD
        + pickle.STOP
    )
