"""Tables in Parquet, whose columns are read on access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.errors import FormatterError
from persistence.files import extras
from persistence.types.pixels.units import parse, text_of

if TYPE_CHECKING:
    from astropy.table import Table
    from pandas import DataFrame

with extras.needed("pyarrow", "Parquet"):
    import pyarrow
    import pyarrow.compute
    import pyarrow.parquet


# Integers up to this can be 64-bit floats.
_EXACT = 1 << 53
# The key of a unit in a field's metadata.
_UNIT = b"unit"


class ParquetTable:
    """A table, in memory or in a Parquet file that is read on access.

    Gen2's class is ``lsst.pipe.tasks.parquetTable.ParquetTable``.

    Parameters
    ----------
    filename : `str` or `None`, optional
        A Parquet file.
    table : `pyarrow.Table` or `None`, optional
        The table itself.

    Examples
    --------
    >>> import pyarrow
    >>> from persistence import ParquetTable
    >>> table = ParquetTable(table=pyarrow.table({"id": [1, 2]}))
    >>> table.columns
    ['id']
    """

    def __init__(self, filename: str | None = None, table: pyarrow.Table | None = None) -> None:
        self.filename = filename
        self._table = table
        # Read now, so that opening a damaged file raises the error.
        self._schema = table.schema if table is not None else pyarrow.parquet.read_schema(filename)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, without pandas' index."""
        return [name for name in self._schema.names if not name.startswith("__index_level_")]

    @property
    def frame_columns(self) -> Any:
        """The columns of the `pandas.DataFrame` that `toDataFrame` returns."""
        return self._schema.empty_table().to_pandas().columns

    @property
    def index_columns(self) -> list[str]:
        """The columns that become the index of a `pandas.DataFrame`."""
        described = (self._schema.pandas_metadata or {}).get("index_columns", [])
        return [name for name in described if isinstance(name, str)]

    @property
    def kinds(self) -> dict[str, str]:
        """The columns with Arrow's names of their types."""
        return {name: str(self._schema.field(name).type) for name in self.columns}

    def to_arrow(self, columns: Sequence[str] | None = None) -> pyarrow.Table:
        """Return columns as an Arrow table.

        Parameters
        ----------
        columns : sequence of `str` or `None`, optional
            The columns; by default all.

        Returns
        -------
        `pyarrow.Table`
            The table.

        Raises
        ------
        KeyError
            If there is no such column.
        FormatterError
            If the file is damaged.
        """
        wanted = list(columns) if columns is not None else None
        if self._table is not None:
            return self._table if wanted is None else self._table.select(wanted)
        unknown = [name for name in wanted or () if name not in self._schema.names]
        if unknown:
            raise KeyError(
                f"{self.filename} has no column {', '.join(unknown)} (it has "
                f"{', '.join(self.columns)})"
            )
        try:
            return pyarrow.parquet.read_table(self.filename, columns=wanted)
        except FileNotFoundError:
            raise
        except (OSError, pyarrow.ArrowException) as error:
            raise FormatterError(f"{self.filename} is damaged: {error}") from error

    def to_table(self, columns: Sequence[str] | None = None) -> Table:
        """Return columns as an astropy table; nulls are masked.

        Units are those that `write` stored with the columns; other programs ignore them.

        Parameters
        ----------
        columns : sequence of `str` or `None`, optional
            The columns; by default all.

        Returns
        -------
        `astropy.table.Table`
            The table.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        from astropy.table import Column, MaskedColumn, Table

        arrow = self.to_arrow(columns)
        made = Table()
        for name in arrow.column_names:
            column = arrow.column(name)
            unit = parse((arrow.schema.field(name).metadata or {}).get(_UNIT, b"").decode())
            if not column.null_count:
                made[name] = Column(column.to_numpy(), unit=unit)
                continue
            kept = column.drop_null()
            # The value below the mask is arbitrary; the type's zero without one.
            text = pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(
                column.type
            )
            filled = column.fill_null(kept[0] if len(kept) else "" if text else 0)
            mask = column.is_null().to_numpy()
            made[name] = MaskedColumn(filled.to_numpy(), mask=mask, unit=unit)
        return made

    def toDataFrame(self, columns: Sequence[str] | None = None) -> DataFrame:
        """Return columns as a pandas DataFrame.

        Columns of integers with nulls become floats, as in pandas, unless a float cannot represent
        them: those become pandas' nullable integers.

        Parameters
        ----------
        columns : sequence of `str` or `None`, optional
            The columns; by default all.

        Returns
        -------
        `pandas.DataFrame`
            The table.

        Raises
        ------
        MissingExtra
            If pandas is not installed.
        """
        with extras.needed("pandas", "A DataFrame"):
            import pandas
        arrow = self.to_arrow(columns)
        frame = arrow.to_pandas()
        types = {pyarrow.int64(): pandas.Int64Dtype(), pyarrow.uint64(): pandas.UInt64Dtype()}
        for name in arrow.column_names:
            column = arrow.column(name)
            if column.null_count and column.type in types and name in frame:
                limits = pyarrow.compute.min_max(column).as_py().values()
                if any(limit is not None and abs(limit) > _EXACT for limit in limits):
                    frame[name] = column.to_pandas(types_mapper=types.get)
        return frame

    def __len__(self) -> int:
        if self._table is not None:
            return int(self._table.num_rows)
        return int(pyarrow.parquet.read_metadata(self.filename).num_rows)

    def __repr__(self) -> str:
        return f"ParquetTable of {len(self)} rows: {', '.join(self.columns)}"

    def write(self, where: Any) -> None:
        """Write the whole table to a file.

        Parameters
        ----------
        where : `str` or binary stream
            The path or stream.
        """
        pyarrow.parquet.write_table(self.to_arrow(), where)


def from_columns(columns: Mapping[str, Sequence[Any]]) -> ParquetTable:
    """Return a table of columns of plain values: numbers, texts, None.

    Columns with both numbers and texts become texts, as do integers of more than 64 bits.
    """
    arrays = {}
    for name, values in columns.items():
        try:
            arrays[name] = pyarrow.array(values)
        except (pyarrow.ArrowException, OverflowError):
            arrays[name] = pyarrow.array(
                [None if value is None else str(value) for value in values]
            )
    return ParquetTable(table=pyarrow.table(arrays))


def from_any(obj: Any) -> ParquetTable | None:
    """Return a `ParquetTable` of an Arrow, pandas or astropy table; None for other objects."""
    if isinstance(obj, ParquetTable):
        return obj
    if isinstance(obj, pyarrow.Table):
        return ParquetTable(table=obj)
    if type(obj).__module__.startswith("pandas"):
        return ParquetTable(table=pyarrow.Table.from_pandas(obj))
    if hasattr(obj, "colnames"):
        arrays = [_array(obj[name]) for name in obj.colnames]
        units = [text_of(getattr(obj[name], "unit", None)) for name in obj.colnames]
        fields = [
            pyarrow.field(name, array.type, metadata={_UNIT: unit} if unit else None)
            for name, array, unit in zip(obj.colnames, arrays, units, strict=True)
        ]
        return ParquetTable(table=pyarrow.table(arrays, schema=pyarrow.schema(fields)))
    return None


def _array(column: Any) -> pyarrow.Array:
    """Return a column of an astropy table as Arrow; masked values become nulls."""
    import numpy as np

    values = np.asarray(getattr(column, "value", column))
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    mask = getattr(column, "mask", None)
    return pyarrow.array(values, mask=None if mask is None else np.asarray(mask))
