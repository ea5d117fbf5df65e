"""What is particular to tables in FITS: units, masked values, HDUs."""

from __future__ import annotations

import io
import struct

import numpy as np
import pandas
import pytest
from astropy import units
from astropy.io import fits
from astropy.table import Column, MaskedColumn, QTable, Table
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.formatters import catalog

MASK = [0, 1, 0, 0]


@pytest.fixture
def disk(disk_of):
    """Return a folder of tables."""
    return disk_of("FitsCatalogStorage", "lsst.afw.table.SourceCatalog", ".fits")


def values(column: object) -> list[object]:
    """Return the values of a column, None where it is masked."""
    return [None if np.ma.is_masked(value) else value for value in column]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param([1, -999999, 3, 4], id="int"),
        pytest.param([999999, -999999, 0, -(2**63)], id="null values of int"),
        pytest.param(np.array([0, 255, 3, 4], "u1"), id="byte"),
        pytest.param(np.array([0, -32768, 32767, 4], "i2"), id="short"),
        pytest.param(np.array([0, 2**63, 3, 4], "u8"), id="unsigned"),
        pytest.param([1.5, 2.5, 3.5, 4.5], id="float"),
        pytest.param(np.array([1.5, 2.5, 3.5, 4.5], "f4"), id="single"),
        pytest.param([1.5, 2.5, np.nan, np.inf], id="float with NaN"),
        pytest.param(["a", "bb", "ccc", "d"], id="text"),
        pytest.param(["a", "bb", "", "d"], id="text with an empty one"),
        pytest.param(["N/A", "bb", "None", "--"], id="text that says null"),
        pytest.param([True, True, False, True], id="bool"),
        pytest.param([1 + 2j, 2, 3, 4], id="complex"),
    ],
)
@pytest.mark.parametrize("mask", [MASK, [1, 1, 1, 1]], ids=["one", "all"])
def test_masked_values_are_kept_even_where_a_null_value_is_also_a_real_one(
    disk, column, mask, request
):
    table = Table({"x": MaskedColumn(column, mask=mask), "id": range(4)})
    found = disk.there_and_back(table)
    assert found.colnames == ["x", "id"]
    assert repr(values(found["x"])) == repr(values(table["x"]))
    assert found["x"].dtype.kind == table["x"].dtype.kind


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([-(2**63), -999999, 0, 1, 999999, 2**63 - 1]),
            st.booleans(),
            st.sampled_from([0.0, -1.5, 1e300, float("inf")]),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_mixture_of_masked_values_is_kept(disk, rows):
    numbers, number_mask, floats, float_mask, flags, flag_mask = zip(*rows, strict=True)
    assume(any(number_mask) or 999999 not in numbers)  # see the next test
    table = Table(
        {
            "number": MaskedColumn(numbers, mask=number_mask, dtype="i8"),
            "float": MaskedColumn(floats, mask=float_mask),
            "flag": MaskedColumn(flags, mask=flag_mask),
        }
    )
    found = disk.there_and_back(table, name="mixture.fits")
    for name in table.colnames:
        assert values(found[name]) == values(table[name])


def test_a_real_value_of_a_column_that_could_be_masked_is_not_masked(disk):
    found = disk.there_and_back(Table({"id": MaskedColumn([999999, 1], mask=[0, 0])}))
    assert values(found["id"]) == [999999, 1]


def test_a_real_nan_is_not_masked(disk):
    found = disk.there_and_back(Table({"flux": [1.0, np.nan]}))
    assert not np.ma.is_masked(found["flux"])
    assert np.isnan(found["flux"][1])


@pytest.mark.parametrize("unit", ["Jy", "nJy", "deg", "pixel", "ct", "mag", "s-1", "m / s"])
def test_units_are_kept(disk, unit):
    table = Table(
        {"x": Column([1.0, 2.0], unit=unit), "y": MaskedColumn([1, 2], mask=[0, 1], unit=unit)}
    )
    found = disk.there_and_back(table)
    assert [found[name].unit for name in ("x", "y")] == [units.Unit(unit)] * 2


@pytest.mark.parametrize("unit", ["electron", "mag(AB)"])
@pytest.mark.filterwarnings("ignore:The unit")
def test_a_unit_that_the_standard_does_not_know_is_kept(disk, unit):
    found = disk.there_and_back(Table({"x": Column([1.0, 2.0], unit=unit)}))
    assert str(found["x"].unit) == unit


