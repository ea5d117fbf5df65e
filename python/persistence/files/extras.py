"""Optional libraries: the one place that knows which extra of this package installs each."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from importlib.abc import MetaPathFinder
from typing import Any, NamedTuple

from persistence.errors import MissingExtra


class Extra(NamedTuple):
    """The extra of this package that installs a library.

    Attributes
    ----------
    name : `str`
        The extra, ``plot`` in ``pip install 'gen2-butler[plot]'``.
    library : `str`
        The library's name on PyPI.
    """

    name: str
    library: str


# Module -> the extra that installs it; pyproject.toml defines the extras.
EXTRAS: Mapping[str, Extra] = {
    "argcomplete": Extra("cli", "argcomplete"),
    "astro_metadata_translator": Extra("test", "astro-metadata-translator"),
    "astroscrappy": Extra("test", "astroscrappy"),
    "distributed": Extra("dask", "distributed"),
    "lsst.dax.apdb": Extra("dax", "lsst-dax-apdb"),
    "lsst.pex.config": Extra("tasks", "lsst-pex-config"),
    "lsst.sphgeom": Extra("sky", "lsst-sphgeom"),
    "matplotlib": Extra("plot", "matplotlib"),
    "mocpy": Extra("sky", "mocpy"),
    "pandas": Extra("tables", "pandas"),
    "pebble": Extra("tasks", "pebble"),
    "psycopg": Extra("sql", "psycopg"),
    "pyarrow": Extra("tables", "pyarrow"),
    "rich": Extra("cli", "rich"),
    "scipy": Extra("tasks", "scipy"),
    "sep": Extra("tasks", "sep"),
    "sqlalchemy": Extra("ap", "SQLAlchemy"),
    "watchfiles": Extra("watch", "watchfiles"),
}


@contextlib.contextmanager
def needed(library: str, purpose: str) -> Iterator[None]:
    """Import an optional library in a block; if it is missing, raise an error with its extra.

    Parameters
    ----------
    library : `str`
        The module that is imported: one of `EXTRAS`.
    purpose : `str`
        The operation that needs it, for the message: ``A picture``.

    Raises
    ------
    MissingExtra
        If it is not installed. Other missing modules, such as a part of it, raise their own errors.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if not _is_part(library, error.name or "") and not _is_part(error.name or "", library):
            raise
        raise missing(library, purpose) from error


def missing(library: str, purpose: str) -> MissingExtra:
    """Return the error for a library that is not installed; see `needed`."""
    extra = EXTRAS[library]
    return MissingExtra(extra.library, extra.name, purpose)


def _is_part(whole: str, part: str) -> bool:
    return bool(whole) and f"{part}.".startswith(f"{whole}.")


class _Guard(MetaPathFinder):
    """A finder that refuses missing optional libraries to a package; it is called last.

    Other importers get the usual error.
    """

    def __init__(self) -> None:
        self.guarded: dict[tuple[str, str], str] = {}  # package and library -> purpose

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        for (package, library), purpose in self.guarded.items():
            if library == fullname and _is_part(package, _importer()):
                raise missing(library, purpose)


def _importer() -> str:
    """Return the name of the importing module, outside of Python's import system."""
    frame = sys._getframe(2)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith(("importlib", "_frozen_importlib")):
            return name
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return ""


_GUARD = _Guard()


def guard(package: str, purpose: str, *libraries: str) -> None:
    """Refuse imports of missing libraries in a package with an error that names their extra.

    For packages most of whose modules need some: `needed` is for single imports.

    Parameters
    ----------
    package : `str`
        The package's name.
    purpose : `str`
        The operation that needs them, for the message: ``Tasks``.
    *libraries : `str`
        The libraries, of `EXTRAS`.
    """
    _GUARD.guarded.update({(package, library): purpose for library in libraries})
    if _GUARD not in sys.meta_path:
        sys.meta_path.append(_GUARD)
