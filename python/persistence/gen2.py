"""Gen2's names of what tasks are made of, which packages of others have, too.

``import persistence.gen2``, before a script's own imports; or, of a script that stays as it is,
``python -m persistence.gen2 script.py ARGUMENTS``; or ``%load_ext persistence.gen2`` in a notebook.

The names belong to packages that may be installed beside this one (``lsst-pipe-base`` of today has
``Task``, but no ``CmdLineTask``). So no file of this package has them: importing this module puts
modules in the place of those that nothing provides, and names into those that lack them. What is
there stays as it is. Modules of the LSST stack that nobody provides can be imported, too, and say
that they are not there when they are used (`persistence.gen2types.absent`).
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from persistence.gen2types import absent

_PARSER = "persistence.pipe.gen2: ArgumentParser InputOnlyArgumentParser"
_ARGUMENTS = (
    "persistence.pipe.cmdline.idarguments: ConfigDatasetType DataIdArgument DatasetArgument"
)
_CONTAINERS = "persistence.pipe.cmdline.containers: DataIdContainer"
_COMMANDS = "persistence.pipe.gen2: CmdLineTask LegacyCmdLineTask"
_RUNNERS = "persistence.pipe.runner: ButlerInitializedTaskRunner LegacyTaskRunner TaskRunner"
_STRUCT = "persistence.pipe.struct: Struct"
_TASK = "persistence.pipe.task: Task TaskError"
_TIMING = "persistence.pipe.timing: timeMethod"
_SHOWN = "persistence.pipe.cmdline.show: showTaskHierarchy"
_OVERRIDES = "persistence.pipe.cmdline.configoverrides: ConfigOverrides"

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
    "lsst.pipe.base.argumentParser": (_PARSER, _ARGUMENTS, _CONTAINERS, _SHOWN),
    "lsst.pipe.base.cmdLineTask": (_COMMANDS, _RUNNERS),
    "lsst.pipe.base.configOverrides": (_OVERRIDES,),
    "lsst.pipe.base.struct": (_STRUCT,),
    "lsst.pipe.base.task": (_TASK,),
    "lsst.pipe.base.timer": (_TIMING,),
}
# All or nothing: where they are installed, none is missing, and they take long to import.
UTILITIES: Mapping[str, tuple[str, ...]] = {
    "lsst.utils": (
        "persistence.compat.stackutils: continueClass getPackageDir inheritDoc",
        "persistence.compat.utils: doImport",
    ),
    "lsst.utils.tests": (
        "persistence.compat.stacktests: MemoryTestCase TestCase getTempFilePath init",
        "persistence.compat.stacktests: temporaryDirectory",
    ),
    "lsst.utils.timer": (_TIMING,),
}


# Tells processes that a script starts which it is: Python tells them only this module.
_SCRIPT = "PERSISTENCE_GEN2_SCRIPT"


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
    absent.install()
    # Whether a module is there cannot be found out without importing what it is in.
    lent = MODULES if _is_installed("lsst.utils") else {**MODULES, **UTILITIES}
    for name, texts in lent.items():
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
    return not absent.is_absent(name)


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


def load_ipython_extension(ipython: Any) -> None:
    """Put the names in place, for ``%load_ext persistence.gen2``."""
    install()


def run(namespace: dict[str, Any]) -> None:
    """Run a script that knows nothing of this package, with its arguments.

    The arguments of the process are the script and what it is given. In a process that the script
    started, which reads its main module again, it is read as one.

    Parameters
    ----------
    namespace : `dict`
        The names of the main module, which become the script's. It stays this module for Python:
        so are the processes that the script starts led here.

    Raises
    ------
    SystemExit
        If there is no such script, or as the script ends.
    """
    if namespace["__name__"] == "__main__":
        del sys.argv[0]
        if not sys.argv or sys.argv[0] in ("-h", "--help"):
            sys.exit("usage: python -m persistence.gen2 script.py [ARGUMENTS]")
        os.environ[_SCRIPT] = os.path.abspath(sys.argv[0])
        sys.path[0] = os.path.dirname(os.environ[_SCRIPT])
    script = os.environ[_SCRIPT]
    if not os.path.isfile(script):
        sys.exit(f"python -m persistence.gen2: there is no script {sys.argv[0]!r}")
    with open(script, "rb") as stream:
        code = compile(stream.read(), script, "exec")
    for name in [name for name in namespace if not name.startswith("__")]:
        del namespace[name]
    namespace.update(__file__=script, __doc__=None, __package__=None, __cached__=None)
    exec(code, namespace)  # noqa: S102  # it is the user's own


if __name__ in ("__main__", "__mp_main__"):
    # Others import this module by its name: it is to be one module.
    importlib.import_module("persistence.gen2").run(globals())
else:
    install()
