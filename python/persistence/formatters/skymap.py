"""``skyMap.pickle``: sky maps, as Gen2 pickles them.

Such a file calls a class of ``lsst.skymap`` with a configuration, which is stored as text
(doc/gen2/afw-files.md 6.7). The names of the classes only determine the class of
`persistence.skymap`, and the text is parsed; nothing is imported or run.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any, ClassVar

from persistence.dataids.location import Location
from persistence.errors import DataIdError, FormatterError, PolicyError, UnsafeContent
from persistence.formatters import config as config_files
from persistence.formatters import pickle as pickle_files
from persistence.skymap import KINDS, SkyMap
from persistence.types.metadata.config import Config


class _Sketch:
    """A stand-in for a sky map in a pickle, which stores its arguments."""

    cls: ClassVar[type[SkyMap]]
    config: Any = None
    version: Any = None

    def __init__(self, config: Any = None, version: Any = None) -> None:
        self.config, self.version = config, version

    def __setstate__(self, state: Any) -> None:
        self.config, self.version = state["config"], state["version"]

    def finished(self) -> SkyMap:
        """Return the sky map."""
        if not isinstance(self.config, Config):
            raise FormatterError(f"the {self.cls.__name__} has no configuration")
        return self.cls(self.cls.config_class.of(self.config), self.version)


def _module(cls: type[SkyMap]) -> str:
    """Return the module of Gen2's class: ``lsst.skymap.ringsSkyMap``."""
    return f"lsst.skymap.{cls.kind}SkyMap"


def _unreduced(_class: Any, text: Any) -> Config:
    """Parse the text of a configuration."""
    return config_files.parse(
        text.decode() if isinstance(text, bytes) else text, "the configuration in it"
    )


# Name in a pickle -> its replacement; for classes of configurations, it is only their name.
_STAND_INS: Mapping[str, Any] = {
    "lsst.pex.config.config.unreduceConfig": _unreduced,
    **{
        f"{module}.{cls.__name__}{ending}": made
        for cls in KINDS.values()
        for module in (_module(cls), "lsst.skymap")
        for ending, made in (
            ("", type(cls.__name__, (_Sketch,), {"cls": cls})),
            ("Config", f"{cls.__name__}Config"),
        )
    },
}


def read(location: Location) -> SkyMap:
    """Read a sky map."""
    path = location.full_path
    try:
        skymap = pickle_files.read(location, _STAND_INS)
    except UnsafeContent as error:
        raise error if path in str(error) else UnsafeContent(f"{path}: {error}") from error
    if not isinstance(skymap, _Sketch):
        raise FormatterError(f"{path} holds a {type(skymap).__name__}, not a sky map")
    try:
        return skymap.finished()
    except (FormatterError, PolicyError, DataIdError) as error:
        raise FormatterError(f"{path}: {error}") from error


def write(obj: Any, path: str, location: Location) -> None:
    """Write a sky map such that Gen2 reads it."""
    if not isinstance(obj, SkyMap):
        raise FormatterError(
            f"{location.datasetType} holds a sky map of persistence.skymap, not {type(obj)}"
        )
    with open(path, "wb") as stream:
        stream.write(dumps(obj))


def dumps(skymap: SkyMap) -> bytes:
    """Return the pickle, in protocol 2, that Gen2's class would produce."""
    cls = type(skymap)
    # Kinds without a cache of tracts are pickled by their state (doc/gen2/afw-files.md 6.7).
    pickled = _by_state if isinstance(skymap.version, tuple) else _by_call
    return b"".join(
        [pickle.PROTO, b"\x02", pickled(_global(_module(cls), cls.__name__), skymap), pickle.STOP]
    )


def _by_call(name: bytes, skymap: SkyMap) -> bytes:
    return name + _config(skymap) + _plain(skymap.version) + pickle.TUPLE2 + pickle.REDUCE


def _by_state(name: bytes, skymap: SkyMap) -> bytes:
    state = _plain("version") + _plain(skymap.version) + _plain("config") + _config(skymap)
    return (
        name + pickle.EMPTY_TUPLE + pickle.NEWOBJ + pickle.EMPTY_DICT + pickle.MARK + state
        + pickle.SETITEMS + pickle.BUILD
    )  # fmt: skip


def _config(skymap: SkyMap) -> bytes:
    module, name = _module(type(skymap)), f"{type(skymap).__name__}Config"
    text = Config(skymap.config.values(), f"{module}.{name}").text()
    return (
        _global("lsst.pex.config.config", "unreduceConfig")
        + _global(module, name)
        + _plain(text)
        + pickle.TUPLE2
        + pickle.REDUCE
    )


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _plain(value: Any) -> bytes:
    """Return the pickle of a text, a whole number or a pair, without its beginning and end."""
    return pickle.dumps(value, 2)[2:-1]
