"""Gen2's name of `persistence.gen2types.table.schemamapper`."""

from persistence.gen2types.table.schemamapper import SchemaMapper

__all__ = ["SchemaMapper"]
