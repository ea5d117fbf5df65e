"""The Gen2 Butler made anew: datasets of a telescope by name and data ID.

>>> from persistence import Butler  # doctest: +SKIP
>>> Butler("repo").get("calexp", visit=123456, ccdnum=42)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.repository_args import RepositoryArgs
    from persistence.butler.subset import ButlerDataRef, ButlerSubset
    from persistence.cameras.camera_mapper import CameraMapper
    from persistence.cameras.hook_results import ButlerComposite, ButlerLocation
    from persistence.cameras.mapper import Mapper
    from persistence.dataids.dataid import DataId
    from persistence.dataids.location import Location
    from persistence.dataids.template import PathTemplate
    from persistence.errors import (
        AliasError,
        AmbiguousDataId,
        CameraNotFound,
        DataIdError,
        FileConflict,
        FormatterError,
        IncompleteDataId,
        IngestError,
        MissingExtra,
        MissingKey,
        MissingPartWarning,
        MultipleResults,
        NoMapperException,
        NoResults,
        NoTables,
        ParentsMismatch,
        PersistenceError,
        PolicyError,
        RegistryError,
        RegistryLocked,
        RepositoryError,
        SourceChanged,
        TemplateError,
        TemplateUndefined,
        UnknownDatasetType,
        UnknownKey,
        UnknownKeyWarning,
        UnsafeContent,
    )

# Names are imported when they are asked for: who completes a command line, or reads its help, has
# no time for the Butler, and most others need numpy.
_LAZY = {
    "Butler": "persistence.butler.butler",
    "ButlerComposite": "persistence.cameras.hook_results",
    "ButlerLocation": "persistence.cameras.hook_results",
    "CameraMapper": "persistence.cameras.camera_mapper",
    "DataId": "persistence.dataids.dataid",
    "ButlerDataRef": "persistence.butler.subset",
    "ButlerSubset": "persistence.butler.subset",
    "Location": "persistence.dataids.location",
    "Mapper": "persistence.cameras.mapper",
    "RepositoryArgs": "persistence.butler.repository_args",
    "PathTemplate": "persistence.dataids.template",
    "Box": "persistence.types.pixels.box",
    "Exposure": "persistence.types.exposure.exposure",
    "Mask": "persistence.types.pixels.mask",
    "Config": "persistence.types.metadata.config",
    "Defects": "persistence.types.metadata.defects",
    "IsrCalib": "persistence.types.metadata.isr",
    "Packages": "persistence.types.metadata.packages",
    "PropertyList": "persistence.types.metadata.property",
    "PropertySet": "persistence.types.metadata.property",
    "ReadProxy": "persistence.butler.proxy",
    "origins": "persistence.composites.provenance",
    "Repository": "persistence.butler.repository",
    "ParquetTable": "persistence.types.table.parquet",
}
_ERRORS = (
    "AliasError AmbiguousDataId CameraNotFound DataIdError FileConflict FormatterError "
    "IncompleteDataId "
    "IngestError MissingExtra MissingKey MissingPartWarning MultipleResults NoMapperException "
    "NoResults "
    "NoTables ParentsMismatch PersistenceError PolicyError RegistryError RegistryLocked "
    "RepositoryError "
    "SourceChanged TemplateError TemplateUndefined UnknownDatasetType UnknownKey UnknownKeyWarning "
    "UnsafeContent"
)
# Gen2's other names, by the module of `persistence.compat` that has them.
_COMPAT = {
    "deprecation": "deprecate_class",
    "fsscanner": "FsScanner",
    "locations": "LogicalLocation",
    "policy": "Policy",
    "posixstorage": "PosixStorage",
    "references": "ButlerSubsetIterator dataExists searchDataRefs",
    "registries": (
        "PgsqlRegistry PosixRegistry Registry SqlRegistry SqliteRegistry havePgsql haveSqlite3"
    ),
    "repos": "Access AccessCfg ButlerCfg ButlerFactory RepoData RepoDataContainer RepositoryMapper",
    "repositorycfg": "RepositoryCfg",
    "storage": "NoRepositroyAtRoot Storage",
    "storageinterface": "StorageInterface",
    "utils": "doImport genericAssembler genericDisassembler iterify listify sequencify setify",
}
_LAZY |= dict.fromkeys(_ERRORS.split(), "persistence.errors")
_LAZY |= {
    name: f"persistence.compat.{module}"
    for module, names in _COMPAT.items()
    for name in names.split()
}
# Modules that Gen2 offered as attributes.
_MODULES = {"safeFileIo": "persistence.compat.safefileio", "test": "persistence.compat.testobjects"}

__all__ = [
    "Access",
    "AccessCfg",
    "AliasError",
    "AmbiguousDataId",
    "Box",
    "Butler",
    "ButlerCfg",
    "ButlerComposite",
    "ButlerDataRef",
    "ButlerFactory",
    "ButlerLocation",
    "ButlerSubset",
    "ButlerSubsetIterator",
    "CameraMapper",
    "CameraNotFound",
    "Config",
    "DataId",
    "DataIdError",
    "Defects",
    "Exposure",
    "FileConflict",
    "FormatterError",
    "FsScanner",
    "IncompleteDataId",
    "IngestError",
    "IsrCalib",
    "Location",
    "LogicalLocation",
    "Mapper",
    "Mask",
    "MissingExtra",
    "MissingKey",
    "MissingPartWarning",
    "MultipleResults",
    "NoMapperException",
    "NoRepositroyAtRoot",
    "NoResults",
    "NoTables",
    "Packages",
    "ParentsMismatch",
    "ParquetTable",
    "PathTemplate",
    "PersistenceError",
    "PgsqlRegistry",
    "Policy",
    "PolicyError",
    "PosixRegistry",
    "PosixStorage",
    "PropertyList",
    "PropertySet",
    "ReadProxy",
    "Registry",
    "RegistryError",
    "RegistryLocked",
    "RepoData",
    "RepoDataContainer",
    "Repository",
    "RepositoryArgs",
    "RepositoryCfg",
    "RepositoryError",
    "RepositoryMapper",
    "SourceChanged",
    "SqlRegistry",
    "SqliteRegistry",
    "Storage",
    "StorageInterface",
    "TemplateError",
    "TemplateUndefined",
    "UnknownDatasetType",
    "UnknownKey",
    "UnknownKeyWarning",
    "UnsafeContent",
    "dataExists",
    "deprecate_class",
    "doImport",
    "genericAssembler",
    "genericDisassembler",
    "havePgsql",
    "haveSqlite3",
    "iterify",
    "listify",
    "origins",
    "safeFileIo",
    "searchDataRefs",
    "sequencify",
    "setify",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        found = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = found  # the next time nobody asks here
        return found
    # A module that nobody has imported yet, too: `persistence.errors` has always been there.
    module = _MODULES.get(name, f"{__name__}.{name}")
    if not name.startswith("_") and _is_there(module):
        return importlib.import_module(module)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _is_there(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None
