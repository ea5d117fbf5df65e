"""The modules of ``lsst.afw.table`` and ``lsst.afw.detection``, by their old names."""

from __future__ import annotations

import importlib

import pytest

MODULES = {
    "lsst.afw.table": "AmpInfoCatalog LL SourceCatalog SOURCE_IO_NO_FOOTPRINTS matchRaDec updateSourceCoords Key",
    "lsst.afw.table.aggregates": "CoordKey Point2DKey QuadrupoleKey",
    "lsst.afw.table.aliasMap": "AliasMap",
    "lsst.afw.table.arrays": "ArrayFKey",
    "lsst.afw.table.base": "BaseCatalog BaseTable",
    "lsst.afw.table.catalogMatches": "matchesToCatalog makeMapper",
    "lsst.afw.table.exposure": "ExposureCatalog",
    "lsst.afw.table.idFactory": "IdFactory",
    "lsst.afw.table.match": "matchXy SourceMatch",
    "lsst.afw.table.multiMatch": "MultiMatch GroupView",
    "lsst.afw.table.schema": "Schema Field",
    "lsst.afw.table.schemaMapper": "SchemaMapper",
    "lsst.afw.table.simple": "SimpleTable",
    "lsst.afw.table.source": "SourceRecord",
    "lsst.afw.table.wcsUtils": "updateRefCentroids",
    "lsst.afw.detection": "Footprint HeavyFootprintF FootprintSet Threshold PeakCatalog",
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_its_names(name: str) -> None:
    module = importlib.import_module(name)
    for word in MODULES[name].split():
        assert word in module.__all__
        assert hasattr(module, word)
    assert [word for word in module.__all__ if not hasattr(module, word)] == []


def test_modules_are_names_of_their_package() -> None:
    import lsst.afw.table as afw_table

    assert afw_table.catalogMatches.matchesToCatalog is afw_table.matchesToCatalog
    assert afw_table.multiMatch.MultiMatch is afw_table.MultiMatch
