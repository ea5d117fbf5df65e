"""Gen2's name of `persistence.gen2types.table.idfactory`."""

from persistence.gen2types.table.idfactory import IdFactory

__all__ = ["IdFactory"]
