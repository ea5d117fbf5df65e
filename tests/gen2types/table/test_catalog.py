"""Catalogs and records: which memory they share, and what their methods give."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.table import QTable, Table

import lsst.afw.geom
import lsst.afw.table as afw_table
import lsst.geom
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.exceptions import (
    InvalidParameterError,
    LengthError,
    LogicError,
    NotFoundError,
)
from persistence.gen2types.exceptions import RuntimeError as LsstRuntimeError
from persistence.types.metadata.property import PropertyList
from persistence.types.table.catalog import Catalog

FLUXES = [30.0, 10.0, 20.0, 40.0]


@pytest.fixture
def catalog() -> afw_table.SourceCatalog:
    """Return a catalog of four sources."""
    schema = afw_table.SourceTable.makeMinimalSchema()
    schema.addField("base_PsfFlux_instFlux", type="D", doc="a flux", units="count")
    schema.addField("base_PsfFlux_instFluxErr", type="D", units="count")
    schema.addField("base_PsfFlux_flag", type="Flag")
    schema.addField("base_SdssCentroid_x", type="D", units="pixel")
    schema.addField("base_SdssCentroid_y", type="D", units="pixel")
    schema.addField("name", type="String", size=6)
    schema.addField("spectrum", type="ArrayF", size=2)
    schema.addField("count", type="I")
    table = afw_table.SourceTable.make(schema)
    table.definePsfFlux("base_PsfFlux")
    table.defineCentroid("base_SdssCentroid")
    made = afw_table.SourceCatalog(table)
    for number, flux in enumerate(FLUXES):
        record = made.addNew()
        record.set("base_PsfFlux_instFlux", flux)
        record["base_PsfFlux_flag"] = flux > 25
        record.setCoord(lsst.geom.SpherePoint(10 + number, -20.0, lsst.geom.degrees))
        record["base_SdssCentroid_x"] = number * 1.5
        record["name"] = f"s{number}"
        record["spectrum"] = [number, -number]
    return made


def test_new_records_are_unknown(catalog: afw_table.SourceCatalog) -> None:
    record = catalog.addNew()
    assert record.getId() == 5
    assert np.isnan(record["base_PsfFlux_instFluxErr"])
    assert np.isnan(record["coord_ra"].asRadians())
    assert np.isnan(record["spectrum"]).all()
    assert (record["base_PsfFlux_flag"], record["name"], record["count"]) == (False, "", 0)
    assert record.getParent() == 0
    assert record.getFootprint() is None


def test_columns_are_views_but_for_flags(catalog: afw_table.SourceCatalog) -> None:
    column = catalog["base_PsfFlux_instFlux"]
    column *= 2
    assert [record.getPsfInstFlux() for record in catalog] == [2 * flux for flux in FLUXES]
    catalog["base_PsfFlux_instFlux"] = FLUXES
    assert column.tolist() == FLUXES
    assert catalog.get("slot_PsfFlux_instFlux").tolist() == FLUXES
    flags = catalog["base_PsfFlux_flag"]
    assert flags.dtype == bool
    flags[:] = False
    assert catalog["base_PsfFlux_flag"].tolist() == [True, False, False, True]
    catalog["base_PsfFlux_flag"] = [False, True, False, False]
    assert [record["base_PsfFlux_flag"] for record in catalog] == [False, True, False, False]
    assert catalog["coord_ra"][1] == pytest.approx(np.radians(11))
    catalog["coord_ra"][1] = 0.5
    assert catalog[1].getRa() == lsst.geom.Angle(0.5)
    assert catalog["spectrum"].shape == (4, 2)
    assert catalog[catalog.schema.find("spectrum").key[1]].tolist() == [0, -1, -2, -3]


def test_a_record_outlives_its_catalog(catalog: afw_table.SourceCatalog) -> None:
    bright = [record for record in catalog if record.getPsfInstFlux() > 15]
    first = catalog[0]
    del catalog
    gc.collect()
    assert [record.get("name") for record in bright] == ["s0", "s2", "s3"]
    assert first == bright[0]
    first["name"] = "new"
    assert bright[0]["name"] == "new"
    assert first != bright[1]
    assert len({first, *bright}) == 3


SUBSETS = [
    (lambda cat: cat[1:3], [1, 2], True),
    (lambda cat: cat[::2], [0, 2], False),
    (lambda cat: cat[::-1], [3, 2, 1, 0], False),
    (lambda cat: cat[np.array([True, False, False, True])], [0, 3], False),
    (lambda cat: cat[np.array([False, True, True, False])], [1, 2], True),
    (lambda cat: cat.subset(cat["base_PsfFlux_flag"]), [0, 3], False),
    (lambda cat: cat.subset(0, 4, 3), [0, 3], False),
    (lambda cat: cat.subset(slice(1, 3)), [1, 2], True),
    (lambda cat: cat[np.array([2, 0])], [2, 0], False),
    (lambda cat: cat[np.zeros(4, bool)], [], True),
    (lambda cat: cat[::2][1:], [2], True),
    (lambda cat: cat.copy(), [0, 1, 2, 3], True),
    (lambda cat: cat.cast(afw_table.SimpleCatalog), [0, 1, 2, 3], True),
]


@pytest.mark.parametrize(("choose", "places", "contiguous"), SUBSETS)
def test_a_subset_shares_records(catalog, choose, places, contiguous) -> None:
    subset = choose(catalog)
    assert len(subset) == len(places)
    assert list(subset) == [catalog[place] for place in places]
    assert subset.isContiguous() == contiguous
    assert subset["base_PsfFlux_instFlux"].tolist() == [FLUXES[place] for place in places]
    for record in subset:
        record["count"] = 7
    assert sorted(np.flatnonzero(catalog["count"] == 7)) == sorted(places)
    if not contiguous:
        for name in ("count", "base_PsfFlux_flag"):
            with pytest.raises(ValueError, match="read-only"):
                subset[name][:] = 1
        for refused in (lambda: subset.columns, lambda: subset.__setitem__("count", 8)):
            with pytest.raises(LsstRuntimeError, match="not contiguous"):
                refused()
    deep = subset.copy(deep=True)
    assert deep.isContiguous()
    deep["count"] = 9
    assert 9 not in catalog["count"]
    assert type(deep) is type(subset)


def test_appended_records_are_shared(catalog: afw_table.SourceCatalog) -> None:
    other = catalog.copy(deep=True)
    catalog.append(other[1])
    assert len(catalog) == 5
    assert not catalog.isContiguous()
    assert catalog[-1].getTable() is other.table
    assert catalog[0].getTable() is catalog.table
    other[1]["count"] = 4
    assert catalog[-1]["count"] == 4
    assert catalog["base_PsfFlux_instFlux"].tolist() == [*FLUXES, 10.0]
    catalog.insert(0, other[3])
    assert catalog[0] == other[3]
    assert catalog.pop(0) == other[3]
    del catalog[4]
    assert catalog["name"].tolist() == ["s0", "s1", "s2", "s3"]
    catalog[1] = other[2]
    assert catalog["name"].tolist() == ["s0", "s2", "s2", "s3"]
    del catalog[1:3]
    assert catalog["name"].tolist() == ["s0", "s3"]
    with pytest.raises(InvalidParameterError, match="SchemaMapper"):
        catalog.append(afw_table.SimpleCatalog(afw_table.SimpleTable.makeMinimalSchema()).addNew())


def test_catalogs_extend_each_other(catalog: afw_table.SourceCatalog) -> None:
    total = afw_table.SourceCatalog(catalog.table.clone())
    total.reserve(8)
    for part in (catalog[:2], catalog[2:]):
        total.extend(part, deep=True)
    assert total.isContiguous()
    assert total["name"].tolist() == ["s0", "s1", "s2", "s3"]
    total["count"] = 3
    assert not catalog["count"].any()
    shared = afw_table.SourceCatalog(catalog.table)
    shared.extend(catalog[2:])
    shared.extend([catalog[0], catalog[1]])
    assert shared["name"].tolist() == ["s2", "s3", "s0", "s1"]
    assert shared[0] == catalog[2]
    many = afw_table.SourceCatalog(catalog.schema)
    for _ in range(300):
        many.addNew()
    assert many.isContiguous()
    assert many["id"].tolist() == list(range(1, 301))


def test_catalogs_are_sorted_and_searched(catalog: afw_table.SourceCatalog) -> None:
    assert catalog.isSorted()
    assert catalog.find(3)["name"] == "s2"
    assert catalog.find(33) is None
    key = catalog.schema.find("base_PsfFlux_instFlux").key
    assert not catalog.isSorted(key)
    catalog.sort(key)
    assert catalog.isSorted(key)
    assert catalog["name"].tolist() == ["s1", "s2", "s0", "s3"]
    assert catalog.find(20.0, key)["name"] == "s2"
    assert catalog[catalog.between(15.0, 35.0, key)]["name"].tolist() == ["s2", "s0"]
    assert catalog.equal_range(30.0, key) == slice(2, 3)
    catalog.sort()
    assert catalog["id"].tolist() == [1, 2, 3, 4]
    base = catalog.cast(afw_table.BaseCatalog)
    with pytest.raises(TypeError):
        base.sort()


def test_children_have_their_parent(catalog: afw_table.SourceCatalog) -> None:
    catalog["parent"] = [0, 1, 1, 2]
    assert catalog.getChildren(1)["name"].tolist() == ["s1", "s2"]
    assert [len(part) for part in catalog.getChildren([0, 1, 2, 3])] == [1, 2, 1, 0]
    children, letters = catalog.getChildren(1, "abcd")
    assert letters == ["b", "c"]
    assert children[0].getParent() == 1


SLOTS = [
    ("getPsfInstFlux", FLUXES),
    ("getPsfFlux", FLUXES),
    ("getX", [0.0, 1.5, 3.0, 4.5]),
    ("getPsfFluxFlag", [True, False, False, True]),
    ("getId", [1, 2, 3, 4]),
]


@pytest.mark.parametrize(("getter", "values"), SLOTS)
def test_slots_are_read_of_records_and_of_columns(catalog, getter, values) -> None:
    assert getattr(catalog, getter)().tolist() == values
    assert getattr(catalog.columns, getter)().tolist() == values
    assert [getattr(record, getter)() for record in catalog] == values


def test_slots_that_are_not_set_are_refused(catalog: afw_table.SourceCatalog) -> None:
    for getter in (catalog[0].getApInstFlux, catalog.getApInstFlux, catalog[0].getShape):
        with pytest.raises(LogicError, match="slot aliases have been"):
            getter()
    assert not catalog.getApFluxSlot().isValid()
    with pytest.raises(NotFoundError, match="slot_ApFlux"):
        catalog.getApFluxDefinition()
    assert catalog.getPsfFluxSlot().isValid()
    assert catalog.getPsfFluxSlot().getMeasKey() == catalog.schema.find("slot_PsfFlux_instFlux").key
    assert catalog.getCentroidSlot().getMeasKey().get(catalog[1]).getX() == 1.5
    assert catalog.table.getPsfFluxDefinition() == "base_PsfFlux"
    with pytest.raises(AttributeError, match="foo"):
        catalog.foo()


def test_fields_that_were_one_until_2014_are_read_together(catalog: Any) -> None:
    record = catalog[1]
    assert record.get("coord") == record.getCoord()
    assert record.get("slot_Centroid").getX() == 1.5
    record.set("coord", lsst.geom.SpherePoint(1, 2, lsst.geom.degrees))
    assert record["coord_dec"].asDegrees() == pytest.approx(2)


def test_positions_are_icrs(catalog: afw_table.SourceCatalog) -> None:
    coord = catalog[2].getCoord()
    assert coord.getRa().asDegrees() == pytest.approx(12)
    assert coord.getDec().asDegrees() == pytest.approx(-20)
    assert catalog[2].getCentroid() == lsst.geom.Point2D(3.0, np.nan) or np.isnan(
        catalog[2].getCentroid().getY()
    )
    catalog[2].set("coord_ra", 1.5 * lsst.geom.radians)
    assert catalog[2].get("coord_ra") == lsst.geom.Angle(1.5)
    assert type(catalog[2]["coord_ra"]) is lsst.geom.Angle


@pytest.mark.parametrize(
    ("error", "field", "value"),
    [
        (LengthError, "name", "toolong"),
        (TypeError, "name", 7),
        (LengthError, "spectrum", [1, 2, 3]),
        (TypeError, "count", 1.5),
        (TypeError, "count", 1 << 31),
        (NotFoundError, "cout", 1),
        (ValueError, "base_PsfFlux_instFlux", "many"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(catalog, error, field, value) -> None:
    with pytest.raises(error):
        catalog[0].set(field, value)


def test_values_are_extracted(catalog: afw_table.SourceCatalog) -> None:
    assert catalog[0].extract("base_SdssCentroid_x", "slot_*_flag") == {
        "base_SdssCentroid_x": 0.0,
        "slot_PsfFlux_flag": True,
    }
    found = catalog.extract("*instFlux", where=catalog["base_PsfFlux_flag"])
    assert {name: values.tolist() for name, values in found.items()} == {
        "base_PsfFlux_instFlux": [30, 40],
        "slot_PsfFlux_instFlux": [30, 40],
    }
    bits = catalog.getBits()
    assert bits.getMask("base_PsfFlux_flag") == 1
    assert bits.array.tolist() == [1, 0, 0, 1]


def test_a_catalog_is_a_table_of_astropys(catalog: afw_table.SourceCatalog) -> None:
    table = catalog.asAstropy()
    assert type(table) is Table
    assert table.colnames == catalog.schema.getOrderedNames()
    assert table["coord_ra"].unit == units.rad
    assert table["base_PsfFlux_instFlux"].description == "a flux"
    assert np.shares_memory(table["base_SdssCentroid_x"].data, catalog["base_SdssCentroid_x"])
    assert not np.shares_memory(catalog.asAstropy(copy=True)["count"].data, catalog["count"])
    assert "name" not in catalog.asAstropy(unviewable="skip").colnames
    with pytest.raises(ValueError, match="unviewable"):
        catalog.asAstropy(unviewable="raise")
    assert isinstance(catalog.asAstropy(QTable)["coord_ra"], units.Quantity)
    assert "s2" in str(catalog)
    assert "Non-contiguous" in str(catalog[::2])


def test_a_face_shares_its_columns_with_ours() -> None:
    ours = Catalog(
        {
            "id": [3, 1, 2],
            "coord_ra": [0.1, 0.2, 0.3] * units.rad,
            "coord_dec": [0.0, 0.5, 1.0] * units.rad,
            "flux": [1.0, 2.0, 3.0],
            "flag": [True, False, True],
        }
    )
    ours.meta = {"aliases": {"slot_PsfFlux_instFlux": "flux"}, "SEED": 7}
    face = wrap(ours)
    assert type(face) is afw_table.SimpleCatalog
    assert unwrap(face) is ours
    assert face.getMetadata().getScalar("SEED") == 7
    assert face[1].getCoord().getDec() == lsst.geom.Angle(0.5)
    face["flux"][0] = 9.0
    face[1].set("flux", 8.0)
    face[2]["coord_ra"] = 0.4 * lsst.geom.radians
    assert ours["flux"].tolist() == [9.0, 8.0, 3.0]
    assert ours["coord_ra"][2].value == 0.4
    part = unwrap(face[:2])
    assert isinstance(part, Catalog)
    assert np.shares_memory(part["flux"].data, ours["flux"].data)
    assert isinstance(part["coord_ra"], units.Quantity)
    assert part.meta == {"aliases": {"slot_PsfFlux_instFlux": "flux"}, "SEED": 7}
    face.addNew()["flux"] = 5.0
    assert unwrap(face)["flux"].tolist() == [9.0, 8.0, 3.0, 5.0]
    assert len(ours) == 3


WAYS = {
    "pickle": lambda cat: pickle.loads(pickle.dumps(cat)),
    "deepcopy": copy.deepcopy,
    "deep copy": lambda cat: cat.copy(deep=True),
    "of astropy's": lambda cat: wrap(unwrap(cat)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_catalog_comes_back(catalog: afw_table.SourceCatalog, way: str) -> None:
    back = WAYS[way](catalog)
    assert type(back) is afw_table.SourceCatalog
    assert back.schema == catalog.schema
    # Angles get their unit in files, and when they become quantities.
    expected = catalog.schema.IDENTICAL & ~catalog.schema.EQUAL_UNITS
    assert back.schema.compare(catalog.schema, expected) == expected
    for name in catalog.schema.getNames():
        assert np.array_equal(back[name], catalog[name], equal_nan=catalog[name].dtype.kind == "f")
    assert back.getX().tolist() == catalog.getX().tolist()


def test_numbers_count_upwards() -> None:
    factory = afw_table.IdFactory.makeSource(3, 4)
    assert [factory(), factory()] == [49, 50]
    factory.notify(60)
    assert factory() == 61
    copied = factory.clone()
    assert (copied(), copied()) == (62, 63)
    with pytest.raises(LengthError):
        copied()
    with pytest.raises(InvalidParameterError, match="too large"):
        afw_table.IdFactory.makeSource(1 << 40, 32)
    schema = afw_table.SourceTable.makeMinimalSchema()
    table = afw_table.SourceTable.make(schema, afw_table.IdFactory.makeSource(7, 32))
    assert afw_table.SourceCatalog(table).addNew().getId() == (7 << 32) + 1


def test_what_a_face_is_told_of_its_catalog_is_in_ours() -> None:
    ours = Catalog({"id": [1], "coord_ra": [0.1] * units.rad, "coord_dec": [0.1] * units.rad})
    ours["parent"], ours["a_instFlux"] = [0], [3.0]
    face = wrap(ours)
    face.table.definePsfFlux("a")
    assert face[0].getPsfInstFlux() == 3.0
    assert unwrap(face).aliases == {"slot_PsfFlux": "a"}
    assert ours.aliases == {}
    face.table.setMetadata(PropertyList({"SEED": 7}))
    assert unwrap(face).meta["SEED"] == 7
    assert face.getMetadata().getScalar("SEED") == 7
    assert np.shares_memory(unwrap(face)["a_instFlux"].data, ours["a_instFlux"].data)


def test_a_mask_of_pandas_or_astropy_chooses_records(catalog: Any) -> None:
    pandas = pytest.importorskip("pandas")
    bright = catalog["base_PsfFlux_instFlux"] > 15
    for mask in (bright, bright.tolist(), pandas.Series(bright), Table({"m": bright})["m"]):
        assert catalog[mask]["name"].tolist() == ["s0", "s2", "s3"]


VARIABLE = {
    "ArrayB": np.array([3, 4, 5, 3], "u1"),
    "ArrayU": np.array([3, 5], "u2"),
    "ArrayI": np.array([7], "i4"),
    "ArrayF": np.array([0.5, 1.5, 2.5], "f4"),
    "ArrayD": np.array([0.25, 1.0], "f8"),
}


def test_arrays_and_texts_may_differ_in_length(tmp_path: Any) -> None:
    """As the original's tests of variable-length arrays have it."""
    schema = afw_table.Schema()
    keys = {kind: schema.addField(f"f{kind}", type=kind, doc=kind) for kind in VARIABLE}
    text = schema.addField("text", type="String", size=0)
    catalog = afw_table.BaseCatalog(schema)
    record = catalog.addNew()
    assert record.get(text) == ""
    for kind, key in keys.items():
        assert len(record.get(key)) == 0
        given = VARIABLE[kind].copy()
        record.set(key, given)
        record.get(key)[0] = 6
        assert given[0] == 6  # it is a view of what was given
        with pytest.raises(LogicError):
            key[0]
        with pytest.raises(LogicError):
            catalog.get(key)
    record.set(text, "the\nquick\tbrown fox")
    other = catalog.addNew()
    other.assign(record)
    record["fArrayF"][2] = 4.5
    assert other["fArrayF"].tolist() == [6.0, 1.5, 2.5]
    deep = catalog.copy(deep=True)
    record["fArrayF"][2] = 5.5
    assert deep[0]["fArrayF"].tolist() == [6.0, 1.5, 4.5]
    path = str(tmp_path / "variable.fits")
    catalog.writeFits(path)
    back = afw_table.BaseCatalog.readFits(path)
    assert back.schema.compare(schema, schema.IDENTICAL) == schema.IDENTICAL
    for kind, key in keys.items():
        assert back[1].get(key).tolist() == other.get(key).tolist()
        assert back[1].get(key).dtype == VARIABLE[kind].dtype
    assert back[1].get(text) == "the\nquick\tbrown fox"


