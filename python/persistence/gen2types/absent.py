"""Importable stand-ins for modules of the LSST stack that are not part of this package.

Scripts import far more than they use. A name of such a module raises an error of ours when it is
called, subclassed, or an attribute of it is accessed; that it is missing cannot be known before.

An inner module, such as ``lsst.afw.geom.skyWcs``, has the names of its parent package. Those of
cameras, ``lsst.obs.hsc``, have the mappers that installed packages announce under their names;
scripts that import others, and only name the repository, run.
Modules that are installed take precedence.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NoReturn

from persistence.errors import NOT_HERE, NotPartOfThisPackage
from persistence.files import entry_points

ALGORITHMS = "algorithms of the LSST stack are not part of this package"
_CAMERA = "the package of this camera is not installed"
_DISPLAY = "displays other than matplotlib's are not part of this package"
_NO_NAME = "this package has no such name"
_REPLACED = "it has left the LSST stack: see lsst.log, lsst.pex.config, lsst.daf.persistence.Policy"
_WORKFLOW = "the LSST stack's tools for batch systems are not part of this package"

# Modules, each with its submodules, and the message when a name is used.
MODULES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "lsst.analysis",
            "lsst.alert",
            "lsst.ap",
            "lsst.atmospec",
            "lsst.cbp",
            "lsst.coadd",
            "lsst.cp",
            "lsst.daf.ingest",
            "lsst.dax.apdb",
            "lsst.dax.imgserv",
            "lsst.dax.ppdb",
            "lsst.desc",
            "lsst.eotest",
            "lsst.faro",
            "lsst.fgcmcal",
            "lsst.ip",
            "lsst.jointcal",
            "lsst.kht",
            "lsst.meas",
            "lsst.pipe.analysis",
            "lsst.pipe.drivers",
            "lsst.pipe.supertask",
            "lsst.pipe.tasks",
            "lsst.qa",
            "lsst.scarlet",
            "lsst.shapelet",
            "lsst.sims",
            "lsst.source",
            "lsst.summit",
            "lsst.synpipe",
            "lsst.validate",
            "lsst.verify",
        ),
        ALGORITHMS,
    ),
    **dict.fromkeys(
        (
            "lsst.afw",
            "lsst.daf.base",
            "lsst.geom",
            "lsst.log",
            "lsst.obs.base",
            "lsst.pex.exceptions",
            "lsst.skymap",
        ),
        _NO_NAME,
    ),
    **dict.fromkeys(("lsst.pex.harness", "lsst.pex.logging", "lsst.pex.policy"), _REPLACED),
    # Cameras; of some of them there are mappers here, under the names that are announced.
    **dict.fromkeys(
        [
            f"lsst.obs.{name}"
            for name in (
                "cfht comCam ctio0m9 decam file hsc huntsman lsst lsstCam lsstSim monocam necam "
                "pfs sdss subaru suprimecam test ts3 ts8"
            ).split()
        ],
        _CAMERA,
    ),
    "lsst.display": _DISPLAY,
    **dict.fromkeys(
        [f"lsst.ctrl.{name}" for name in ("events", "execute", "orca", "pool", "stats")], _WORKFLOW
    ),
}
# What these are in, which may have nothing of its own: lsst.ctrl, lsst.dax.
_ABOVE = {name.rpartition(".")[0] for name in MODULES if name.count(".") > 1}
_CAMERAS = "lsst.obs."
_LENT = "lsst.pipe.base"  # by persistence/gen2.py
_TOP = os.path.abspath(__file__).rsplit(os.sep, 3)[0]  # where our own lsst is
_GROUP = "persistence.cameras"  # as cameras/installed.py has it


class Name:
    """A name of a module that is not there."""

    origin = NOT_HERE

    def __init__(self, dotted: str, reason: str) -> None:
        self.__dict__.update(_dotted=dotted, _reason=reason, __name__=dotted.rpartition(".")[2])

    def _refuse(self, *args: Any, **named: Any) -> NoReturn:
        raise NotPartOfThisPackage(f"{self._dotted}: {self._reason}")

    def __getattr__(self, name: str) -> Any:
        # attributes that Python, copy and notebooks look up on every object
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse()

    __call__ = __mro_entries__ = __instancecheck__ = __subclasscheck__ = _refuse
    __setattr__ = __getitem__ = __iter__ = __contains__ = __len__ = _refuse
    __enter__ = __exit__ = _refuse

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{self._dotted}: {self._reason}>"


class _Module(ModuleType):
    """A module that has every name, but each raises an error when used.

    Names of its parent package are real.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        above = self.__name__
        while above := above.rpartition(".")[0]:
            package = sys.modules.get(above)
            if not isinstance(package, _Module | None) and hasattr(package, name):
                return getattr(package, name)
        return named(self.__name__, name)

    def _refuse(self, *args: Any, **named: Any) -> NoReturn:
        raise NotPartOfThisPackage(f"{self.__name__}: {_reason(self.__name__)}")

    # ``from lsst.afw.geom import PolygonD`` imports a module if the package has no such name.
    __call__ = __mro_entries__ = __instancecheck__ = __subclasscheck__ = _refuse


