"""What is particular to Parquet: a table stays in its file until its columns are asked for."""

from __future__ import annotations

import io

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from astropy.table import Column, MaskedColumn, Table

from persistence.errors import FormatterError
from persistence.types.table.parquet import ParquetTable


@pytest.fixture
def disk(disk_of):
    """Return a folder of tables."""
    return disk_of("ParquetStorage", "lsst.pipe.tasks.parquetTable.ParquetTable", ".parq")


def test_a_table_is_opened_and_its_columns_are_read_when_asked_for(disk):
    table = disk.there_and_back(Table({"id": [1, 2], "flux": [0.5, 1.5]}))
    assert type(table) is ParquetTable
    assert (table.columns, len(table)) == (["id", "flux"], 2)
    assert table.to_arrow(["flux"]).to_pydict() == {"flux": [0.5, 1.5]}


def test_units_are_kept_and_masked_values_become_nulls(disk):
    table = Table({"x": Column([1.0, 2.0], unit="Jy"), "y": MaskedColumn([1, 2], mask=[0, 1])})
    table["z"] = MaskedColumn([1.0, 2.0], mask=[0, 1], unit="electron / s")
    found = disk.there_and_back(table)
    assert found.to_arrow().to_pydict() == {"x": [1.0, 2.0], "y": [1, None], "z": [1.0, None]}
    units = {name: str(column.unit) for name, column in found.to_table().items()}
    assert units == {"x": "Jy", "y": "None", "z": "electron / s"}
    # what another reader of the file makes of it
    stored = pyarrow.parquet.read_schema(found.filename)
    assert stored.field("z").metadata[b"unit"] == b"electron s-1"


def test_a_frame_of_pandas_comes_back_with_its_index(disk):
    import pandas

    frame = pandas.DataFrame({"a": [1.5, 2.5]}, index=pandas.Index([7, 9], name="id"))
    assert disk.there_and_back(frame).toDataFrame().equals(frame)


def test_a_table_that_was_read_can_be_written_again(disk):
    first = disk.write(Table({"id": [1, 2]}))
    again = disk.there_and_back(disk.read(first))
    assert again.to_arrow().to_pydict() == {"id": [1, 2]}


def test_damage_in_the_columns_is_said_with_the_files_name(disk):
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"x": np.arange(5000)}), stream)
    content = bytearray(stream.getvalue())
    content[100:400] = b"\xff" * 300
    location = disk.put(bytes(content))
    with pytest.raises(FormatterError) as caught:
        disk.read(location).to_arrow()
    assert location.full_path in str(caught.value)
