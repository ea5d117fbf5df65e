"""The shapes of datasets on the sky: their polygons, their union, and hulls of catalogs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from persistence.butler.sky import layers as its_layers
from persistence.butler.sky import patches, select
from persistence.dataids.dataid import text
from persistence.errors import DataIdError, NoResults
from persistence.files import extras
from persistence.sky import depth as its_depth
from persistence.sky import polygon
from persistence.sky.regions import Outline, Polygon

if TYPE_CHECKING:
    from persistence.butler.sky.layers import Layers
    from persistence.sky.depth import Depth
    from persistence.sky.store import Store
    from persistence.skymap.base import SkyMap

# Names of positions in catalogs, in radians (afw's) and degrees, unless columns have units.
_POSITIONS = (("coord_ra", "coord_dec", "rad"), ("ra", "dec", "deg"))
# Orders of MOCs that mocpy knows.
_ORDERS = range(30)


class Shape(NamedTuple):
    """A dataset with its regions.

    Attributes
    ----------
    dataId : `dict`
        Its data ID, and other columns that were asked for.
    regions : `tuple` [`Outline`]
        Its region, of whole visits those of all exposures; empty if it is unknown.
    """

    dataId: dict[str, Any]
    regions: tuple[Outline, ...]


def shapes(
    name: str,
    keys: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    store: Store,
    layers: Layers,
    highest: int,
    skymap: Callable[[], SkyMap],
) -> Iterator[Shape]:
    """Yield datasets with their regions.

    Parameters
    ----------
    name : `str`
        The dataset type.
    keys : sequence of `str`
        The keys of its data IDs.
    rows : iterable of mapping
        The datasets.
    store, layers : `Store`, `Layers`
        The regions of exposures, and their types.
    highest : `int`
        The highest rank of regions that counts.
    skymap : callable
        Returns the sky map.

    Raises
    ------
    DataIdError
        If the type has no position on the sky.
    """
    renamed = {its_layers.renamed(key) for key in keys}
    if set(layers.identity) <= renamed:
        regions: Callable[[Mapping[str, Any]], Iterable[bytes]] = _of_exposures(
            store, layers, highest
        )
    elif "visit" in renamed & set(layers.identity) and "patch" not in keys:
        regions = _of_visits(store, layers, highest)
    elif "tract" in keys:  # a warp of a visit, too, has the pixels of its patch
        regions = _of_map(skymap())
    elif select.PIXEL in keys:
        regions = _of_shard
    else:
        raise DataIdError(
            f"{name} has no position on the sky: its data ID has {', '.join(keys) or 'no key'}"
        )
    for row in rows:
        yield Shape(dict(row), tuple(map(Outline, regions(row))))


def _of_exposures(
    store: Store, layers: Layers, highest: int
) -> Callable[[Mapping[str, Any]], list[bytes]]:
    def regions(row: Mapping[str, Any]) -> list[bytes]:
        exposure = json.dumps(layers.exposure(row), default=str)
        tract = row.get("tract")
        best = store.of_exposures([exposure], 0, highest, tract)
        return [content for content, _ in best.values()]

    return regions


def _of_visits(
    store: Store, layers: Layers, highest: int
) -> Callable[[Mapping[str, Any]], list[bytes]]:
    place = layers.identity.index("visit")
    exposures: dict[Any, list[str]] = {}
    for (one,) in store.connection.execute("SELECT DISTINCT exposure FROM regions ORDER BY 1"):
        values = json.loads(one)
        if values:
            exposures.setdefault(values[place], []).append(one)

    def regions(row: Mapping[str, Any]) -> list[bytes]:
        visit = next(row[key] for key in row if its_layers.renamed(key) == "visit")
        best = store.of_exposures(exposures.get(visit, []), 0, highest)
        return [content for content, _ in best.values()]

    return regions


def _of_map(skymap: SkyMap) -> Callable[[Mapping[str, Any]], list[bytes]]:
    def regions(row: Mapping[str, Any]) -> list[bytes]:
        tract = skymap[row["tract"]]
        if "patch" not in row:
            return [polygon.to_bytes(patches.outline(tract))]
        every = patches.outlines(tract)
        place = every.names.index(tract[row["patch"]].name)
        return [polygon.to_bytes(every.vertices[place])]

    return regions


def _of_shard(row: Mapping[str, Any]) -> list[bytes]:
    number = str(row[select.PIXEL])
    if not number.isdigit():  # beside the shards lies ``master_schema``
        return []
    level = select.level_of(int(number))
    return [polygon.sphgeom().HtmPixelization(level).triangle(int(number)).encode()[1:]]


# -- the union
# -------------------------------------------------------------------------------


def moc(every: Iterable[Shape], order: int) -> Any:
    """Return the union of regions as a `mocpy.MOC`.

    Parameters
    ----------
    every : iterable of `Shape`
        The datasets.
    order : `int`
        The order of its smallest cells.

    Raises
    ------
    DataIdError
        If the order is not one of MOCs.
    MissingExtra
        If mocpy is not installed.
    """
    if isinstance(order, bool) or order not in _ORDERS:
        raise DataIdError(f"order={order!r}: expected a whole number, 0 to {_ORDERS[-1]}")
    with extras.needed("mocpy", "A MOC"):
        from mocpy import MOC
    from astropy.coordinates import SkyCoord

    distinct = {region.content for shape in every for region in shape.regions}
    corners = [SkyCoord(*polygon.radec(polygon.from_bytes(one)), unit="deg") for one in distinct]
    empty = MOC.new_empty(order)
    return empty.union(*MOC.from_polygons(corners, max_depth=order)) if corners else empty


def depth(every: Sequence[Shape], order: int, weight: str | None = None) -> Depth:
    """Return a map of the numbers of datasets, or of the sums of a column.

    Raises
    ------
    DataIdError
        If a value of the column is not a number.
    """
    values = None if weight is None else [_number(weight, shape.dataId) for shape in every]
    outlines = [[region.vertices() for region in shape.regions] for shape in every]
    return its_depth.depth(outlines, order, values)


def _number(name: str, row: Mapping[str, Any]) -> float:
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataIdError(f"{name}={value!r} of {text(row)}: expected a column of numbers")
    return float(value)


# -- catalogs
# -----------------------------------------------------------------------------------


def hull(name: str, data_id: Mapping[str, Any], catalog: Any) -> Polygon:
    """Return the convex hull of the positions of a catalog.

    Parameters
    ----------
    name, data_id
        The dataset, for messages.
    catalog : `~astropy.table.Table`
        With columns ``coord_ra`` and ``coord_dec``, or ``ra`` and ``dec``.

    Raises
    ------
    DataIdError
        If it has no such columns.
    NoResults
        If fewer than three sources have a position.
    """
    names = list(getattr(catalog, "colnames", None) or getattr(catalog, "columns", None) or ())
    columns = next((one for one in _POSITIONS if set(one[:2]) <= set(names)), None)
    if columns is None:
        raise DataIdError(
            f"{name} {text(data_id)} has no positions: expected columns coord_ra and coord_dec, or "
            "ra and dec"
        )
    ra, dec = (_degrees(catalog[one], columns[2]) for one in columns[:2])
    known = np.isfinite(ra) & np.isfinite(dec)
    if known.sum() < 3:
        reasons = [f"{known.sum()} of {len(known)} sources have a position; a hull needs 3"]
        raise NoResults("No hull of:", name, dict(data_id), reasons)
    return Polygon(list(zip(ra[known].tolist(), dec[known].tolist(), strict=True)))


def _degrees(column: Any, unit: str) -> Any:
    values = column.to_value("deg") if hasattr(column, "to_value") else column
    if values is column and unit == "rad":
        return np.degrees(np.asarray(column, float))
    return np.asarray(values, float)
