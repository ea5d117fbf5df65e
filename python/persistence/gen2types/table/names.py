"""The names of ``lsst.afw.table``, in one list."""

from __future__ import annotations

from persistence.gen2types.table.aliasmap import AliasMap
from persistence.gen2types.table.amplifiers import AmpInfoCatalog, AmpInfoRecord, AmpInfoTable
from persistence.gen2types.table.basecatalog import BaseCatalog
from persistence.gen2types.table.basetable import BaseTable, SimpleTable, SourceTable
from persistence.gen2types.table.catalogmatches import (
    copyAliasMapWithPrefix,
    copyIntoCatalog,
    denormalizeMatches,
    makeMergedSchema,
    matchesFromCatalog,
    matchesToCatalog,
    reindexCatalog,
)
from persistence.gen2types.table.catalogs import SimpleCatalog, SourceCatalog
from persistence.gen2types.table.columnview import BaseColumnView, BitsColumn, SourceColumnView
from persistence.gen2types.table.exposures import ExposureCatalog, ExposureRecord, ExposureTable
from persistence.gen2types.table.functor import CoordinateType
from persistence.gen2types.table.functorkeys import (
    Box2DKey,
    Box2IKey,
    CoordKey,
    EllipseKey,
    Point2DKey,
    Point2IKey,
    PointDKey,
    PointIKey,
    QuadrupoleKey,
)
from persistence.gen2types.table.idfactory import IdFactory
from persistence.gen2types.table.keys import Field, Key
from persistence.gen2types.table.match import (
    MatchControl,
    ReferenceMatch,
    SimpleMatch,
    SourceMatch,
    matchRaDec,
    matchXy,
    packMatches,
    unpackMatches,
)
from persistence.gen2types.table.matrixkeys import (
    ArrayDKey,
    ArrayFKey,
    CovarianceMatrix2dKey,
    CovarianceMatrix2fKey,
    CovarianceMatrix3dKey,
    CovarianceMatrix3fKey,
    CovarianceMatrix4dKey,
    CovarianceMatrix4fKey,
    CovarianceMatrixXdKey,
    CovarianceMatrixXfKey,
)
from persistence.gen2types.table.multimatch import GroupView, MultiMatch
from persistence.gen2types.table.peaks import PeakCatalog, PeakRecord, PeakTable
from persistence.gen2types.table.records import BaseRecord
from persistence.gen2types.table.schema import Schema, SchemaItem, SubSchema
from persistence.gen2types.table.schemamapper import SchemaMapper
from persistence.gen2types.table.sources import SimpleRecord, SourceRecord
from persistence.gen2types.table.wcsutils import updateRefCentroids, updateSourceCoords

# A list of schemas, as older scripts make one for `SchemaMapper.join`.
SchemaVector = list
# What to leave out of a file of sources.
SOURCE_IO_NO_FOOTPRINTS = 1
SOURCE_IO_NO_HEAVY_FOOTPRINTS = 2

__all__ = [
    "SOURCE_IO_NO_FOOTPRINTS",
    "SOURCE_IO_NO_HEAVY_FOOTPRINTS",
    "AliasMap",
    "AmpInfoCatalog",
    "AmpInfoRecord",
    "AmpInfoTable",
    "ArrayDKey",
    "ArrayFKey",
    "BaseCatalog",
    "BaseColumnView",
    "BaseRecord",
    "BaseTable",
    "BitsColumn",
    "Box2DKey",
    "Box2IKey",
    "CoordKey",
    "CoordinateType",
    "CovarianceMatrix2dKey",
    "CovarianceMatrix2fKey",
    "CovarianceMatrix3dKey",
    "CovarianceMatrix3fKey",
    "CovarianceMatrix4dKey",
    "CovarianceMatrix4fKey",
    "CovarianceMatrixXdKey",
    "CovarianceMatrixXfKey",
    "EllipseKey",
    "ExposureCatalog",
    "ExposureRecord",
    "ExposureTable",
    "Field",
    "GroupView",
    "IdFactory",
    "Key",
    "MatchControl",
    "MultiMatch",
    "PeakCatalog",
    "PeakRecord",
    "PeakTable",
    "Point2DKey",
    "Point2IKey",
    "PointDKey",
    "PointIKey",
    "QuadrupoleKey",
    "ReferenceMatch",
    "Schema",
    "SchemaItem",
    "SchemaMapper",
    "SchemaVector",
    "SimpleCatalog",
    "SimpleMatch",
    "SimpleRecord",
    "SimpleTable",
    "SourceCatalog",
    "SourceColumnView",
    "SourceMatch",
    "SourceRecord",
    "SourceTable",
    "SubSchema",
    "copyAliasMapWithPrefix",
    "copyIntoCatalog",
    "denormalizeMatches",
    "makeMergedSchema",
    "matchRaDec",
    "matchXy",
    "matchesFromCatalog",
    "matchesToCatalog",
    "packMatches",
    "reindexCatalog",
    "unpackMatches",
    "updateRefCentroids",
    "updateSourceCoords",
]
