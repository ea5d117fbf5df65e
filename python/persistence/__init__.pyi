"""The public names, for type checkers; written by tests/code/stub.py."""

from persistence import errors as errors
from persistence import testing as testing
from persistence.butler.butler import Butler as Butler
from persistence.butler.federation import Federation as Federation
from persistence.butler.proxy import ReadProxy as ReadProxy
from persistence.butler.repository import Repository as Repository
from persistence.butler.repository_args import RepositoryArgs as RepositoryArgs
from persistence.butler.subset import ButlerDataRef as ButlerDataRef
from persistence.butler.subset import ButlerSubset as ButlerSubset
from persistence.cameras.camera_mapper import CameraMapper as CameraMapper
from persistence.cameras.hook_results import ButlerComposite as ButlerComposite
from persistence.cameras.hook_results import ButlerLocation as ButlerLocation
from persistence.cameras.mapper import Mapper as Mapper
from persistence.compat.dbauth import DbAuth as DbAuth
from persistence.compat.deprecation import deprecate_class as deprecate_class
from persistence.compat.fsscanner import FsScanner as FsScanner
from persistence.compat.locations import LogicalLocation as LogicalLocation
from persistence.compat.policy import Policy as Policy
from persistence.compat.posixstorage import PosixStorage as PosixStorage
from persistence.compat.references import ButlerSubsetIterator as ButlerSubsetIterator
from persistence.compat.references import dataExists as dataExists
from persistence.compat.references import searchDataRefs as searchDataRefs
from persistence.compat.registries import PgsqlRegistry as PgsqlRegistry
from persistence.compat.registries import PosixRegistry as PosixRegistry
from persistence.compat.registries import Registry as Registry
from persistence.compat.registries import SqlRegistry as SqlRegistry
from persistence.compat.registries import SqliteRegistry as SqliteRegistry
from persistence.compat.registries import havePgsql as havePgsql
from persistence.compat.registries import haveSqlite3 as haveSqlite3
from persistence.compat.repos import Access as Access
from persistence.compat.repos import AccessCfg as AccessCfg
from persistence.compat.repos import ButlerCfg as ButlerCfg
from persistence.compat.repos import ButlerFactory as ButlerFactory
from persistence.compat.repos import RepoData as RepoData
from persistence.compat.repos import RepoDataContainer as RepoDataContainer
from persistence.compat.repos import RepositoryMapper as RepositoryMapper
from persistence.compat.repositorycfg import RepositoryCfg as RepositoryCfg
from persistence.compat.storage import NoRepositroyAtRoot as NoRepositroyAtRoot
from persistence.compat.storage import Storage as Storage
from persistence.compat.storageinterface import StorageInterface as StorageInterface
from persistence.compat.utils import doImport as doImport
from persistence.compat.utils import genericAssembler as genericAssembler
from persistence.compat.utils import genericDisassembler as genericDisassembler
from persistence.compat.utils import iterify as iterify
from persistence.compat.utils import listify as listify
from persistence.compat.utils import sequencify as sequencify
from persistence.compat.utils import setify as setify
from persistence.composites.provenance import origins as origins
from persistence.dataids.dataid import DataId as DataId
from persistence.dataids.location import Location as Location
from persistence.dataids.template import PathTemplate as PathTemplate
from persistence.errors import AliasError as AliasError
from persistence.errors import AmbiguousDataId as AmbiguousDataId
from persistence.errors import CalibrationError as CalibrationError
from persistence.errors import CameraNotFound as CameraNotFound
from persistence.errors import DataIdError as DataIdError
from persistence.errors import DatabaseError as DatabaseError
from persistence.errors import DatabaseLocked as DatabaseLocked
from persistence.errors import ExpressionError as ExpressionError
from persistence.errors import FileConflict as FileConflict
from persistence.errors import FormatterError as FormatterError
from persistence.errors import IncompleteDataId as IncompleteDataId
from persistence.errors import IngestError as IngestError
from persistence.errors import MissingExtra as MissingExtra
from persistence.errors import MissingKey as MissingKey
from persistence.errors import MissingPartWarning as MissingPartWarning
from persistence.errors import MultipleResults as MultipleResults
from persistence.errors import NoMapperException as NoMapperException
from persistence.errors import NoResults as NoResults
from persistence.errors import NoTables as NoTables
from persistence.errors import NotPartOfThisPackage as NotPartOfThisPackage
from persistence.errors import ParentsMismatch as ParentsMismatch
from persistence.errors import PersistenceError as PersistenceError
from persistence.errors import PolicyError as PolicyError
from persistence.errors import RegistryError as RegistryError
from persistence.errors import RegistryLocked as RegistryLocked
from persistence.errors import RegistryWarning as RegistryWarning
from persistence.errors import RepositoryError as RepositoryError
from persistence.errors import SourceChanged as SourceChanged
from persistence.errors import TemplateError as TemplateError
from persistence.errors import TemplateUndefined as TemplateUndefined
from persistence.errors import UnknownArgument as UnknownArgument
from persistence.errors import UnknownDatasetType as UnknownDatasetType
from persistence.errors import UnknownKey as UnknownKey
from persistence.errors import UnknownKeyWarning as UnknownKeyWarning
from persistence.errors import UnsafeContent as UnsafeContent
from persistence.types.exposure.exposure import Exposure as Exposure
from persistence.types.metadata.config import Config as Config
from persistence.types.metadata.defects import Defects as Defects
from persistence.types.metadata.isr import IsrCalib as IsrCalib
from persistence.types.metadata.packages import Packages as Packages
from persistence.types.metadata.property import PropertyList as PropertyList
from persistence.types.metadata.property import PropertySet as PropertySet
from persistence.types.pixels.box import Box as Box
from persistence.types.pixels.mask import Mask as Mask
from persistence.types.table.parquet import ParquetTable as ParquetTable
from persistence.compat import safefileio as safeFileIo
from persistence.compat import testobjects as test

__version__: str

def load_ipython_extension(shell: object) -> None: ...

NAMES: dict[str, str]
MODULES: dict[str, str]
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
    "CalibrationError",
    "CameraMapper",
    "CameraNotFound",
    "Config",
    "DataId",
    "DataIdError",
    "DatabaseError",
    "DatabaseLocked",
    "DbAuth",
    "Defects",
    "Exposure",
    "ExpressionError",
    "Federation",
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
    "NotPartOfThisPackage",
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
    "RegistryWarning",
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
    "UnknownArgument",
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
