"""Gen2's name of `persistence.gen2types.table.names`."""

from persistence.gen2types.table.names import Field, Key, Schema, SchemaItem, SubSchema

__all__ = ["Field", "Key", "Schema", "SchemaItem", "SubSchema"]
