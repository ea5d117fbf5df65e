"""Gen2's name of `persistence.gen2types.table.aliasmap`."""

from persistence.gen2types.table.aliasmap import AliasMap

__all__ = ["AliasMap"]
