"""Tables in files: afw's own, and ours as astropy reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.detection as afw_detection
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


# What the file is known to hold: it was made for the original's own test.
COMPOUNDS = {
    "point_i": lsst.geom.Point2D(4, 5),
    "point_d": lsst.geom.Point2D(3.5, 2.0),
    "coord": lsst.geom.SpherePoint(1.0, 0.5, lsst.geom.radians),
}
COVARIANCES = {
    ("cov_z", "0123"): [
        *([4.00, 1.25, 1.50, 0.75], [1.25, 2.25, 0.50, 0.25]),
        *([1.50, 0.50, 6.25, 1.75], [0.75, 0.25, 1.75, 9.00]),
    ],
    ("cov_p", ("x", "y")): [[5.50, -2.0], [-2.0, 3.25]],
    ("cov_m", ("xx", "yy", "xy")): [[3.75, -0.5, 1.25], [-0.5, 4.50, 0.75], [1.25, 0.75, 6.25]],
}


@pytest.mark.real
def test_fields_that_shared_a_cell_are_read_by_functor_keys(real: Path) -> None:
    path = str(real / "afw_files" / "CompoundFieldConversion.fits")
    [record] = afw_table.BaseCatalog.readFits(path)
    for name, value in COMPOUNDS.items():
        assert record.get(name) == value
    moments = record.get(afw_table.QuadrupoleKey(record.schema["moments"]))
    assert (moments.getIxx(), moments.getIyy(), moments.getIxy()) == (5.0, 6.5, 2.25)
    for (name, parameters), matrix in COVARIANCES.items():
        key = afw_table.CovarianceMatrixXfKey(record.schema[name], list(parameters))
        assert np.allclose(record.get(key), matrix, rtol=1e-6)


@pytest.mark.real
def test_heavy_footprints_may_be_read_as_plain_ones(real: Path, tmp_path: Path) -> None:
    catalog = afw_table.SourceCatalog.readFits(
        str(real / "afw_files" / "sourceCatalog-hsc-v2.fits")
    )
    heavy = afw_detection.HeavyFootprintF(catalog[0].getFootprint())
    heavy.getImageArray()[:] = 3
    catalog[0].setFootprint(heavy)
    path = str(tmp_path / "heavy.fits")
    catalog.writeFits(path)
    assert afw_table.SourceCatalog.readFits(path)[0].getFootprint().isHeavy()
    again = afw_detection.HeavyFootprintF(afw_table.SourceCatalog.readFits(path)[0].getFootprint())
    assert (again.getImageArray() == 3).all()
    plain = afw_table.SourceCatalog.readFits(path, flags=afw_table.SOURCE_IO_NO_HEAVY_FOOTPRINTS)
    assert not plain[0].getFootprint().isHeavy()
    assert plain[0].getFootprint().spans == heavy.spans
    plain.writeFits(path)
    assert not afw_table.SourceCatalog.readFits(path)[0].getFootprint().isHeavy()
