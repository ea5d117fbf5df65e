"""`BaseTable`: the schema and metadata of records, which also creates new ones."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from persistence.gen2types import wrap
from persistence.gen2types.table.block import Block
from persistence.gen2types.table.functorkeys import CoordKey
from persistence.gen2types.table.idfactory import IdFactory
from persistence.gen2types.table.keys import Key
from persistence.gen2types.table.records import BaseRecord
from persistence.gen2types.table.schema import Schema
from persistence.gen2types.table.slots import SlotDefinitions
from persistence.gen2types.table.sources import SimpleRecord, SourceRecord


class BaseTable:
    """A schema, metadata, and the memory of new records.

    Parameters
    ----------
    schema : `Schema`
        The fields; the table has a copy.

    Attributes
    ----------
    block : `Block`
        Where new records go.
    """

    Record: ClassVar[type[BaseRecord]] = BaseRecord
    counts: ClassVar[bool] = False  # whether new records get a number

    def __init__(self, schema: Schema) -> None:
        missing = [name for name in self.makeMinimalSchema().getNames() if name not in schema]
        if missing:
            from persistence.gen2types.exceptions import InvalidParameterError

            raise InvalidParameterError(
                f"Schema for {type(self).__name__} must contain at least the keys defined by "
                f"makeMinimalSchema(): it lacks {', '.join(sorted(missing))}"
            )
        self._schema = Schema(schema)
        self._schema.disconnectAliases()
        self._metadata: Any = None
        self._ids: IdFactory | None = None
        self.block = Block(self._schema)
        self.block.table = self

    @classmethod
    def make(cls, schema: Schema, idFactory: IdFactory | None = None) -> Self:
        """Return a table.

        Parameters
        ----------
        schema : `Schema`
            The fields, among which those of `makeMinimalSchema` must be.
        idFactory : `IdFactory`, optional
            The numbers of new records: 1, 2, 3 ... if absent.
        """
        table = cls(schema)
        if cls.counts:
            table._ids = IdFactory.makeSimple() if idFactory is None else idFactory
        return table

    @classmethod
    def makeMinimalSchema(cls) -> Schema:
        """Return the required fields of such a table."""
        return Schema()

    @classmethod
    def checkSchema(cls, other: Schema) -> bool:
        return cls.makeMinimalSchema().getNames() <= other.getNames()

    def clone(self) -> Self:
        """Return a table with the same schema, metadata and next number, and no records."""
        copied = type(self)(self._schema)
        copied._metadata = self._metadata
        copied._ids = None if self._ids is None else self._ids.clone()
        return copied

    @property
    def schema(self) -> Schema:
        """The fields."""
        return self._schema

    def getSchema(self) -> Schema:
        return self._schema

    # -- records
    def makeRecord(self) -> Any:
        """Return a new record, which is in no catalog."""
        record: Any = self.Record(self, self.block, self.block.add()[0])
        if self._ids is not None:
            record.setId(self._ids())
        return record

    def copyRecord(self, record: BaseRecord, mapper: Any = None) -> Any:
        """Return a new record with the values of another, or those that a mapper maps."""
        copied = self.Record(self, self.block, self.block.add()[0])
        copied.assign(record, mapper)
        return copied

    def preallocate(self, n: int) -> None:
        """Reserve memory for some records."""
        self.block.reserve(n)

    def getBufferSize(self) -> int:
        return self.block.spare

    def getVersion(self) -> int:
        return 3

    # -- metadata
    def getMetadata(self) -> Any:
        """Return the metadata, a `PropertyList`; None if there are none."""
        return self._metadata

    def setMetadata(self, metadata: Any) -> None:
        self._metadata = None if metadata is None else wrap(metadata)

    def popMetadata(self) -> Any:
        metadata, self._metadata = self._metadata, None
        return metadata

    @property
    def metadata(self) -> Any:
        """The metadata."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: Any) -> None:
        self.setMetadata(metadata)

    # -- numbers of records
    def getIdFactory(self) -> IdFactory | None:
        return self._ids

    def setIdFactory(self, factory: IdFactory | None) -> None:
        self._ids = factory


class SimpleTable(BaseTable):
    """A table of rows with a number and a position."""

    Record = SimpleRecord
    counts = True

    @classmethod
    def makeMinimalSchema(cls) -> Schema:
        schema = Schema()
        schema.addField("id", "L", "unique ID")
        CoordKey.addFields(schema, "coord", "position in ra/dec")
        return schema

    @staticmethod
    def getIdKey() -> Key:
        return SimpleTable.makeMinimalSchema().find("id").key

    @staticmethod
    def getCoordKey() -> CoordKey:
        return CoordKey(SimpleTable.makeMinimalSchema()["coord"])


class SourceTable(SlotDefinitions, SimpleTable):
    """A table of measured sources."""

    Record = SourceRecord

    @classmethod
    def makeMinimalSchema(cls) -> Schema:
        schema = SimpleTable.makeMinimalSchema()
        schema.addField("parent", "L", "unique ID of parent source")
        return schema

    @staticmethod
    def getParentKey() -> Key:
        return SourceTable.makeMinimalSchema().find("parent").key
