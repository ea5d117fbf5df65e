"""Matches as catalogs that have the fields of both records, and the fields of two tables as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from persistence.gen2types.table.basecatalog import BaseCatalog
from persistence.gen2types.table.basetable import SimpleTable, SourceTable
from persistence.gen2types.table.catalogs import SimpleCatalog, SourceCatalog
from persistence.gen2types.table.match import ReferenceMatch
from persistence.gen2types.table.schema import Schema
from persistence.gen2types.table.schemamapper import SchemaMapper


def makeMapper(
    sourceSchema: Schema,
    targetSchema: Schema,
    sourcePrefix: str | None = None,
    targetPrefix: str | None = None,
) -> SchemaMapper:
    """Return a mapper of some fields of a schema to a copy of another.

    Parameters
    ----------
    sourceSchema, targetSchema : `Schema`
        The schemas.
    sourcePrefix : `str`, optional
        What the names of the fields begin with, which is dropped; all fields if absent.
    targetPrefix : `str`, optional
        What their names are to begin with.
    """
    mapper = SchemaMapper(sourceSchema, targetSchema)
    for item in sourceSchema:
        name = item.field.getName()
        if sourcePrefix is not None and not name.startswith(sourcePrefix):
            continue
        name = (targetPrefix or "") + name.removeprefix(sourcePrefix or "")
        mapper.addMapping(item.key, item.field.copyRenamed(name), True)
    return mapper


def makeMergedSchema(
    sourceSchema: Schema,
    targetSchema: Schema,
    sourcePrefix: str | None = None,
    targetPrefix: str | None = None,
) -> Schema:
    """Return a schema with the fields of another one added; see `makeMapper`."""
    return makeMapper(sourceSchema, targetSchema, sourcePrefix, targetPrefix).getOutputSchema()


def copyIntoCatalog(
    catalog: BaseCatalog,
    target: BaseCatalog,
    sourceSchema: Schema | None = None,
    sourcePrefix: str | None = None,
    targetPrefix: str | None = None,
) -> None:
    """Copy fields of a catalog to the records, one by one, of another that has these fields.

    Raises
    ------
    ValueError
        If the catalogs differ in length.
    """
    if len(catalog) != len(target):
        raise ValueError(f"Length mismatch: {len(catalog)} vs {len(target)}")
    schema = catalog.schema if sourceSchema is None else sourceSchema
    mapper = makeMapper(schema, target.schema, sourcePrefix, targetPrefix)
    for record, other in zip(catalog, target, strict=True):
        other.assign(record, mapper)


def matchesToCatalog(matches: Sequence[Any], matchMeta: Any) -> BaseCatalog:
    """Return matches as a catalog with the fields of both records.

    Parameters
    ----------
    matches : sequence of `Match`
        The matches, of a reference catalog with a catalog of sources.
    matchMeta : `PropertyList` or None
        The catalog's metadata.

    Returns
    -------
    catalog : `BaseCatalog`
        With ``ref_``, ``src_`` and ``distance``.

    Raises
    ------
    RuntimeError
        If there are no matches.
    """
    if not len(matches):
        raise RuntimeError("No matches provided.")
    merged = makeMergedSchema(matches[0].first.schema, Schema(), targetPrefix="ref_")
    merged = makeMergedSchema(matches[0].second.schema, merged, targetPrefix="src_")
    for record, prefix in ((matches[0].first, "ref_"), (matches[0].second, "src_")):
        merged = copyAliasMapWithPrefix(record.schema, merged, prefix)
    distance = merged.addField("distance", "D", "Distance between ref and src", "rad")
    catalog = BaseCatalog(merged)
    mappers = [
        makeMapper(record.schema, merged, None, prefix)
        for record, prefix in ((matches[0].first, "ref_"), (matches[0].second, "src_"))
    ]
    for match in matches:
        row = catalog.addNew()
        row.assign(match.first, mappers[0])
        row.assign(match.second, mappers[1])
        row.set(distance, match.distance)
    catalog.table.setMetadata(matchMeta)
    return catalog


def denormalizeMatches(matches: Sequence[Any], matchMeta: Any = None) -> BaseCatalog:
    """Return matches as a catalog with the fields of both records; see `matchesToCatalog`."""
    return matchesToCatalog(matches, matchMeta)


def matchesFromCatalog(catalog: BaseCatalog, sourceSlotConfig: Any = None) -> list[ReferenceMatch]:
    """Return the matches that `matchesToCatalog` has made a catalog of.

    Parameters
    ----------
    catalog : `BaseCatalog`
        The catalog.
    sourceSlotConfig : config, optional
        What sets the slots of the sources: it has ``setupSchema(schema)``.
    """
    references = SimpleCatalog(
        makeMergedSchema(catalog.schema, SimpleTable.makeMinimalSchema(), sourcePrefix="ref_")
    )
    sources = SourceCatalog(
        makeMergedSchema(catalog.schema, SourceTable.makeMinimalSchema(), sourcePrefix="src_")
    )
    for target, prefix in ((references, "ref_"), (sources, "src_")):
        target.reserve(len(catalog))
        mapper = makeMapper(catalog.schema, target.schema, prefix)
        target.extend(catalog, mapper=mapper)
    if sourceSlotConfig is not None:
        sourceSlotConfig.setupSchema(sources.schema)
    return [
        ReferenceMatch(reference, source, row["distance"])
        for reference, source, row in zip(references, sources, catalog, strict=True)
    ]


def copyAliasMapWithPrefix(inSchema: Schema, outSchema: Schema, prefix: str = "") -> Schema:
    """Return a schema that has the aliases of another, too, with a prefix before both names."""
    merged = Schema(outSchema)
    merged.disconnectAliases()
    for alias, target in inSchema.getAliasMap().items():
        merged.getAliasMap().set(prefix + alias, prefix + target)
    return merged


def reindexCatalog(catalog: BaseCatalog, indices: Any, deep: bool = True) -> BaseCatalog:
    """Return the records at some places, in their order.

    Parameters
    ----------
    catalog : `BaseCatalog`
        The records.
    indices : sequence of `int`
        The places.
    deep : `bool`, optional
        Whether the records are copied.
    """
    chosen = type(catalog)(catalog.table.clone() if deep else catalog.table)
    chosen.extend(catalog.subset(np.asarray(indices, int)), deep)
    return chosen
