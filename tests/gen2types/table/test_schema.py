"""Schemas, keys and mappers, as scripts of Gen2 call them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import lsst.afw.geom.ellipses as ellipses
import lsst.afw.table as afw_table
import lsst.geom
from persistence.gen2types.exceptions import InvalidParameterError, LogicError, NotFoundError


@pytest.fixture
def schema() -> afw_table.Schema:
    """Return a schema of every sort of field."""
    made = afw_table.SourceTable.makeMinimalSchema()
    made.addField("base_PsfFlux_instFlux", type="D", doc="a flux", units="count")
    made.addField("base_PsfFlux_flag", type="Flag")
    made.addField("base_SdssCentroid_x", type=np.float64, units="pixel")
    made.addField("base_SdssCentroid_y", type=float, units="pixel")
    made.addField("name", type=str, size=8)
    made.addField("radii", type="ArrayF", size=3)
    made.getAliasMap().set("slot_PsfFlux", "base_PsfFlux")
    made.getAliasMap().set("slot_Centroid", "base_SdssCentroid")
    return made


TYPES = [
    ("B", np.uint8, "u1"),
    ("U", np.uint16, "u2"),
    ("I", np.int32, "i4"),
    ("L", np.int64, "i8"),
    ("F", np.float32, "f4"),
    ("D", np.float64, "f8"),
    ("D", float, "f8"),
    ("L", int, "i8"),
    ("Angle", lsst.geom.Angle, "f8"),
    ("Flag", bool, "?"),
    ("I", "int", "i4"),
    ("F", "float", "f4"),
    ("D", "double", "f8"),
    ("D", np.dtype("f8"), "f8"),
]


@pytest.mark.parametrize(("letter", "given", "dtype"), TYPES)
def test_a_type_has_a_letter_and_a_column(letter: str, given: Any, dtype: str) -> None:
    schema = afw_table.Schema()
    key = schema.addField("a", type=given, doc="what it is for")
    item = schema.find("a")
    assert (key.getTypeString(), item.field.getTypeString()) == (letter, letter)
    assert type(key) is afw_table.Key[letter]
    assert type(item.field) is afw_table.Field[letter]
    assert isinstance(key, afw_table.Key)
    assert item.field.getDoc() == "what it is for"
    assert afw_table.BaseCatalog(schema)["a"].dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (TypeError, {"type": "camel"}),
        (TypeError, {"type": complex}),
        (ValueError, {"type": "D", "units": "camel"}),
        (ValueError, {"type": "String"}),
        (ValueError, {"type": "D", "size": 3}),
    ],
)
def test_a_field_that_cannot_be_is_refused(error: type, arguments: dict[str, Any]) -> None:
    with pytest.raises(error):
        afw_table.Schema().addField("a", **arguments)


def test_units_may_be_unknown_where_nobody_minds() -> None:
    schema = afw_table.Schema()
    schema.addField("a", type="I", units="camel", parse_strict="silent")
    assert schema.find("a").field.getUnits() == "camel"
    with pytest.raises(ValueError, match="camel"):
        schema.checkUnits()


def test_names_and_aliases_lead_to_fields(schema: afw_table.Schema) -> None:
    for name in ("base_PsfFlux_instFlux", "slot_PsfFlux_instFlux"):
        key, field = schema.find(name)
        assert field.getName() == "base_PsfFlux_instFlux"
        assert (field.getUnits(), field.getDoc()) == ("count", "a flux")
        assert name in schema
        assert key in schema
        assert schema[name].asKey() == key
        assert schema[name].asField() == field
    assert schema["slot_PsfFlux"]["instFlux"].asKey() == schema.find(name).getKey()
    assert schema["base"].getNames() == {
        *("PsfFlux_instFlux", "PsfFlux_flag", "SdssCentroid_x", "SdssCentroid_y")
    }
    assert schema["base"].getNames(True) == {"PsfFlux", "SdssCentroid"}
    assert schema.getNames(True) == {"id", "coord", "parent", "base", "name", "radii"}
    assert schema.getOrderedNames()[:4] == ["id", "coord_ra", "coord_dec", "parent"]
    assert len(schema) == schema.getFieldCount() == len(list(schema)) == len(schema.getNames())
    assert schema.join("a", "b", "c") == "a_b_c"


@pytest.mark.parametrize("name", ["base_PsfFlx", "slot_ApFlux_instFlux", "nothing"])
def test_a_field_that_is_not_there_is_not_found(schema: afw_table.Schema, name: str) -> None:
    assert name not in schema
    for look_up in (schema.find, lambda name: schema[name].asKey()):
        with pytest.raises(NotFoundError, match=name):
            look_up(name)
        with pytest.raises(KeyError):
            look_up(name)
    with pytest.raises(InvalidParameterError, match="already present"):
        schema.addField("id", type="L")


@pytest.mark.parametrize(
    ("patterns", "arguments", "names"),
    [
        (["base_*_flag"], {}, ["base_PsfFlux_flag"]),
        (["slot_*_?"], {}, ["slot_Centroid_x", "slot_Centroid_y"]),
        (["id", "*_ra"], {"ordered": True}, ["id", "coord_ra"]),
        ([], {"regex": r"base_Sdss(\w+)_([xy])", "sub": r"\2\1"}, ["xCentroid", "yCentroid"]),
    ],
)
def test_fields_are_extracted_by_pattern(
    schema: afw_table.Schema, patterns: list[str], arguments: dict[str, Any], names: list[str]
) -> None:
    assert list(schema.extract(*patterns, **arguments)) == names


def test_schemas_are_compared_as_afw_does(schema: afw_table.Schema) -> None:
    other = afw_table.Schema(schema)
    assert other == schema
    assert schema.compare(other, schema.IDENTICAL) == schema.IDENTICAL
    other.addField("more", type="F")
    assert other != schema
    assert (other.contains(schema), schema.contains(other)) == (True, False)
    one, two = afw_table.Schema(), afw_table.Schema()
    one.addField("a", type=np.float32, doc="a", units="m")
    two.addField("a", type=np.int32, doc="a", units="m")
    assert one.compare(two, one.EQUAL_FIELDS) == one.EQUAL_FIELDS & ~one.EQUAL_KEYS
    assert copy.deepcopy(schema) == pickle.loads(pickle.dumps(schema)) == schema
    assert pickle.loads(pickle.dumps(schema)).getAliasMap() == schema.getAliasMap()


def test_aliases_are_set_found_and_erased(schema: afw_table.Schema) -> None:
    aliases = schema.getAliasMap()
    assert aliases.get("slot_Centroid") == "base_SdssCentroid"
    assert aliases.apply("slot_Centroid_x") == "base_SdssCentroid_x"
    assert list(aliases.keys()) == ["slot_Centroid", "slot_PsfFlux"]
    with pytest.raises(NotFoundError):
        aliases.get("slot_Shape")
    assert aliases.erase("slot_PsfFlux")
    assert "slot_PsfFlux_instFlux" not in schema
    table = afw_table.SourceTable.make(schema)
    table.definePsfFlux("base_PsfFlux")
    assert "slot_PsfFlux" not in aliases  # a table has aliases of its own
    assert table.getSchema().getAliasMap()["slot_PsfFlux"] == "base_PsfFlux"


def test_elements_of_arrays_have_keys(schema: afw_table.Schema) -> None:
    key = schema.find("radii").key
    assert (key.getSize(), key.getElementCount(), key.subfields) == (3, 3, (0, 1, 2))
    assert type(key[1]) is afw_table.Key["F"]
    assert key.slice(1, 3)[0] == key[1]
    record = afw_table.SourceTable.make(schema).makeRecord()
    record.set(key, [1.5, 2.5, 3.5])
    record.set(key[1], 7.5)
    assert record.get(key).tolist() == [1.5, 7.5, 3.5]
    assert record.get(key[1:3]).tolist() == [7.5, 3.5]
    assert record.get(key[1:3][0]) == 7.5
    assert record.get(key[1:3][1:2]).tolist() == [3.5]
    with pytest.raises(LogicError, match="slot aliases"):
        record.get(afw_table.Key["D"]())


def test_a_mapper_copies_what_it_maps(schema: afw_table.Schema) -> None:
    mapper = afw_table.SchemaMapper(schema)
    mapper.addMinimalSchema(afw_table.SourceTable.makeMinimalSchema(), True)
    flux = mapper.addMapping(schema.find("slot_PsfFlux_instFlux").key, "flux")
    mapper.addOutputField(afw_table.Field["F"]("mag", "a magnitude", "mag"))
    new = mapper.editOutputSchema().addField("snr", type="D")
    source = afw_table.SourceCatalog(schema)
    for number in range(3):
        source.addNew().set("base_PsfFlux_instFlux", 10.0 * number)
    target = afw_table.SourceCatalog(mapper.getOutputSchema())
    target.extend(source, mapper=mapper)
    target.extend(source, mapper)
    assert target["flux"].tolist() == [0, 10, 20, 0, 10, 20]
    assert target["id"].tolist() == [1, 2, 3, 1, 2, 3]
    assert target.isContiguous()
    assert np.isnan(target["mag"]).all()
    assert np.isnan(target[new]).all()
    assert mapper.getMapping(schema.find("base_PsfFlux_instFlux").key) == flux
    assert mapper.isMapped(schema.find("id").key)
    assert not mapper.isMapped(schema.find("name").key)
    record = target.addNew()
    record.assign(source[1], mapper)
    assert (record["flux"], record.getId()) == (10.0, 2)


def test_mappers_join_schemas() -> None:
    schemas = [afw_table.Schema() for _ in range(2)]
    schemas[0].addField("a", type=np.float64)
    schemas[1].addField("a", type=np.int32)
    mappers = afw_table.SchemaMapper.join(schemas, ["u_", "v_"])
    for mapper in mappers:
        assert mapper.getOutputSchema().getOrderedNames() == ["u_a", "v_a"]
    kept = afw_table.SchemaMapper.removeMinimalSchema(
        afw_table.SourceTable.makeMinimalSchema(), afw_table.SimpleTable.makeMinimalSchema()
    )
    assert kept.getOutputSchema().getOrderedNames() == ["parent"]


def test_functor_keys_read_and_write_several_fields() -> None:
    schema = afw_table.Schema()
    point = afw_table.Point2DKey.addFields(schema, "p", "a point", "pixel")
    pixel = afw_table.Point2IKey.addFields(schema, "i", "a pixel", "pixel")
    coord = afw_table.CoordKey.addFields(schema, "coord", "a position")
    box = afw_table.Box2IKey.addFields(schema, "box", "a box", "pixel")
    shape = afw_table.QuadrupoleKey.addFields(
        schema, "s", "moments", afw_table.CoordinateType.PIXEL
    )
    cov = afw_table.CovarianceMatrix2fKey.addFields(schema, "p", ["x", "y"], "pixel")
    array = afw_table.ArrayFKey.addFields(schema, "arr", "at %d", "", [3, 6])
    assert schema.find("s_xx").field.getUnits() == "pixel^2"
    assert schema.find("coord_ra").field.getUnits() == ""
    assert schema.find("arr_1").field.getDoc() == "at 6"
    assert afw_table.Point2DKey(schema["p"]) == point
    assert afw_table.CovarianceMatrix2fKey(schema["p"], ["x", "y"]).isValid()
    record = afw_table.BaseTable.make(schema).makeRecord()
    values = {
        point: lsst.geom.Point2D(1.5, -2.5),
        pixel: lsst.geom.Point2I(3, 4),
        coord: lsst.geom.SpherePoint(10, 20, lsst.geom.degrees),
        box: lsst.geom.Box2I(lsst.geom.Point2I(1, 2), lsst.geom.Extent2I(3, 4)),
    }
    for key, value in values.items():
        record.set(key, value)
        assert record.get(key) == value
        assert key.get(record) == value
    assert (record["box_max_x"], record["p_y"]) == (3, -2.5)
    assert record["coord_dec"].asDegrees() == pytest.approx(20)
    record.set(cov, np.array([[4.0, 1.0], [1.0, 9.0]]))
    assert (record["p_xErr"], record["p_yErr"], record["p_x_y_Cov"]) == (2, 3, 1)
    assert record.get(cov).tolist() == [[4, 1], [1, 9]]
    record[array] = [0.5, 0.25]
    assert record[array].tolist() == [0.5, 0.25]
    record["s_xx"], record["s_yy"], record["s_xy"] = 4.0, 9.0, 1.0
    assert record.get(shape).getDeterminantRadius() == pytest.approx((4 * 9 - 1) ** 0.25)


def test_a_schema_is_printed_as_afw_does() -> None:
    """What the notebook `afw_table_guided_tour` shows, of the stack's release 21."""
    schema = afw_table.SourceTable.makeMinimalSchema()
    schema.addField("r_mag", type=np.float32, doc="r band flux", units="mag")
    lines = str(schema).splitlines()
    assert lines == [
        "Schema(",
        """    (Field['L'](name="id", doc="unique ID"), Key<L>(offset=0, nElements=1)),""",
        """    (Field['Angle'](name="coord_ra", doc="position in ra/dec"), """
        "Key<Angle>(offset=8, nElements=1)),",
        """    (Field['Angle'](name="coord_dec", doc="position in ra/dec"), """
        "Key<Angle>(offset=16, nElements=1)),",
        """    (Field['L'](name="parent", doc="unique ID of parent source"), """
        "Key<L>(offset=24, nElements=1)),",
        """    (Field['F'](name="r_mag", doc="r band flux", units="mag"), """
        "Key<F>(offset=32, nElements=1)),",
        ")",
    ]


