"""Tables in files: afw's own, and ours as astropy reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.table as afw_table
import lsst.geom
from persistence.gen2types.exceptions import InvalidParameterError

FILES = [
    ("sourceCatalog-hsc-v2.fits", afw_table.SourceCatalog, 5),
    ("sourceTable-v1.fits", afw_table.SourceCatalog, 3),
    ("sourceTable-v2.fits", afw_table.SourceCatalog, 3),
    ("ps1-refcat-v1.fits", afw_table.SimpleCatalog, 10),
    ("version-0-ExposureCatalog.fits", afw_table.ExposureCatalog, 1),
    ("version-1-ExposureCatalog.fits", afw_table.ExposureCatalog, 1),
    ("CompoundFieldConversion.fits", afw_table.BaseCatalog, 1),
]


@pytest.mark.real
@pytest.mark.parametrize(("name", "kind", "rows"), FILES)
def test_tables_of_afw_are_read_and_written(
    real: Path, tmp_path: Path, name: str, kind: Any, rows: int
) -> None:
    path = str(real / "afw_files" / name)
    catalog = kind.readFits(path)
    assert (type(catalog), len(catalog)) == (kind, rows)
    with fits.open(path) as hdus:
        for field in hdus[1].columns.names:
            if field in catalog.schema and hdus[1].data[field].dtype.kind in "iuf":
                assert np.array_equal(catalog[field], hdus[1].data[field], equal_nan=True)
    copied = str(tmp_path / name)
    catalog.writeFits(copied)
    back = kind.readFits(copied)
    same = catalog.schema.compare(back.schema, catalog.schema.IDENTICAL)
    assert same == catalog.schema.IDENTICAL
    for item in catalog.schema:
        values = catalog[item.key]
        number = values.dtype.kind == "f"
        assert np.array_equal(values, back[item.key], equal_nan=number)
    assert catalog.schema.getNames() <= afw_table.Schema.readFits(copied).getNames()


@pytest.mark.real
def test_slots_of_old_tables_are_found(real: Path) -> None:
    path = str(real / "afw_files" / "sourceTable-v1.fits")
    catalog = afw_table.SourceCatalog.readFits(path)
    with fits.open(path) as hdus:
        data = hdus[1].data
        assert np.array_equal(catalog.getX(), data["b_x"])
        assert np.array_equal(catalog.getPsfInstFlux(), data["a_flux"])
        assert np.array_equal(catalog.getPsfFluxErr(), data["a_fluxSigma"])
        assert np.array_equal(catalog.getIxx(), data["c_xx"])
        record = catalog[1]
        assert record.getShape().getIyy() == data["c_yy"][1]
        assert record.getCentroidErr()[0, 0] == pytest.approx(data["b_xSigma"][1] ** 2)
        assert record.getPsfFluxFlag() == catalog["a_flag"][1]


def test_what_is_written_is_what_astropy_reads(tmp_path: Path) -> None:
    schema = afw_table.SourceTable.makeMinimalSchema()
    schema.addField("flux", type="D", doc="a flux", units="count")
    schema.addField("flag_a", type="Flag", doc="first")
    schema.addField("flag_b", type="Flag", doc="second")
    schema.addField("name", type="String", size=5)
    schema.addField("more", type="ArrayI", size=2)
    catalog = afw_table.SourceCatalog(schema)
    catalog.getMetadata() or catalog.table.setMetadata(None)
    for number in range(3):
        record = catalog.addNew()
        record["flux"], record["flag_b"], record["name"] = number + 0.5, number == 1, f"n{number}"
        record.setCoord(lsst.geom.SpherePoint(number * 10, number, lsst.geom.degrees))
        record["more"] = [number, 7]
    schema.getAliasMap().set("slot_PsfFlux", "flux")
    catalog.table.definePsfFlux("flux")
    path = str(tmp_path / "new.fits")
    catalog[::2].writeFits(path)
    with fits.open(path) as hdus:
        hdus.verify("exception")
        header, data = hdus[1].header, hdus[1].data
        assert header["AFW_TYPE"] == "SOURCE"
        assert header["ALIAS"] == "slot_PsfFlux:flux"
        assert data["id"].tolist() == [1, 3]
        assert data["flux"].tolist() == [0.5, 2.5]
        assert data["coord_ra"][1] == pytest.approx(np.radians(20))
        assert hdus[1].columns["coord_ra"].unit == "rad"
        assert hdus[1].columns["flux"].unit == "count"
        assert hdus[1].columns["name"].format == "5A"
        assert hdus[1].columns["more"].format == "2J"
        assert [header["TFLAG1"], header["TFLAG2"]] == ["flag_a", "flag_b"]
        assert header["TFDOC2"] == "second"
        assert data["footprint"].tolist() == [0, 0]
    back = afw_table.SourceCatalog.readFits(path)
    assert back[1].getPsfFlux() == 2.5
    assert back["name"].tolist() == ["n0", "n2"]
    with pytest.raises(InvalidParameterError, match="new file"):
        catalog.writeFits(path, "a")


def test_an_empty_table_has_its_schema(tmp_path: Path) -> None:
    schema = afw_table.SourceTable.makeMinimalSchema()
    schema.addField("name", type="String", size=5)
    path = str(tmp_path / "empty.fits")
    afw_table.SourceCatalog(schema).writeFits(path)
    back = afw_table.SourceCatalog.readFits(path)
    assert len(back) == 0
    expected = schema.IDENTICAL & ~schema.EQUAL_UNITS  # angles are radians in files
    assert back.schema.compare(schema, expected) == expected
    assert afw_table.Schema.readFits(path).find("name").field.getSize() == 5
