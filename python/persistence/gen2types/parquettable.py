"""``lsst.pipe.tasks.parquetTable``: tables in Parquet, as pandas' frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from persistence.gen2types.face import Face
from persistence.types.table import parquet as ours

__all__ = ["MultilevelParquetTable", "ParquetTable"]


class ParquetTable(Face[ours.ParquetTable]):
    """A table whose columns are read when they are accessed.

    Parameters
    ----------
    filename : `str`, optional
        A Parquet file.
    dataFrame : `pandas.DataFrame`, optional
        The table itself.
    """

    def __init__(self, filename: str | None = None, dataFrame: Any = None) -> None:
        if (filename is None) == (dataFrame is None):
            raise ValueError("Either filename or dataFrame must be passed.")
        table = ours.ParquetTable(filename) if dataFrame is None else ours.from_any(dataFrame)
        assert table is not None  # a DataFrame is always one
        self._ours = table

    @classmethod
    def of(cls, table: ours.ParquetTable) -> Any:
        """Return the face of a table, of the class for those of several levels if it has them."""
        levels = table.frame_columns.nlevels
        face = object.__new__(MultilevelParquetTable if levels > 1 else ParquetTable)
        face._ours = table
        return face

    @property
    def filename(self) -> str | None:
        """The file; None if the table is in memory."""
        return self._ours.filename

    @property
    def columns(self) -> list[Any]:
        """The names of the columns."""
        return list(self.columnIndex)

    @property
    def columnIndex(self) -> Any:
        """The names of the columns, as pandas has them."""
        return self._ours.frame_columns

    def toDataFrame(self, columns: Any = None) -> Any:
        """Return a `pandas.DataFrame`.

        Parameters
        ----------
        columns : sequence of `str`, optional
            Which columns; names of which there is no column are left out. All if absent.
        """
        if columns is None:
            return self._ours.toDataFrame()
        names = [columns] if isinstance(columns, str) else list(columns)
        there = [name for name in names if name in self.columns]
        return self._ours.toDataFrame([*there, *self._ours.index_columns])[there]

    def write(self, filename: str) -> None:
        self._ours.write(filename)

    def __len__(self) -> int:
        return len(self._ours)


class MultilevelParquetTable(ParquetTable):
    """A table whose columns have names with several levels, such as data set, filter and column."""

    @property
    def columnLevelNames(self) -> dict[str, list[Any]]:
        """The names of each level."""
        index = self.columnIndex
        return {
            level: list(np.unique(np.asarray(index.get_level_values(level))))
            for level in index.names
        }

    @property
    def columnLevels(self) -> Any:
        """The names of the levels."""
        return self.columnIndex.names

    def toDataFrame(self, columns: Any = None, droplevels: bool = True) -> Any:
        """Return a `pandas.DataFrame`.

        Parameters
        ----------
        columns : mapping or sequence of `tuple`, optional
            Names of some levels, one or several of each; or the columns themselves.
        droplevels : `bool`, optional
            Whether levels of which there is one name are left out.
        """
        frame = self._ours.toDataFrame()
        if columns is None:
            return frame
        if isinstance(columns, Mapping):
            columns = self._chosen(columns)
        frame = frame[list(columns)]
        if droplevels:
            single = [level for level in frame.columns.names if _one(frame.columns, level)]
            frame.columns = frame.columns.droplevel(
                single[:-1] if len(single) == frame.columns.nlevels else single
            )
        return frame

    def _chosen(self, columns: Mapping[str, Any]) -> list[Any]:
        wanted = {
            level: [names] if isinstance(names, str) else list(names)
            for level, names in columns.items()
        }
        index = self.columnIndex
        unknown = {
            f"{level}={name}"
            for level, names in wanted.items()
            for name in names
            if level not in index.names or name not in index.get_level_values(level)
        }
        if unknown:
            raise ValueError(f"the table has no columns named {', '.join(sorted(unknown))}")
        return [
            column
            for column in index
            if all(column[index.names.index(level)] in names for level, names in wanted.items())
        ]


def _one(index: Any, level: str) -> bool:
    return len(set(index.get_level_values(level))) == 1