FUNCTORS = [
    (afw_table.Box2DKey, lsst.geom.Box2D(lsst.geom.Point2D(1, 2), lsst.geom.Point2D(3.5, 4.5))),
    (afw_table.QuadrupoleKey, ellipses.Quadrupole(4.0, 9.0, 1.0)),
    (
        afw_table.EllipseKey,
        ellipses.Ellipse(ellipses.Quadrupole(4.0, 9.0, 1.0), lsst.geom.Point2D(7, 8)),
    ),
]


@pytest.mark.parametrize(("kind", "value"), FUNCTORS)
def test_other_functor_keys_read_what_they_wrote(kind: Any, value: Any) -> None:
    schema = afw_table.Schema()
    key = kind.addFields(schema, "a", "a thing", "pixel")
    assert kind(schema["a"]) == key
    assert not kind().isValid()
    record = afw_table.BaseTable.make(schema).makeRecord()
    record.set(key, value)
    back = record.get(key)
    assert type(back) is type(value)
    if kind is afw_table.Box2DKey:
        assert back == value
        assert key.getMin().get(record) == value.getMin()
        assert key.getMax().get(record) == value.getMax()
    else:
        core = key.getCore() if kind is afw_table.EllipseKey else key
        numbers = [record.get(each) for each in (core.getIxx(), core.getIyy(), core.getIxy())]
        assert numbers == [4.0, 9.0, 1.0]
    if kind is afw_table.EllipseKey:
        assert tuple(back.getCenter()) == (7, 8)


