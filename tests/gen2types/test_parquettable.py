"""``lsst.pipe.tasks.parquetTable``, against pandas."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

from lsst.pipe.tasks.parquetTable import MultilevelParquetTable, ParquetTable  # noqa: E402
from persistence.gen2types import unwrap, wrap  # noqa: E402  # it needs pyarrow


@pytest.fixture
def frame() -> Any:
    """Return a frame of objects."""
    index = pandas.Index([5, 6, 7], name="objectId")
    return pandas.DataFrame({"ra": [1.0, 2.0, 3.0], "flag": [True, False, True]}, index=index)


@pytest.fixture
def deep() -> Any:
    """Return a frame of three levels."""
    names = ["dataset", "filter", "column"]
    columns = pandas.MultiIndex.from_product([["meas", "ref"], ["g", "r"], ["x", "y"]], names=names)
    return pandas.DataFrame(np.arange(24.0).reshape(3, 8), columns=columns)


@pytest.fixture(params=["memory", "file"])
def made(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """Return a function that makes a table of a frame, in memory or in a file."""

    def make(kind: Any, frame: Any) -> Any:
        if request.param == "memory":
            return kind(dataFrame=frame)
        path = str(tmp_path / "table.parq")
        kind(dataFrame=frame).write(path)
        return kind(filename=path)

    return make


def test_a_table_becomes_a_frame(made: Any, frame: Any) -> None:
    table = made(ParquetTable, frame)
    assert list(table.columns) == ["ra", "flag"]
    pandas.testing.assert_frame_equal(table.toDataFrame(), frame)
    pandas.testing.assert_frame_equal(table.toDataFrame(columns=["flag"]), frame[["flag"]])
    assert list(table.toDataFrame(columns=["flag", "nothing"]).columns) == ["flag"]
    assert type(wrap(unwrap(table))) is ParquetTable
    assert len(table) == 3


def test_levels_of_columns_are_chosen(made: Any, deep: Any) -> None:
    table = made(MultilevelParquetTable, deep)
    assert list(table.columns) == list(deep.columns)
    assert list(table.columnLevels) == ["dataset", "filter", "column"]
    assert table.columnLevelNames["column"] == ["x", "y"]
    pandas.testing.assert_frame_equal(table.toDataFrame(), deep)
    chosen = table.toDataFrame(columns={"dataset": "meas", "filter": "g"})
    assert list(chosen.columns) == ["x", "y"]
    assert np.array_equal(chosen.to_numpy(), deep["meas"]["g"].to_numpy())
    kept = table.toDataFrame(columns={"dataset": "meas", "column": ["y"]}, droplevels=False)
    assert list(kept.columns) == [("meas", "g", "y"), ("meas", "r", "y")]
    single = table.toDataFrame(columns={"dataset": "ref", "filter": "r", "column": "x"})
    assert list(single.columns) == ["x"]
    with pytest.raises(ValueError, match="filter=z"):
        table.toDataFrame(columns={"filter": "z"})
    assert type(wrap(unwrap(table))) is MultilevelParquetTable


def test_a_table_is_of_a_file_or_of_a_frame() -> None:
    with pytest.raises(ValueError, match="Either filename or dataFrame"):
        ParquetTable()


def test_a_table_in_memory_is_pickled(frame: Any) -> None:
    back = pickle.loads(pickle.dumps(ParquetTable(dataFrame=frame)))
    pandas.testing.assert_frame_equal(back.toDataFrame(), frame)
