"""The Gen2 Butler made anew: datasets of a telescope by name and data ID.

>>> from persistence import Butler  # doctest: +SKIP
>>> Butler("repo").get("calexp", visit=123456, ccdnum=42)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import Any

# The public names, by the module that has them. They are imported when they are first used: the
# completion of a command line, or its help, has no time for the Butler, and most others need numpy.
# `__init__.pyi` says the same to type checkers; tests/code/stub.py writes it.
NAMES = {
    "butler.butler": "Butler",
    "butler.federation": "Federation",
    "butler.proxy": "ReadProxy",
    "butler.repository": "Repository",
    "butler.repository_args": "RepositoryArgs",
    "butler.subset": "ButlerDataRef ButlerSubset",
    "cameras.camera_mapper": "CameraMapper",
    "cameras.hook_results": "ButlerComposite ButlerLocation",
    "cameras.mapper": "Mapper",
    "composites.provenance": "origins",
    "dataids.dataid": "DataId",
    "dataids.location": "Location",
    "dataids.template": "PathTemplate",
    "errors": (
        "AliasError AmbiguousDataId CalibrationError CameraNotFound DataIdError DatabaseError "
        "DatabaseLocked ExpressionError FileConflict FormatterError IncompleteDataId IngestError "
        "MissingExtra MissingKey MissingPartWarning MultipleResults NoMapperException NoResults "
        "NoTables NotPartOfThisPackage ParentsMismatch PersistenceError PolicyError RegistryError "
        "RegistryLocked RegistryWarning RepositoryError SourceChanged TemplateError "
        "TemplateUndefined UnknownArgument UnknownDatasetType UnknownKey UnknownKeyWarning "
        "UnsafeContent"
    ),
    "types.exposure.exposure": "Exposure",
    "types.metadata.config": "Config",
    "types.metadata.defects": "Defects",
    "types.metadata.isr": "IsrCalib",
    "types.metadata.packages": "Packages",
    "types.metadata.property": "PropertyList PropertySet",
    "types.pixels.box": "Box",
    "types.pixels.mask": "Mask",
    "types.table.parquet": "ParquetTable",
    # Gen2's other names
    "compat.dbauth": "DbAuth",
    "compat.deprecation": "deprecate_class",
    "compat.fsscanner": "FsScanner",
    "compat.locations": "LogicalLocation",
    "compat.policy": "Policy",
    "compat.posixstorage": "PosixStorage",
    "compat.references": "ButlerSubsetIterator dataExists searchDataRefs",
    "compat.registries": (
        "PgsqlRegistry PosixRegistry Registry SqlRegistry SqliteRegistry havePgsql haveSqlite3"
    ),
    "compat.repos": (
        "Access AccessCfg ButlerCfg ButlerFactory RepoData RepoDataContainer RepositoryMapper"
    ),
    "compat.repositorycfg": "RepositoryCfg",
    "compat.storage": "NoRepositroyAtRoot Storage",
    "compat.storageinterface": "StorageInterface",
    "compat.utils": (
        "doImport genericAssembler genericDisassembler iterify listify sequencify setify"
    ),
}
# Modules that Gen2 offered as attributes.
MODULES = {"safeFileIo": "compat.safefileio", "test": "compat.testobjects"}

_MODULE_OF = {name: module for module, names in NAMES.items() for name in names.split()}

__all__ = sorted([*_MODULE_OF, "safeFileIo"])  # noqa: PLE0605  # one list of names is enough


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value  # the next time, Python finds it there
        return value
    # A module that nobody has imported yet, too: `persistence.errors` has always been there.
    module = f"{__name__}.{MODULES.get(name, name)}"
    if not name.startswith("_") and _exists(module):
        return importlib.import_module(module)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """Complete a Butler's calls in IPython: ``%load_ext persistence``."""
    from persistence.butler import ipython

    ipython.load(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    """Return the version that is installed, or what stands for one in a copy that is not."""
    from importlib import metadata  # lazy: takes longer than all else

    from persistence.errors import DISTRIBUTION

    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0+unknown"


def _exists(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None
