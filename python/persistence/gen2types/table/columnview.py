"""`ColumnView`: the columns of a catalog whose records are contiguous in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.exceptions import LengthError
from persistence.gen2types.table.keys import ARRAYS
from persistence.gen2types.table.schema import Schema, SchemaItem
from persistence.gen2types.table.slots import SlotGetters

# Bits of the numbers that flags are packed into.
_BITS = 64


class BaseColumnView:
    """The columns of a catalog.

    Parameters
    ----------
    catalog : `BaseCatalog`
        The catalog.
    """

    def __init__(self, catalog: Any) -> None:
        self._catalog = catalog

    @property
    def schema(self) -> Schema:
        """The fields."""
        schema: Schema = self._catalog.schema
        return schema

    @property
    def table(self) -> Any:
        """The table of the catalog."""
        return self._catalog.table

    def getSchema(self) -> Schema:
        return self.schema

    def getTable(self) -> Any:
        return self.table

    def get(self, key: Any) -> NDArray[Any]:
        """Return a column; see `BaseCatalog.__getitem__`."""
        column: NDArray[Any] = self._catalog.column(key)
        return column

    __getitem__ = get

    def set(self, key: Any, value: Any) -> None:
        self._catalog[key] = value

    __setitem__ = set  # noqa: A003

    def get_bool_array(self, key: Any) -> NDArray[Any]:
        return self.get(key)

    def extract(self, *patterns: str, **kwargs: Any) -> dict[str, NDArray[Any]]:
        """Return columns by name.

        Parameters
        ----------
        *patterns : `str`
            Which ones, as of files.
        where : `slice` or array of `bool`, optional
            Which rows.
        copy : `bool`, optional
            Whether to copy them.
        items : mapping, optional
            The fields, in place of patterns.
        regex, sub, ordered
            See `Schema.extract`.
        """
        copy, where = kwargs.pop("copy", False), kwargs.pop("where", slice(None))
        items = kwargs.pop("items", None)
        chosen = self.schema.extract(*patterns, **kwargs) if items is None else dict(items)
        columns = {}
        for name, item in chosen.items():
            key: Any = item.key if isinstance(item, SchemaItem) else item
            varies = key.kind in ARRAYS and not key.getSize()
            if items is None and (key.kind == "String" or varies):  # afw has no columns of these
                continue
            column = self.get(key)[where]
            columns[name] = np.ascontiguousarray(column.copy()) if copy else column
        return columns

    def getBits(self, keys: Sequence[Any] | None = None) -> BitsColumn:
        """Return flags packed into numbers, the first in the lowest bit.

        Raises
        ------
        LengthError
            If there are more than 64.
        """
        items = [self.schema.find(key) for key in keys] if keys is not None else list(self.schema)
        flags = [item.field.getName() for item in items if item.field.kind == "Flag"]
        if len(flags) > _BITS:
            raise LengthError(
                f"{len(flags)} flags do not fit into {_BITS} bits; pass the names of some"
            )
        array = np.zeros(len(self._catalog), np.int64)
        for bit, name in enumerate(flags):
            array |= self.get(name).astype(np.int64) << bit
        return BitsColumn(array, flags, self.schema)


class BitsColumn:
    """Flags packed into numbers.

    Attributes
    ----------
    array : array of `int`
        The numbers, one for each row.
    """

    def __init__(self, array: NDArray[Any], flags: Sequence[str], schema: Schema) -> None:
        self.array = array
        self._bits = {name: bit for bit, name in enumerate(flags)}
        self._schema = schema

    def getArray(self) -> NDArray[Any]:
        return self.array

    def getBit(self, key: Any) -> int:
        return self._bits[self._schema.find(key).field.getName()]

    def getMask(self, key: Any) -> int:
        return 1 << self.getBit(key)


class SourceColumnView(SlotGetters, BaseColumnView):
    """The columns of a catalog of sources, with the getters of its slots."""

    def getId(self) -> NDArray[Any]:
        return self.get("id")

    def getRa(self) -> NDArray[Any]:
        return self.get("coord_ra")

    def getDec(self) -> NDArray[Any]:
        return self.get("coord_dec")

    def getParent(self) -> NDArray[Any]:
        return self.get("parent")
