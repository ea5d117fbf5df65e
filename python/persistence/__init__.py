"""The Gen2 Butler made anew: datasets of a telescope by name and data ID.

>>> from persistence import Butler  # doctest: +SKIP
>>> Butler("repo").get("calexp", visit=123456, ccdnum=42)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import Any

from persistence.butler import Butler
from persistence.butlerlocation import ButlerComposite, ButlerLocation
from persistence.cameramapper import CameraMapper
from persistence.dataid import DataId
from persistence.dataref import ButlerDataRef, ButlerSubset
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
    MultipleResults,
    NoResults,
    ParentsMismatch,
    PersistenceError,
    PolicyError,
    RegistryError,
    RegistryLocked,
    RepositoryError,
    TemplateError,
    TemplateUndefined,
    UnknownDatasetType,
    UnknownKey,
    UnknownKeyWarning,
    UnsafeContent,
)
from persistence.location import Location
from persistence.mapper import Mapper
from persistence.repositoryargs import RepositoryArgs
from persistence.template import PathTemplate

# Who does not use them should not pay for their import: most need numpy.
_LAZY = {
    "Box": "persistence.types.box",
    "Exposure": "persistence.types.exposure",
    "Mask": "persistence.types.mask",
    "Config": "persistence.types.config",
    "ReadProxy": "persistence.proxy",
    "ParquetTable": "persistence.types.parquet",
}

__all__ = [
    "AliasError",
    "AmbiguousDataId",
    "Box",
    "Butler",
    "ButlerComposite",
    "ButlerDataRef",
    "ButlerLocation",
    "ButlerSubset",
    "CameraMapper",
    "CameraNotFound",
    "Config",
    "DataId",
    "DataIdError",
    "Exposure",
    "FileConflict",
    "FormatterError",
    "IncompleteDataId",
    "IngestError",
    "Location",
    "Mapper",
    "Mask",
    "MissingExtra",
    "MissingKey",
    "MultipleResults",
    "NoResults",
    "ParentsMismatch",
    "ParquetTable",
    "PathTemplate",
    "PersistenceError",
    "PolicyError",
    "ReadProxy",
    "RegistryError",
    "RegistryLocked",
    "RepositoryArgs",
    "RepositoryError",
    "TemplateError",
    "TemplateUndefined",
    "UnknownDatasetType",
    "UnknownKey",
    "UnknownKeyWarning",
    "UnsafeContent",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
