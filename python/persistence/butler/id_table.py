"""Many data IDs at once: as a list, as a table, or as arrays of values."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.dataids.dataid import DataId, plain
from persistence.errors import DataIdError

_PLAIN = frozenset({int, str, float})
_NO_TAGS: frozenset[Any] = frozenset()


class IdTable(NamedTuple):
    """Data IDs with the same keys, by columns.

    Attributes
    ----------
    keys : `tuple` of `str`
        The keys.
    columns : `list` of `list`
        The values of each key, as plain Python values.
    places : sequence of `int`
        The position of each data ID in the caller's sequence.
    tags : `frozenset`
        The tags of all of them: only repositories with one of these are searched.
    """

    keys: tuple[str, ...]
    columns: list[list[Any]]
    places: Sequence[int]
    tags: frozenset[Any] = frozenset()

    def data_ids(self) -> Iterator[DataId]:
        """Yield each data ID."""
        rows: Iterable[tuple[Any, ...]] = zip(*self.columns, strict=True)
        for row in rows if self.keys else [()] * len(self.places):
            data_id = DataId.of_plain(dict(zip(self.keys, row, strict=True)))
            data_id.tag = set(self.tags)
            yield data_id

    def chosen(self, numbers: Sequence[int]) -> IdTable:
        """Return some of the data IDs, by their row numbers in this table."""
        columns = [[column[number] for number in numbers] for column in self.columns]
        positions = [self.places[number] for number in numbers]
        return self._replace(columns=columns, places=positions)

    def extended(self, more: Mapping[str, list[Any]]) -> IdTable:
        """Return the data IDs with additional keys, or with new values for existing keys."""
        columns = dict(zip(self.keys, self.columns, strict=True)) | dict(more)
        return self._replace(keys=tuple(columns), columns=list(columns.values()))


def tables(ids: Any, rest: Mapping[str, Any] = {}) -> tuple[int, list[IdTable]]:
    """Return the number of data IDs, and tables of those with the same keys.

    Parameters
    ----------
    ids : iterable, mapping or table
        Data IDs, or objects with a ``dataId``; or a mapping of arrays or single values; or an
        astropy, pandas or numpy table with a column per key. Masked or None values are missing
        keys.
    rest : mapping
        Further keys, with the same value for all data IDs.

    Returns
    -------
    number : `int`
        The number of data IDs.
    tables : `list` of `IdTable`
        One table for each set of keys.

    Raises
    ------
    DataIdError
        If it is none of these, or the columns differ in length.
    """
    columns_given = columns(ids)
    if columns_given is not None:
        return _of_columns({**columns_given, **rest})
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
        raise DataIdError(f"{ids!r} is neither a list nor a table of data IDs")
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    data_id: Mapping[str, Any]
    positions: dict[tuple[Any, ...], list[int]] = {}
    number = 0
    for number, item in enumerate(ids, 1):
        if type(item) is dict:
            data_id, kind = item, (*item, _NO_TAGS)
        else:
            data_id = _data_id(item)
            kind = (*data_id, frozenset(getattr(data_id, "tag", ())) or _NO_TAGS)
        if kind not in groups:
            groups[kind], positions[kind] = [], []
        groups[kind].append(data_id)
        positions[kind].append(number - 1)
    grouped = []
    for kind, group in groups.items():
        values = [_plain([item[key] for item in group]) for key in kind[:-1]]
        grouped.append(IdTable(kind[:-1], values, positions[kind], kind[-1]))
    same = {key: _text(plain(value)) for key, value in rest.items()}
    return number, [
        table.extended({key: [value] * len(table.places) for key, value in same.items()})
        for table in grouped
    ]


def _data_id(item: Any) -> Mapping[str, Any]:
    data_id = getattr(item, "dataId", item)
    if not isinstance(data_id, Mapping):
        raise DataIdError(f"{item!r} is not a data ID: pass keys and values, {{'visit': 410877}}")
    return data_id


def columns(ids: Any) -> dict[str, Any] | None:
    """Return the columns of a table, or of a mapping of arrays; None if it is neither."""
    if isinstance(ids, Mapping):
        return dict(ids)
    fields = getattr(getattr(ids, "dtype", None), "names", None)
    names = getattr(ids, "colnames", None) or fields or getattr(ids, "columns", None)
    if names is None or isinstance(ids, str):
        return None
    return {str(name): ids[name] for name in names}


def check_shapes(shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Check that columns broadcast as in numpy; those of one dimension have the same length.

    Raises
    ------
    DataIdError
        If they do not.
    """
    lengths = {shape[0] for shape in shapes.values() if len(shape) == 1}
    sizes = itertools.zip_longest(*(reversed(shape) for shape in shapes.values()), fillvalue=1)
    if len(lengths) > 1 or any(len(set(column) - {1}) > 1 for column in sizes):
        shown = ", ".join(
            f"{key} has {shape[0] if len(shape) == 1 else shape}"
            for key, shape in shapes.items()
            if shape
        )
        raise DataIdError(f"columns of data IDs differ in length: {shown}")


def flat(ids: Any, rest: Mapping[str, Any]) -> tuple[Any, tuple[int, ...] | None]:
    """Return columns of several dimensions as columns of one, with their common shape.

    Data IDs in other forms are returned unchanged, without a shape.
    """
    if not isinstance(ids, Mapping) or all(getattr(v, "ndim", 0) < 2 for v in ids.values()):
        return ids, None
    import numpy as np  # lazy: loaded already if there is an array

    whole = {**ids, **rest}
    arrays = {key: np.ma.asanyarray(column) for key, column in whole.items()}
    check_shapes({key: array.shape for key, array in arrays.items()})
    shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    return {
        key: np.broadcast_to(array, shape, subok=True).ravel() for key, array in arrays.items()
    }, shape


def _of_columns(columns: Mapping[str, Any]) -> tuple[int, list[IdTable]]:
    for key, column in columns.items():
        if getattr(getattr(column, "dtype", None), "kind", "") == "b":
            raise DataIdError(f"{key}: expected values of data IDs, not booleans")
    values = {key: _values(column) for key, column in columns.items()}
    lengths = {key: len(column) for key, column in values.items() if isinstance(column, list)}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise DataIdError(f"columns of data IDs differ in length: {shown}")
    number = next(iter(lengths.values()), 1)
    whole = [
        column if isinstance(column, list) else [column] * number for column in values.values()
    ]
    table = IdTable(tuple(values), whole, range(number))
    if any(None in column for column in whole):
        return tables([_known(data_id) for data_id in table.data_ids()])
    return number, [table]


def _known(data_id: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data_id.items() if value is not None}


def _values(column: Any) -> Any:
    """Return the values of a column as a list of plain values, or one value for all rows."""
    if isinstance(column, str | bytes) or not hasattr(column, "__len__"):
        return _text(plain(column))
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    return _plain(values) if isinstance(values, list) else _text(plain(values))


def _plain(values: list[Any]) -> list[Any]:
    if set(map(type, values)) <= _PLAIN:
        return values
    return [_text(plain(value)) for value in values]


def _text(value: Any) -> Any:
    """Return bytes, as FITS tables contain, as text."""
    return value.decode("ascii", "surrogateescape") if isinstance(value, bytes) else value
