"""Gen2's name of `persistence.gen2types.table.names`."""

from persistence.gen2types.table.names import SimpleCatalog, SimpleRecord, SimpleTable

__all__ = ["SimpleCatalog", "SimpleRecord", "SimpleTable"]