def test_errors_of_positions_are_read_together() -> None:
    schema = afw_table.SimpleTable.makeMinimalSchema()
    key = afw_table.CoordKey.addErrorFields(schema)
    record = afw_table.SimpleTable.make(schema).makeRecord()
    record["coord_raErr"], record["coord_decErr"], record["coord_ra_dec_Cov"] = 2, 3, 0.5
    for each in (key, afw_table.CoordKey.getErrorKey(schema)):
        assert record.get(each).tolist() == [[4, 0.5], [0.5, 9]]
        assert each.getElement(record, 0, 1) == 0.5
    diagonal = afw_table.Schema()
    afw_table.CovarianceMatrix2dKey.addFields(diagonal, "p", ["x", "y"], ["m", "s"], True)
    assert diagonal.getNames() == {"p_xErr", "p_yErr"}
    full = afw_table.Schema()
    afw_table.CovarianceMatrix2dKey.addFields(full, "p", ["x", "y"], ["m", "s"])
    assert full.find("p_x_y_Cov").field.getUnits() == "m s"


def test_arrays_of_fields_have_elements() -> None:
    schema = afw_table.Schema()
    made = afw_table.ArrayDKey.addFields(schema, "flux", "radius %g", "count", [3.0, 4.5, 6.0])
    assert (made.getSize(), made[1]) == (3, schema.find("flux_1").key)
    record = afw_table.BaseTable.make(schema).makeRecord()
    record.set(afw_table.ArrayDKey(schema["flux"]), [1.0, 2.0, 3.0])
    assert record.get(made.slice(1, 3)).tolist() == [2.0, 3.0]
    schema = afw_table.Schema()
    array = schema.addField("a", type="ArrayF", size=2)
    record = afw_table.BaseTable.make(schema).makeRecord()
    record.set(afw_table.ArrayFKey(array), [5.0, 6.0])
    assert record.get(array).tolist() == [5.0, 6.0]