class _Camera(ModuleType):
    """A module of a camera's package, with the mappers that are installed under its name."""

    def __getattr__(self, name: str) -> Any:
        from persistence.cameras import installed  # lazy: only needed for cameras

        dotted = f"{self.__name__}.{name}"
        if dotted not in installed.announced():
            return named(self.__name__, name)
        return installed.find(dotted)


def lending(
    module: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a module of which this package has some names.

    Parameters
    ----------
    module : `str`
        The module.
    places : mapping [`str`, `str`]
        The names that there are, and where. They are imported when they are used: tasks need
        lsst-pex-config and others.
    """

    def lent(name: str) -> Any:
        if name in places:
            return getattr(importlib.import_module(places[name]), name)
        return named(module, name)

    return lent, lambda: sorted(places)


def named(module: str, name: str) -> Any:
    """Return a name of a module of which this package has only some.

    Raises
    ------
    AttributeError
        If it is one of Python's own, such as ``__wrapped__``.
    """
    if name.startswith("__"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return Name(f"{module}.{name}", _reason(module) or ALGORITHMS)


def _reason(module: str) -> str | None:
    while module and module not in MODULES:
        module = module.rpartition(".")[0]
    return MODULES.get(module)


def _kind(fullname: str) -> type[ModuleType] | None:
    """Return the class of a module that is to be found; None if it is none of these."""
    if fullname.startswith(_CAMERAS):
        known = (name.rpartition(".")[0] for name in entry_points.announced(_GROUP))
        if any(f"{name}.".startswith(f"{fullname}.") for name in known):
            return _Camera
    if _reason(fullname) is not None:
        return _Module
    return ModuleType if fullname in _ABOVE else None


class _Finder:
    """Finds and loads modules that no other finder has found.

    importlib's abstract base classes would take longer to import than everything else here.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        # lsst.pex is another package's, too: that looks for nothing in a checkout of ours.
        if fullname.startswith("lsst.pex."):
            directory = os.path.join(_TOP, *fullname.split(".")[:-1])
            if ours := PathFinder.find_spec(fullname, [directory]):
                return ours
        if fullname == _LENT:
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: 'import persistence.gen2' lends it, before it is "
                "imported; a script can stay as it is, run by 'python -m persistence.gen2 SCRIPT'",
                name=fullname,
            )
        if _kind(fullname) is None:
            return None
        loader: Any = self
        return ModuleSpec(fullname, loader, origin=NOT_HERE, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        kind = _kind(spec.name) or ModuleType
        return kind(spec.name, f"{spec.name}: {_reason(spec.name)}.")

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: there is nothing in it."""


_FINDER: Any = _Finder()


def install() -> None:
    """Enable the import of these modules, unless they are installed."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)


def is_absent(module: str) -> bool:
    """Return whether nothing is installed under a name of these modules."""
    from importlib.util import find_spec  # lazy: rarely needed

    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return True
    return spec is None or spec.loader is _FINDER
