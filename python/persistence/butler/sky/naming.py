"""Which regions keywords name: a patch, a tract, or the exposures that a data ID matches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.butler.sky import layers as its_layers
from persistence.butler.sky import overlaps
from persistence.dataids.dataid import plain
from persistence.errors import DataIdError, NoResults
from persistence.sky.regions import Outline

if TYPE_CHECKING:
    from persistence.butler.sky.layers import Layers
    from persistence.sky.regions import Region
    from persistence.sky.store import Store
    from persistence.skymap.base import SkyMap


class Named(NamedTuple):
    """Regions that keywords name.

    Attributes
    ----------
    regions : `list` [`Region`]
        The regions.
    rest : `dict`
        Keywords that are further conditions.
    without : `frozenset` [`str`]
        The exposures, as JSON, that the regions are of: they do not count as on themselves.
    """

    regions: list[Region]
    rest: dict[str, Any]
    without: frozenset[str] = frozenset()


def regions(
    store: Store,
    layers: Layers,
    where: Mapping[str, Any],
    highest: int,
    is_on_map: bool,
    skymap: Callable[[], SkyMap],
) -> Named:
    """Return the regions that keywords name.

    Parameters
    ----------
    store, layers : `Store`, `Layers`
        The regions of exposures, and their types.
    where : mapping
        The keywords.
    highest : `int`
        The highest rank of regions that counts.
    is_on_map : `bool`
        Whether the wanted type has tracts itself; see `overlaps.data_id_parts`.
    skymap : callable
        Returns the sky map.

    Raises
    ------
    DataIdError
        If they name none.
    NoResults
        If they name exposures without a region.
    """
    patch, exposure, rest = overlaps.data_id_parts(where, layers, is_on_map)
    if patch and not exposure:
        return Named([Outline(overlaps.of_map(skymap(), patch))], rest)
    if not exposure:
        names = " or ".join(layers.identity) or "visit"
        raise DataIdError(f"no region is named: expected tract and patch, {names}, or region=")
    its = _exposures(store, layers, exposure)
    best = store.of_exposures(its, 0, highest, patch.get("tract"))
    if not best:
        reasons = sorted({problem for one in its for problem in store.problems(one)})
        reasons = reasons or ["it is not known"]
        raise NoResults("No region of:", "exposure", dict(exposure), reasons)
    return Named([Outline(content) for content, _ in best.values()], rest, frozenset(its))


def _exposures(store: Store, layers: Layers, exposure: Mapping[str, Any]) -> list[str]:
    """Return the exposures, as JSON, that a data ID matches."""
    values = {its_layers.renamed(key): plain(value) for key, value in exposure.items()}
    names = layers.identity
    if set(values) == set(names):
        return [json.dumps([values[name] for name in names])]
    conditions = " AND ".join(
        f"json_extract(exposure, '$[{names.index(name)}]') = ?" for name in values
    )
    rows = store.connection.execute(
        f"SELECT DISTINCT exposure FROM regions WHERE {conditions} ORDER BY exposure",  # noqa: S608
        list(values.values()),
    )
    return [text for (text,) in rows]