def test_a_schema_counts_renames_and_walks_its_fields(schema: afw_table.Schema) -> None:
    assert (schema.getFlagFieldCount(), schema.getNonFlagFieldCount()) == (1, 9)
    assert schema.getRecordSize() == 88
    names: list[str] = []
    schema.forEach(lambda item: names.append(item.getField().getName()))
    assert names == schema.getOrderedNames() == [item.field.getName() for item in schema.asList()]
    key = schema.find("name").key
    schema.replaceField(key, key_field := schema.find("name").field.copyRenamed("title"))
    assert "name" not in schema
    assert schema.find("title").field == key_field
    assert afw_table.SourceTable.make(schema).makeRecord()["title"] == ""
    assert schema.contains(schema.find("title"))
    sub = schema["base_SdssCentroid"]
    assert (sub.getPrefix(), sub.join("a", "b")) == ("base_SdssCentroid", "a_b")
    assert sub.getOrderedNames() == ["x", "y"]
    assert sub.find("x").field.getName() == "base_SdssCentroid_x"
    assert pickle.loads(pickle.dumps(key)) == key
    assert repr(key) == "Key['String'](offset=64, nElements=8)"
    assert (key.getOffset(), key.isVariableLength(), key_field.dtype) == (64, False, str)


def test_a_mapper_is_turned_round() -> None:
    schema = afw_table.Schema()
    for name in "abc":
        schema.addField(name, type="D")
    mapper = afw_table.SchemaMapper(schema)
    mapper.addMappingsWhere(lambda item: item.field.getName() != "b")
    assert [(one.name, two.name) for one, two in mapper.asList()] == [("a", "a"), ("c", "c")]
    walked: list[Any] = []
    mapper.forEach(lambda one, two: walked.append((one.field.getName(), two.field.getName())))
    assert walked == [("a", "a"), ("c", "c")]
    mapper.invert()
    assert mapper.getInputSchema().getOrderedNames() == ["a", "c"]
    assert mapper.getOutputSchema().getOrderedNames() == ["a", "b", "c"]
    copied = afw_table.SchemaMapper(mapper)
    assert copied.isMapped("a")
    with pytest.raises(NotFoundError, match="not mapped"):
        copied.getMapping("b")
