"""Gen2's names of what tasks are made of.

``import persistence.gen2``, before a script's own imports.

The names belong to packages that may be installed beside this one (``lsst-pipe-base`` of today has
``Task``, but no ``CmdLineTask``). So no file of this package has them: importing this module puts
modules in the place of those that nothing provides, and names into those that lack them. What is
there stays as it is.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_PARSER = "persistence.pipe.cmdline.parser: ArgumentParser InputOnlyArgumentParser"
_ARGUMENTS = (
    "persistence.pipe.cmdline.idarguments: ConfigDatasetType DataIdArgument DatasetArgument"
)
_CONTAINERS = "persistence.pipe.cmdline.containers: DataIdContainer"
_COMMANDS = "persistence.pipe.cmdlinetask: CmdLineTask LegacyCmdLineTask"
_RUNNERS = "persistence.pipe.runner: ButlerInitializedTaskRunner LegacyTaskRunner TaskRunner"
_STRUCT = "persistence.pipe.struct: Struct"
_TASK = "persistence.pipe.task: Task TaskError"
_TIMING = "persistence.pipe.timing: timeMethod"
_COADDS = "persistence.pipe.cmdline.coaddcontainers:"
_PROPERTIES = "persistence.types.metadata.property: PropertyList PropertySet"

# Gen2's modules, and where their names are here.
MODULES: Mapping[str, tuple[str, ...]] = {
    "lsst.pipe.base": (
        _PARSER,
        _ARGUMENTS,
        _CONTAINERS,
        _COMMANDS,
        _RUNNERS,
        _STRUCT,
        _TASK,
        _TIMING,
    ),
    "lsst.pipe.base.argumentParser": (_PARSER, _ARGUMENTS, _CONTAINERS),
    "lsst.pipe.base.cmdLineTask": (_COMMANDS, _RUNNERS),
    "lsst.pipe.base.struct": (_STRUCT,),
    "lsst.pipe.base.task": (_TASK,),
    "lsst.pipe.base.timer": (_TIMING,),
    "lsst.coadd.utils": (f"{_COADDS} CoaddDataIdContainer ExistingCoaddDataIdContainer",),
    "lsst.coadd.utils.coaddDataIdContainer": (
        f"{_COADDS} CoaddDataIdContainer ExistingCoaddDataIdContainer",
    ),
    "lsst.pipe.tasks.assembleCoadd": (f"{_COADDS} AssembleCoaddDataIdContainer",),
    "lsst.pipe.tasks.coaddBase": (f"{_COADDS} SelectDataIdContainer",),
    "lsst.pipe.tasks.postprocess": (f"{_COADDS} TractObjectDataIdContainer VisitDataIdContainer",),
    "lsst.pipe.tasks.processCcd": (
        "persistence.tasks.process_ccd: ProcessCcdTask",
        "persistence.tasks.process_ccd_config: ProcessCcdConfig",
    ),
    "lsst.daf.base": (_PROPERTIES,),
}


class _Alias(ModuleType):
    """A module whose names are looked up elsewhere when they are asked for."""

    def __init__(self, name: str, places: Mapping[str, str]) -> None:
        super().__init__(name, f"Gen2's names, lent by {__name__}.")
        self.__path__: list[str] = []  # there may be modules below it
        # who asks whether there is such a module finds it
        self.__spec__ = ModuleSpec(name, None, is_package=True)
        self.__all__ = sorted(places)
        self._places = places

    def __getattr__(self, name: str) -> Any:
        if name not in self._places:
            raise AttributeError(
                f"module {self.__name__!r}, which {__name__} lends, has no {name!r}"
            )
        return getattr(importlib.import_module(self._places[name]), name)


def install() -> None:
    """Put the names in place that nothing installed provides."""
    for name, texts in MODULES.items():
        places = {
            word: module
            for module, _, words in (text.partition(":") for text in texts)
            for word in words.split()
        }
        if _is_installed(name):
            _fill(importlib.import_module(name), places)
        else:
            _place(name, places)


def _is_installed(name: str) -> bool:
    if name in sys.modules:
        return not isinstance(sys.modules[name], _Alias)
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # what it would be in is not there
        return False


def _fill(module: ModuleType, places: Mapping[str, str]) -> None:
    """Put names into a module that has them not."""
    for name, place in places.items():
        if not hasattr(module, name):
            setattr(module, name, getattr(importlib.import_module(place), name))


def _place(name: str, places: Mapping[str, str]) -> None:
    """Put a module into the place of one that nothing provides, with all that it is in."""
    above, _, last = name.rpartition(".")
    if above not in sys.modules and not _is_installed(above):
        _place(above, {})
    module = sys.modules[name] = _Alias(name, places)
    setattr(importlib.import_module(above), last, module)


install()
