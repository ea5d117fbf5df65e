"""Gen2's name of `persistence.gen2types.table.names`."""

from persistence.gen2types.table.names import (
    SOURCE_IO_NO_FOOTPRINTS,
    SOURCE_IO_NO_HEAVY_FOOTPRINTS,
    SourceCatalog,
    SourceColumnView,
    SourceRecord,
    SourceTable,
)

__all__ = [
    "SOURCE_IO_NO_FOOTPRINTS",
    "SOURCE_IO_NO_HEAVY_FOOTPRINTS",
    "SourceCatalog",
    "SourceColumnView",
    "SourceRecord",
    "SourceTable",
]
