"""`Ordered`: how catalogs are sorted by a field, and searched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.angle import Angle
from persistence.gen2types.table.keys import Key
from persistence.gen2types.table.rows import Rows


class Ordered:
    """The order of a catalog."""

    _rows: Rows

    def column(self, key: Any) -> NDArray[Any]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, item: Any) -> Any:
        raise NotImplementedError

    def sort(self, key: Any = None) -> None:
        """Sort by a field; a key may also be a function of two records' order."""
        if callable(key) and not isinstance(key, str | Key):
            order = sorted(range(len(self)), key=lambda index: key(self[index]))
            self._rows = self._rows.take(np.array(order, int))
        elif len(self):
            self._rows = self._rows.take(np.argsort(self.column(self._sorting(key)), kind="stable"))

    def isSorted(self, key: Any = None) -> bool:
        values = self.column(self._sorting(key))
        return bool((values[1:] >= values[:-1]).all())

    def _sorting(self, key: Any) -> Any:
        if key is None:
            raise TypeError(f"{type(self).__name__} has no default field to sort by; pass a key")
        return key

    def find(self, value: Any, key: Any = None) -> Any:
        """Return the first record with a value of a field; None if there is none."""
        places = np.flatnonzero(self.column(self._sorting(key)) == _number(value))
        return self[places[0]] if len(places) else None

    def lower_bound(self, value: Any, key: Any = None) -> int:
        return int(np.searchsorted(self.column(self._sorting(key)), _number(value), "left"))

    def upper_bound(self, value: Any, key: Any = None) -> int:
        return int(np.searchsorted(self.column(self._sorting(key)), _number(value), "right"))

    def equal_range(self, value: Any, key: Any = None) -> slice:
        """Return the slice of records with a value of a field; the catalog must be sorted."""
        return slice(self.lower_bound(value, key), self.upper_bound(value, key))

    def between(self, lower: Any, upper: Any, key: Any = None) -> slice:
        """Return the slice of records from one value to another; the catalog must be sorted."""
        return slice(self.lower_bound(lower, key), self.upper_bound(upper, key))


def _number(value: Any) -> Any:
    """Return an angle in radians, as columns have them."""
    return float(value) if isinstance(value, Angle) else value
