"""Gen2's name of `persistence.gen2types.table.catalogmatches`."""

from persistence.gen2types.table.catalogmatches import (
    copyAliasMapWithPrefix,
    copyIntoCatalog,
    makeMapper,
    makeMergedSchema,
    matchesFromCatalog,
    matchesToCatalog,
    reindexCatalog,
)

__all__ = [
    "copyAliasMapWithPrefix",
    "copyIntoCatalog",
    "makeMapper",
    "makeMergedSchema",
    "matchesFromCatalog",
    "matchesToCatalog",
    "reindexCatalog",
]