def test_a_field_is_replaced_by_one_of_its_type_alone() -> None:
    schema = afw_table.Schema()
    key = schema.addField("f1", doc="before", type="I")
    schema.addField("f3", doc="before", type="ArrayF", size=4)
    assert schema.addField("f1", doc="after", type="I", doReplace=True) == key
    assert schema.find(key).field.getDoc() == "after"
    for name, kind, size in (("f1", "F", None), ("f3", "ArrayF", 3)):
        with pytest.raises(TypeError, match="Cannot replace"):
            schema.addField(name, type=kind, size=size, doReplace=True)


def test_records_are_deleted_as_afw_does(catalog: Any) -> None:
    for bad in (slice(1, 3, -1), slice(None, 4, 2), 50):
        with pytest.raises(IndexError):
            del catalog[bad]
    del catalog[1]
    assert not catalog.isContiguous()
    assert "Non-contiguous afw.Catalog of 3 rows." in str(catalog)
    assert catalog["name"].tolist() == ["s0", "s2", "s3"]


def test_what_a_catalog_says_of_itself(catalog: Any) -> None:
    assert catalog.getTable() is catalog.table
    assert catalog.getSchema() is catalog.schema is catalog.columns.getSchema()
    assert catalog.getColumnView() is catalog.columns
    assert catalog.columns.getTable() is catalog.columns.table is catalog.table
    assert (catalog.size(), catalog.empty(), len(type(catalog)())) == (4, False, 0)
    assert {"getPsfInstFlux", "definePsfFlux", "subset"} <= set(dir(catalog))
    assert str(type(catalog)) in repr(catalog)
    assert catalog in {catalog}
    assert catalog != catalog.copy()
    assert list(copy.copy(catalog)) == list(catalog)
    catalog.columns["count"] = 3
    assert catalog.columns.get_bool_array("base_PsfFlux_flag").tolist() == [
        True,
        False,
        False,
        True,
    ]
    assert catalog.columns.getRa().tolist() == catalog["coord_ra"].tolist()
    assert catalog.columns.getDec().tolist() == catalog["coord_dec"].tolist()
    assert catalog.getParent().tolist() == [0, 0, 0, 0]
    assert catalog.getIdKey() == catalog.schema.find("id").key
    assert catalog.table.getParentKey() == catalog.schema.find("parent").key
    assert catalog.getCoordKey().get(catalog[1]) == catalog[1].getCoord()
    catalog.table.preallocate(100)
    assert catalog.table.getBufferSize() >= 100
    assert catalog.capacity() >= 104
    catalog.clear()
    assert len(catalog) == 0
    assert afw_table.SourceTable.checkSchema(catalog.schema)
    assert not afw_table.SourceTable.checkSchema(afw_table.Schema())


