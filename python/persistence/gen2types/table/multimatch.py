"""`MultiMatch` and `GroupView`: the sources of many catalogs that are of the same objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.angle import arcseconds
from persistence.gen2types.table.basetable import SimpleTable, SourceTable
from persistence.gen2types.table.catalogs import SimpleCatalog, SourceCatalog
from persistence.gen2types.table.exposures import ExposureCatalog, ExposureRecord, ExposureTable
from persistence.gen2types.table.idfactory import IdFactory
from persistence.gen2types.table.keys import Key
from persistence.gen2types.table.neighbours import near
from persistence.gen2types.table.records import BaseRecord
from persistence.gen2types.table.schema import Schema
from persistence.gen2types.table.schemamapper import SchemaMapper
from persistence.gen2types.table.sources import SimpleRecord, SourceRecord

_CATALOGS: Mapping[type[BaseRecord], Any] = {
    SourceRecord: (SourceTable, SourceCatalog),
    SimpleRecord: (SimpleTable, SimpleCatalog),
    ExposureRecord: (ExposureTable, ExposureCatalog),
}


class MultiMatch:
    """Sources of many catalogs, matched by position.

    Parameters
    ----------
    schema : `Schema`
        The fields of the catalogs.
    dataIdFormat : mapping
        The keys of the data IDs, and the types of their values.
    coordField, idField : `str`, optional
        The fields of positions, and of numbers.
    radius : `Angle`, optional
        How near sources of an object are; half an arcsecond if absent.
    RecordClass : `type`, optional
        The class of the records.
    """

    def __init__(
        self,
        schema: Schema,
        dataIdFormat: Mapping[str, Any],
        coordField: str = "coord",
        idField: str = "id",
        radius: Any = None,
        RecordClass: Any = SourceRecord,
    ) -> None:
        self.radius = 0.5 * arcseconds if radius is None else radius
        self.mapper = SchemaMapper(schema)
        table, self._catalog_class = _CATALOGS[RecordClass]
        self.mapper.addMinimalSchema(table.makeMinimalSchema(), True)
        for item in schema:
            if not self.mapper.isMapped(item.key):
                self.mapper.addMapping(item.key)
        output = self.mapper.editOutputSchema()
        output.setAliasMap(self.mapper.getInputSchema().getAliasMap())
        self.objectKey = output.addField("object", "L", "Unique ID for joined sources")
        self.dataIdKeys = {
            name: output.addField(name, kind, f"'{name}' data ID component")
            for name, kind in dataIdFormat.items()
        }
        self.table = table.make(output)
        self.idKey = schema.find(idField).key
        self.coordKeys = tuple(f"{coordField}_{axis}" for axis in ("ra", "dec"))
        self.objectIdFactory = IdFactory.makeSimple()
        self._result: Any = self._catalog_class(self.table)
        self.ambiguous: set[int] = set()
        self._positions: NDArray[np.float64] = np.zeros((0, 3))
        self._objects: NDArray[np.int64] = np.zeros(0, np.int64)

    @property
    def result(self) -> Any:
        """The sources so far."""
        return self._result

    def add(self, catalog: Any, dataId: Mapping[str, Any]) -> None:
        """Add a catalog.

        A source that is near sources of an object becomes one of them; one that is near two
        objects, or the other source of this catalog near the same, makes them ambiguous.

        Parameters
        ----------
        catalog : `BaseCatalog`
            The sources.
        dataId : mapping
            Whose they are.
        """
        places = _unit_vectors(*(catalog[name] for name in self.coordKeys))
        pairs = near(places, self._positions, 2 * np.sin(float(self.radius) / 2))
        candidates: dict[int, set[int]] = {}
        for first_row, two in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True):
            candidates.setdefault(first_row, set()).add(int(self._objects[two]))
        taken: dict[int, int] = {}
        numbers = np.zeros(len(catalog), np.int64)
        for row in range(len(catalog)):
            near_objects = candidates.get(row, set())
            if len(near_objects) > 1:
                self.ambiguous |= near_objects
            for number in near_objects:
                taken[number] = taken.get(number, 0) + 1
            numbers[row] = min(near_objects) if near_objects else self.objectIdFactory()
        self.ambiguous |= {number for number, count in taken.items() if count > 1}
        first = len(self._result)
        self._result.extend(catalog, mapper=self.mapper)
        for row, assigned in enumerate(numbers.tolist(), first):
            record = self._result[row]
            record.set(self.objectKey, assigned)
            for name, key in self.dataIdKeys.items():
                record.set(key, dataId[name])
        self._positions = np.concatenate([self._positions, places])
        self._objects = np.concatenate([self._objects, numbers])

    def finish(self, removeAmbiguous: bool = True) -> Any:
        """Return all sources, by object.

        Parameters
        ----------
        removeAmbiguous : `bool`, optional
            Whether ambiguous objects are left out.
        """
        numbers = self._result[self.objectKey]
        kept = ~np.isin(numbers, sorted(self.ambiguous)) if removeAmbiguous else numbers == numbers
        result = self._result.subset(np.asarray(kept, bool)).copy(deep=True)
        result.sort(self.objectKey)
        return result.copy(deep=True)


class GroupView(Mapping[int, Any]):
    """The sources of objects: a mapping of objects' numbers to catalogs.

    Parameters
    ----------
    schema : `Schema`
        The fields.
    ids : sequence of `int`
        The numbers of the objects.
    groups : sequence of `BaseCatalog`
        The sources of each.

    Attributes
    ----------
    count : `int`
        How many sources there are.
    """

    @classmethod
    def build(cls, catalog: Any, groupField: str = "object") -> GroupView:
        """Return the groups of a catalog, which `MultiMatch` has made.

        Parameters
        ----------
        catalog : `BaseCatalog`
            The sources.
        groupField : `str`, optional
            The field that identifies the objects.
        """
        key = catalog.schema.find(groupField).key
        if not catalog.isSorted(key):
            catalog = catalog.copy()
            catalog.sort(key)
        numbers = np.asarray(catalog[key])
        ids, starts = np.unique(numbers, return_index=True)
        ends = [*starts[1:], len(numbers)]
        groups = [catalog[int(a) : int(b)] for a, b in zip(starts, ends, strict=True)]
        return cls(catalog.schema, ids, groups)

    def __init__(self, schema: Schema, ids: Any, groups: Any) -> None:
        self.schema = schema
        self.ids = np.asarray(ids)
        self.groups = np.empty(len(groups), object)
        for index, group in enumerate(groups):
            self.groups[index] = group
        self.count = sum(len(group) for group in groups)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids)

    def __getitem__(self, key: int) -> Any:
        index = int(np.searchsorted(self.ids, key))
        if index == len(self.ids) or self.ids[index] != key:
            raise KeyError(f"Group with ID {key} not found")
        return self.groups[index]

    def where(self, predicate: Callable[[Any], bool]) -> GroupView:
        """Return the groups for whose catalogs a function is true."""
        chosen = np.array([bool(predicate(group)) for group in self.groups], bool)
        return GroupView(self.schema, self.ids[chosen], self.groups[chosen])

    def aggregate(
        self, function: Callable[[Any], Any], field: Any = None, dtype: Any = float
    ) -> NDArray[Any]:
        """Return a value for each group.

        Parameters
        ----------
        function : callable
            Gives the value of a catalog, or of a column of it.
        field : `str` or `Key`, optional
            Which column.
        dtype : optional
            The type of the values.
        """
        key = self._key(field)
        values = [function(group if key is None else group[key]) for group in self.groups]
        return np.array(values, dtype=dtype)

    def apply(
        self, function: Callable[[Any], Any], field: Any = None, dtype: Any = float
    ) -> NDArray[Any]:
        """Return values for each source: see `aggregate`; the function gives an array of them."""
        key = self._key(field)
        result = np.zeros(self.count, dtype=dtype)
        last = 0
        for group in self.groups:
            first, last = last, last + len(group)
            result[first:last] = function(group if key is None else group[key])
        return result

    def _key(self, field: Any) -> Key | None:
        return self.schema.find(field).key if isinstance(field, str) else field


def _unit_vectors(ra: Any, dec: Any) -> NDArray[np.float64]:
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