def test_a_unit_that_the_standard_does_not_know_is_kept_as_it_is_written(disk):
    column = fits.Column("flux", "D", unit="furlongs", array=[1.0])
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column])]).writeto(stream)
    assert str(disk.read(disk.put(stream.getvalue()))["flux"].unit) == "furlongs"


@pytest.mark.parametrize(
    ("text", "unit", "standard"),
    [
        ("ELECTRONS/S", units.electron / units.s, "electron s-1"),
        ("counts/s", units.count / units.s, "count s-1"),
        ("JY/BEAM", units.Jy / units.beam, "Jy beam-1"),
        ("nanomaggies", units.nmgy, "nmgy"),
        ("N/A", None, None),
    ],
)
def test_a_unit_in_another_spelling_is_understood_and_written_in_the_standards(
    disk, text, unit, standard
):
    column = fits.Column("x", "D", unit=text, array=[1.0])
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column])]).writeto(stream)
    table = disk.read(disk.put(stream.getvalue()))
    assert table["x"].unit == unit
    location = disk.write(table)
    assert fits.getheader(location.full_path, 1).get("TUNIT1") == standard
    assert disk.read(location)["x"].unit == unit


@pytest.mark.parametrize(
    "obj",
    [
        Table({"id": [1, 2], "flux": [0.5, 1.5]}),
        QTable({"id": [1, 2], "flux": [0.5, 1.5]}),
        {"id": [1, 2], "flux": [0.5, 1.5]},
        np.array([(1, 0.5), (2, 1.5)], [("id", "i8"), ("flux", "f8")]),
        pandas.DataFrame({"id": [1, 2], "flux": [0.5, 1.5]}),
    ],
    ids=["Table", "QTable", "dict", "structured array", "DataFrame"],
)
def test_every_kind_of_table_is_taken(disk, obj):
    found = disk.there_and_back(obj)
    assert (found["id"].tolist(), found["flux"].tolist()) == ([1, 2], [0.5, 1.5])


def test_quantities_keep_their_units(disk):
    found = disk.there_and_back(QTable({"x": [1.0, 2.0] * units.m}))
    assert found["x"].unit == units.m


def test_missing_values_of_pandas_are_masked(disk):
    frame = pandas.DataFrame(
        {"n": pandas.array([1, None], "Int64"), "b": pandas.array([True, None], "boolean")}
    )
    found = disk.there_and_back(frame)
    assert values(found["n"]) == [1, None]
    assert values(found["b"]) == [True, None]


def test_a_series_is_no_table(disk):
    with pytest.raises(FormatterError):
        disk.write(pandas.Series([1, 2]))


@pytest.mark.parametrize(
    "dtype", ["i2", "i4", "i8", "u1", "u2", "f4", "f8", ">f4", "?", "U5", "c16"]
)
def test_the_type_of_a_column_is_kept(disk, dtype):
    column = np.array([0, 1, 1]).astype(dtype)
    found = disk.there_and_back(Table({"x": column}))["x"]
    assert found.dtype.newbyteorder("=").kind == column.dtype.kind
    assert found.tolist() == column.tolist()
    if column.dtype.kind != "U":
        assert found.dtype.itemsize == column.dtype.itemsize


def test_columns_may_hold_arrays(disk):
    array = np.arange(12.0).reshape(3, 2, 2)
    assert np.array_equal(disk.there_and_back(Table({"x": array}))["x"], array)


def test_what_is_said_of_a_table_is_kept(disk):
    table = Table({"x": [1]}, meta={"EXPTIME": 30.0, "OBJECT": "field"})
    found = disk.there_and_back(table).meta
    assert (found["EXPTIME"], found["OBJECT"]) == (30.0, "field")


def test_a_table_keeps_its_way_of_being_written(disk):
    table = Table({"x": MaskedColumn([1, 2], mask=[0, 1])})
    before = dict(table["x"].info.serialize_method)
    disk.write(table)
    assert dict(table["x"].info.serialize_method) == before


def test_what_can_write_itself_does(disk):
    class Own:
        def writeFits(self, path):
            with open(path, "wb") as stream:
                stream.write(b"its own")

    assert disk.bytes_of(Own()) == b"its own"


# -- HDUs
# --------------------------------------------------------------------------------------------------


