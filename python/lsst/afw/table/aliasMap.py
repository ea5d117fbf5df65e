"""Gen2's name of `persistence.gen2types.table.schema`."""

from persistence.gen2types.table.schema import AliasMap

__all__ = ["AliasMap"]
