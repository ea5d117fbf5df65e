"""Catalogs, footprints and Parquet through Gen2's door, with Gen2's names alone."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.detection as afw_detection
import lsst.afw.geom
import lsst.afw.table as afw_table
import lsst.daf.persistence as daf_persistence
import lsst.geom
import persistence
from persistence.types.table.catalog import Catalog

CAMERA = """
datasets:
  src: {template: 'src/%(visit)d.fits', python: lsst.afw.table.SourceCatalog,
        storage: FitsCatalogStorage}
  src_schema: {template: 'schema/src.fits', python: lsst.afw.table.SourceCatalog,
               storage: FitsCatalogStorage}
  srcMatch: {template: 'match/%(visit)d.fits', python: lsst.afw.table.BaseCatalog,
             storage: FitsCatalogStorage}
  objectTable: {template: 'object/%(visit)d.parq', storage: ParquetStorage,
                python: lsst.pipe.tasks.parquetTable.ParquetTable}
  deepCoadd_obj: {template: 'deep/%(visit)d.parq', storage: ParquetStorage,
                  python: lsst.pipe.tasks.parquetTable.MultilevelParquetTable}
"""


@pytest.fixture
def butler(tmp_path: Path) -> Any:
    """Return a Butler of Gen2's door, on an empty repository."""
    (tmp_path / "camera.yaml").write_text(CAMERA)
    return daf_persistence.Butler(
        outputs={
            "root": str(tmp_path / "repo"),
            "mapper": str(tmp_path / "camera.yaml"),
            "mode": "rw",
        }
    )


@pytest.fixture
def sources() -> Any:
    """Return a catalog of five sources with footprints."""
    schema = afw_table.SourceTable.makeMinimalSchema()
    schema.addField("base_PsfFlux_instFlux", type="D", units="count")
    table = afw_table.SourceTable.make(schema)
    table.definePsfFlux("base_PsfFlux")
    made = afw_table.SourceCatalog(table)
    for number in range(5):
        record = made.addNew()
        record["base_PsfFlux_instFlux"] = 100.0 * number
        record.setCoord(lsst.geom.SpherePoint(10 + number / 1000, 2, lsst.geom.degrees))
        spans = lsst.afw.geom.SpanSet.fromShape(number + 1).shiftedBy(10, 10)
        footprint = afw_detection.Footprint(spans)
        footprint.addPeak(10, 10, 5.0)
        record.setFootprint(footprint)
    return made


AREAS = [5, 13, 29, 49, 81]


def test_a_catalog_of_sources_is_put_and_got(butler: Any, sources: Any, tmp_path: Path) -> None:
    butler.put(sources, "src", visit=1)
    with fits.open(tmp_path / "repo" / "src" / "1.fits") as hdus:
        hdus.verify("exception")
        assert hdus[1].header["AFW_TYPE"] == "SOURCE"
        assert hdus[1].data["base_PsfFlux_instFlux"].tolist() == [0, 100, 200, 300, 400]
        assert (hdus[1].data["footprint"] > 0).all()
    got = butler.get("src", visit=1)
    assert type(got) is afw_table.SourceCatalog
    assert got.getPsfInstFlux().tolist() == [0, 100, 200, 300, 400]
    assert [record.getFootprint().getArea() for record in got] == AREAS
    plain = butler.get("src", {"visit": 1}, flags=afw_table.SOURCE_IO_NO_FOOTPRINTS)
    assert plain[0].getFootprint() is None
    assert pickle.loads(pickle.dumps(got))[4].getFootprint().getArea() == 81
    bright = got[got["slot_PsfFlux_instFlux"] > 150]
    butler.put(bright, "src", visit=2)
    again = butler.get("src", visit=2, immediate=True)
    assert again["id"].tolist() == [3, 4, 5]
    assert [record.getFootprint().getArea() for record in again] == AREAS[2:]
    ours = persistence.Butler(str(tmp_path / "repo")).get("src", visit=1)
    assert type(ours) is Catalog
    assert [footprint.area for footprint in ours.footprints] == AREAS


def test_what_was_read_has_metadata_that_can_be_added_to(butler: Any, sources: Any) -> None:
    butler.put(sources, "src", visit=1)
    read = butler.get("src", visit=1)
    read.getTable().getMetadata().add("FLUXM0", 3.0)
    assert read.getMetadata().get("FLUXM0") == 3.0
    butler.put(read, "src", visit=2)
    assert butler.get("src", visit=2).table.getMetadata().get("FLUXM0") == 3.0


def test_a_schema_and_matches_are_put_and_got(butler: Any, sources: Any) -> None:
    butler.put(afw_table.SourceCatalog(sources.schema), "src_schema")
    schema = butler.get("src_schema").schema
    assert schema.getOrderedNames() == sources.schema.getOrderedNames()
    assert schema.find("slot_PsfFlux_instFlux").field.getUnits() == "count"
    other = sources[np.array([False, True, True, False, True])]
    matches = afw_table.matchRaDec(sources, other, 1 * lsst.geom.arcseconds)
    butler.put(afw_table.packMatches(matches), "srcMatch", visit=1)
    packed = butler.get("srcMatch", visit=1)
    assert type(packed) is afw_table.BaseCatalog
    back = afw_table.unpackMatches(packed, sources, other)
    assert [(match.first.getId(), match.second.getId()) for match in back] == [
        *((2, 2), (3, 3), (5, 5))
    ]


def test_tables_in_parquet_are_put_and_got(butler: Any) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    from lsst.pipe.tasks.parquetTable import MultilevelParquetTable, ParquetTable

    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    butler.put(ParquetTable(dataFrame=frame), "objectTable", visit=1)
    got = butler.get("objectTable", visit=1)
    assert type(got) is ParquetTable
    pandas.testing.assert_frame_equal(got.toDataFrame(columns=["b"]), frame[["b"]])
    names = ["dataset", "filter", "column"]
    columns = pandas.MultiIndex.from_product([["meas"], ["g", "r"], ["x"]], names=names)
    deep = pandas.DataFrame(np.arange(4.0).reshape(2, 2), columns=columns)
    butler.put(MultilevelParquetTable(dataFrame=deep), "deepCoadd_obj", visit=1)
    got = butler.get("deepCoadd_obj", visit=1)
    assert type(got) is MultilevelParquetTable
    assert got.toDataFrame({"dataset": "meas", "filter": "r"})["x"].tolist() == [1.0, 3.0]
