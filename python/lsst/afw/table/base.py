"""Gen2's name of `persistence.gen2types.table.names`."""

from persistence.gen2types.table.names import BaseCatalog, BaseColumnView, BaseRecord, BaseTable

__all__ = ["BaseCatalog", "BaseColumnView", "BaseRecord", "BaseTable"]
