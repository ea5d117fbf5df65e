"""Tables in Parquet: in memory or in a file, of astropy's, pandas' or Arrow's making."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Column, MaskedColumn, Table

pandas = pytest.importorskip("pandas")
pyarrow = pytest.importorskip("pyarrow")

from persistence.types.table import parquet  # noqa: E402  # it needs pyarrow
from persistence.types.table.parquet import ParquetTable  # noqa: E402

COLUMNS = {
    "id": [1, 2, 3],
    "flux": [0.5, 1.5, 2.5],
    "name": ["a", "b", "c"],
    "good": [True, False, True],
}


@pytest.fixture(params=["memory", "file"])
def table(request, tmp_path):
    """Return the same table in memory and in a file."""
    made = ParquetTable(table=pyarrow.table(COLUMNS))
    if request.param == "memory":
        return made
    made.write(str(tmp_path / "table.parq"))
    return ParquetTable(filename=str(tmp_path / "table.parq"))


def test_a_table_knows_its_columns_and_its_length(table):
    assert table.columns == list(COLUMNS)
    assert table.kinds == {"id": "int64", "flux": "double", "name": "string", "good": "bool"}
    assert len(table) == 3
    assert repr(table) == "ParquetTable of 3 rows: id, flux, name, good"


@pytest.mark.parametrize("wanted", [None, ["flux"], ["name", "id"], []])
def test_the_columns_that_are_asked_for_come_in_the_order_asked(table, wanted):
    expected = {name: COLUMNS[name] for name in (COLUMNS if wanted is None else wanted)}
    assert table.to_arrow(wanted).to_pydict() == expected
    if wanted != []:
        assert {
            name: list(column) for name, column in table.toDataFrame(wanted).items()
        } == expected
        found = table.to_table(wanted)
        assert {name: found[name].tolist() for name in found.colnames} == expected


def test_an_unknown_column_is_named_and_is_no_damage(table):
    with pytest.raises(Exception, match="nothing") as caught:
        table.to_arrow(["nothing"])
    assert "damaged" not in str(caught.value)


def test_a_file_that_goes_away_is_missing_and_not_damaged(tmp_path):
    ParquetTable(table=pyarrow.table(COLUMNS)).write(str(tmp_path / "t"))
    table = ParquetTable(filename=str(tmp_path / "t"))
    (tmp_path / "t").unlink()
    with pytest.raises(FileNotFoundError):
        table.to_arrow()


def test_a_file_is_read_when_its_columns_are_asked_for(tmp_path):
    path = tmp_path / "table.parq"
    ParquetTable(table=pyarrow.table(COLUMNS)).write(str(path))
    table = ParquetTable(filename=str(path))
    ParquetTable(table=pyarrow.table({"id": [9]})).write(str(path))
    assert table.to_arrow(["id"]).to_pydict() == {"id": [9]}


def test_pandas_index_is_no_column(tmp_path):
    frame = pandas.DataFrame({"a": [1, 2]}, index=[5, 7])
    table = parquet.from_any(frame)
    assert table.columns == ["a"]
    assert table.toDataFrame().equals(frame)


def test_a_named_index_is_kept():
    frame = pandas.DataFrame({"a": [1, 2]}, index=pandas.Index([5, 7], name="id"))
    assert parquet.from_any(frame).toDataFrame().equals(frame)


@pytest.mark.parametrize(
    "obj",
    [
        ParquetTable(table=pyarrow.table(COLUMNS)),
        pyarrow.table(COLUMNS),
        pandas.DataFrame(COLUMNS),
        Table(COLUMNS),
    ],
    ids=["ParquetTable", "Arrow", "pandas", "astropy"],
)
def test_every_kind_of_table_is_taken(obj):
    table = parquet.from_any(obj)
    assert table.to_arrow().select(list(COLUMNS)).to_pydict() == COLUMNS


@pytest.mark.parametrize("obj", [None, [1], {"a": [1]}, "text", np.zeros(3)], ids=repr)
def test_what_is_no_table_is_none(obj):
    assert parquet.from_any(obj) is None


@pytest.mark.parametrize(
    "column",
    [
        MaskedColumn([1, 2, 3], mask=[0, 1, 0]),
        MaskedColumn([1.5, 2.5, 3.5], mask=[0, 1, 0]),
        MaskedColumn(["a", "b", "c"], mask=[0, 1, 0]),
        MaskedColumn([True, False, True], mask=[0, 1, 0]),
        MaskedColumn([1, 2, 3], mask=[1, 1, 1]),
        MaskedColumn([1, 2, 3], mask=[0, 0, 0]),
        MaskedColumn(np.array([1, 2, 3], ">i4"), mask=[0, 1, 0]),
        pytest.param(
            MaskedColumn(["a", "b", "c"], mask=[1, 1, 1]),
        ),
    ],
    ids=["int", "float", "str", "bool", "all", "none", "big-endian", "all of str"],
)
def test_masked_values_are_nulls_and_come_back_masked(column):
    found = parquet.from_any(Table({"x": column})).to_table()["x"]
    mask = np.asarray(column.mask)
    assert np.array_equal(np.ma.getmaskarray(found), mask)
    assert np.asarray(found)[~mask].tolist() == np.asarray(column)[~mask].tolist()


def test_a_real_nan_is_no_null():
    table = parquet.from_any(Table({"x": [1.0, np.nan]}))
    assert table.to_arrow().column("x").null_count == 0
    assert np.isnan(table.to_table()["x"][1])
    assert not np.ma.is_masked(table.to_table()["x"])


@pytest.mark.parametrize("dtype", ["i2", "u1", "u8", "f4", ">f8", "<U3", "?", "M8[us]"])
def test_the_type_of_a_column_is_kept(dtype):
    column = Column(np.array([0, 1, 0]).astype(dtype))
    arrow = parquet.from_any(Table({"x": column})).to_arrow()
    found = arrow.column("x").to_numpy()
    kind = np.dtype(dtype)
    assert found.dtype == (object if kind.kind == "U" else kind.newbyteorder("="))
    assert found.tolist() == column.data.tolist()


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    table = parquet.from_any(Table({"a": np.zeros(0), "b": np.zeros(0, "<U3")}))
    table.write(str(tmp_path / "t"))
    again = ParquetTable(filename=str(tmp_path / "t"))
    assert (len(again), again.columns) == (0, ["a", "b"])
    assert len(again.to_table()) == 0


def test_a_file_that_is_missing_is_said_at_once(tmp_path):
    with pytest.raises(FileNotFoundError):
        ParquetTable(filename=str(tmp_path / "gone"))


@pytest.mark.parametrize("numbers", [[2**53 + 1, None], [-(2**53) - 1, None, 5]])
def test_long_integers_beside_nulls_stay_what_they_are(numbers):
    frame = ParquetTable(table=pyarrow.table({"id": numbers, "few": [1] * len(numbers)}))
    found = frame.toDataFrame()["id"]
    assert [
        None if found.isna()[row] else int(found[row]) for row in range(len(numbers))
    ] == numbers


def test_short_integers_beside_nulls_are_floats_as_pandas_has_them():
    frame = ParquetTable(table=pyarrow.table({"n": [1, None], "none": pyarrow.array([None] * 2, "i8")}))  # fmt: skip
    assert str(frame.toDataFrame()["n"].dtype) == "float64"
    assert frame.toDataFrame()["none"].isna().all()