@pytest.fixture
def many(disk):
    """Return a file with tables of one, two and three rows."""
    tables = [
        fits.BinTableHDU.from_columns([fits.Column("id", "K", array=range(rows))])
        for rows in (1, 2, 3)
    ]
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(stream)
    return disk.put(stream.getvalue())


@pytest.mark.parametrize(("hdu", "rows"), [(None, 1), (2, 2), (3, 3), (0, 1)])
def test_the_location_chooses_the_hdu(disk, many, hdu, rows):
    location = many._replace(hdu=hdu)
    assert len(disk.read(location)) == rows
    assert catalog.read_schema(location).colnames == ["id"]
    assert len(catalog.read_schema(location)) == 0


@pytest.mark.parametrize(("hdu", "rows"), [(None, 1), (2, 2), (3, 3)])
def test_the_number_of_rows_is_read_from_the_header(many, hdu, rows):
    assert catalog.read_length(many._replace(hdu=hdu)) == rows


def test_the_number_of_rows_is_that_of_the_table_that_is_read(disk, many):
    location = many._replace(hdu=2)
    assert catalog.read_length(location) == len(disk.read(location))


@pytest.mark.parametrize("ask", [catalog.read, catalog.read_length, catalog.read_schema])
@pytest.mark.parametrize("what", ["no such HDU", "primary alone"])
def test_a_table_that_is_not_there_is_refused_by_name(disk, many, ask, what):
    location = many._replace(hdu=9)
    if what == "primary alone":
        stream = io.BytesIO()
        fits.PrimaryHDU().writeto(stream)
        location = disk.put(stream.getvalue())
    with pytest.raises(FormatterError) as caught:
        ask(location)
    assert location.full_path in str(caught.value)


def test_an_image_has_no_number_of_rows(disk):
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((3, 3)))]).writeto(stream)
    with pytest.raises(FormatterError):
        catalog.read_length(disk.put(stream.getvalue()))


@pytest.mark.real
def test_a_shard_of_a_reference_catalog_is_read_with_its_units(real, disk):
    found = disk.read(disk.put((real / "refcats" / "gaia" / "628864.fits").read_bytes()))
    assert len(found) > 0
    assert found["coord_ra"].unit == units.rad


# -- numbers that are stored as others
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "code", "zero", "scale", "null", "values_read"),
    [
        ("I", ">i2", 32768, 1, -32768, [None, 32773, 32767]),
        ("J", ">i4", 2**31, 1, -1, [2**31 - 32768, 2**31 + 5, None]),
        ("I", ">i2", 0, 1, 5, [-32768, None, -1]),
        ("J", ">i4", 3.0, 2.0, 5, [-65533.0, None, 1.0]),
        ("I", ">i2", 100.0, 1, 5, [-32668.0, None, 99.0]),
    ],
)
def test_a_missing_number_is_told_by_what_is_stored(disk, form, code, zero, scale, null, values_read):  # fmt: skip
    cards = {"TTYPE1": "x", "TFORM1": form, "TZERO1": zero, "TSCAL1": scale, "TNULL1": null}
    found = disk.read(disk.put(stored_table([-32768, 5, -1], code, cards)))
    assert values(found["x"]) == values_read