def test_metadata_and_numbers_belong_to_the_table(catalog: Any) -> None:
    table = catalog.table
    assert table.getMetadata() is None
    table.metadata = PropertyList({"A": 1})
    assert table.metadata.getScalar("A") == catalog.metadata.getScalar("A") == 1
    assert table.popMetadata().getScalar("A") == 1
    assert table.getMetadata() is None
    factory = afw_table.IdFactory.makeSource(2, 40)
    table.setIdFactory(factory)
    assert table.getIdFactory() is factory
    assert catalog.addNew().getId() == (2 << 40) + 1
    assert afw_table.IdFactory.computeReservedFromMaxBits(40) == 24


def test_a_record_says_what_it_holds(catalog: Any) -> None:
    record = catalog[1]
    assert record.getSchema() is catalog.schema
    assert "name: s1" in str(record)
    assert str(record) in repr(record)
    assert "base_PsfFlux_instFlux" in dir(record)
    assert record.cast(afw_table.SimpleRecord) == record
    record.setParent(3)
    assert record.getParent() == 3


def test_a_position_follows_a_wcs(catalog: Any) -> None:
    wcs = lsst.afw.geom.makeSkyWcs(
        lsst.geom.Point2D(1.5, 2.5),
        lsst.geom.SpherePoint(30, 40, lsst.geom.degrees),
        lsst.afw.geom.makeCdMatrix(0.2 * lsst.geom.arcseconds),
    )
    catalog["base_SdssCentroid_y"] = 2.5
    catalog[1].updateCoord(wcs)
    assert catalog[1].getCoord().separation(wcs.getSkyOrigin()).asArcseconds() < 1e-6
    catalog[2].updateCoord(wcs, catalog.getCentroidSlot().getMeasKey())
    assert catalog[2].getCoord().separation(wcs.getSkyOrigin()).asArcseconds() == pytest.approx(0.3)
    afw_table.updateSourceCoords(wcs, catalog)
    assert np.allclose(
        np.degrees(catalog["coord_dec"]),
        wcs.pixelToSkyArray(catalog.getX(), catalog.getY(), True)[1],
        atol=1e-12,
    )