def stored_table(numbers: list[int], code: str, cards: dict[str, object]) -> bytes:
    """Lay out a table of one column as FITS 4.0, section 7.3, has it."""
    data = np.array(numbers, code).tobytes()
    sizes = {"NAXIS": 2, "NAXIS1": len(data) // len(numbers), "NAXIS2": len(numbers)}
    header = fits.Header({"XTENSION": "BINTABLE", "BITPIX": 8, **sizes, "PCOUNT": 0, "GCOUNT": 1})
    header.update({"TFIELDS": 1, **cards})
    both = fits.PrimaryHDU().header.tostring() + header.tostring()
    return both.encode() + data.ljust(2880, b"\0")


@pytest.mark.parametrize("code", ["u1", "u2", "u4", "u8"])
def test_missing_unsigned_numbers_that_astropy_wrote_are_missing(disk, code):
    table = Table({"x": MaskedColumn(np.array([1, 2, 3], code), mask=[1, 0, 0])})
    stream = io.BytesIO()
    table.write(stream, format="fits")
    assert values(disk.read(disk.put(stream.getvalue()))["x"]) == [None, 2, 3]


@pytest.mark.parametrize("code", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"])
@pytest.mark.parametrize("mask", [None, [1, 0, 0]])
def test_integers_of_any_length_are_kept(disk, code, mask):
    limits = np.iinfo(code)
    numbers = MaskedColumn(np.array([1, limits.min, limits.max], code), mask=mask)
    found = disk.there_and_back(Table({"x": numbers}))["x"]
    assert values(found) == values(numbers)
    assert found.dtype.kind == np.dtype(code).kind


@pytest.mark.parametrize("read", [catalog.read, catalog.read_length, catalog.read_schema])
@pytest.mark.parametrize(
    ("hdus", "message"),
    [
        ([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)))], "HDU 1 is an image, not a table"),
        (
            [fits.PrimaryHDU(), fits.CompImageHDU(np.zeros((2, 2), "i4"))],
            "HDU 1 is an image, not a table",
        ),
        ([fits.PrimaryHDU(np.zeros((2, 2)))], "the file has no HDU 1; its last is 0"),
    ],
    ids=["image", "compressed", "primary"],
)
def test_an_image_is_no_table(disk, read, hdus, message):
    stream = io.BytesIO()
    fits.HDUList(hdus).writeto(stream)
    with pytest.raises(FormatterError, match=rf"file\d+.fits: {message}"):
        read(disk.put(stream.getvalue()))


@pytest.mark.parametrize("python", ["lsst.afw.table.BaseCatalog", "mypackage.Table"])
@pytest.mark.parametrize("is_afw", [False, True])
@pytest.mark.parametrize(
    ("card", "meta"),
    [
        ("FOO     = 'a\tb'", {"FOO": None}),
        ("FOO     = 'a\0\0'", {"FOO": "a"}),
        ("FOO     =", {"FOO": None}),
        ("FOO     = NaN", {"FOO": "NaN"}),
        ("FOO     = bar baz", {"FOO": "bar baz"}),
        ("A.B     = 1", {"A.B": 1}),
        ("HIERARCH A.b c = 3", {"A.b c": 3}),
        ("COMMENT a\tb", {"comments": ["a b"]}),
        ("HISTORY a\0b", {"HISTORY": ["a b"]}),
        ("EXTNAME = 5", {}),
        ("TUNIT1  = 5", {}),
        ("TUNIT1  = 'a\tb'", {}),
    ],
)
@pytest.mark.filterwarnings("ignore:Keyword name")
def test_a_table_with_an_odd_card_is_read_and_written_again(disk, card, meta, is_afw, python):
    version = [("AFW_TABLE_VERSION", 3)] if is_afw else []
    content = stored_table(
        [1, 2], ">i4", {"TTYPE1": "x", "TFORM1": "J", "GOOD": 7, **dict(version)}
    )
    end = content.index(b"END" + 77 * b" ", 2880)
    content = content[:end] + f"{card:80}END".encode().ljust(160) + content[end + 160 :]
    table = disk.read(disk.put(content, python=python))
    assert table["x"].tolist() == [1, 2]
    location = disk.write(table, python=python)
    found = disk.read(location)
    assert found["x"].tolist() == [1, 2]
    assert found.meta["GOOD"] == 7
    assert {key: found.meta[key] for key in meta} == meta
    with fits.open(location.full_path) as hdus:
        hdus.verify("exception")


@pytest.mark.parametrize("letter", ["P", "Q"])
@pytest.mark.parametrize(("length", "start"), [(1, 10**6), (1, 12), (1000, 0), (-1, 0), (1, -8)])
def test_a_cell_that_is_not_in_the_heap_is_an_error_and_not_zeros(disk, letter, length, start):
    cells = np.array([[1], [2, 3]], dtype=object)
    hdu = fits.BinTableHDU.from_columns(
        [fits.Column("id", "K", array=[1, 2]), fits.Column("v", f"{letter}J()", array=cells)]
    )
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    with fits.open(io.BytesIO(stream.getvalue())) as hdus:
        place = hdus[1].fileinfo()["datLoc"] + 8
    content = bytearray(stream.getvalue())
    whole = disk.read(disk.put(bytes(content)))
    assert [list(cell) for cell in whole["v"]] == [[1], [2, 3]]
    struct.pack_into(">ii" if letter == "P" else ">qq", content, place, length, start)
    with pytest.raises(FormatterError, match=f"a cell of v is not in the heap: {length} "):
        disk.read(disk.put(bytes(content)))
