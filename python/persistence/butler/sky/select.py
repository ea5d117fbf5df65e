"""Which exposures, patches and shards have positions in common with regions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from persistence.butler.sky import layers as its_layers
from persistence.butler.sky import patches
from persistence.errors import DataIdError
from persistence.sky import polygon
from persistence.sky.polygon import Vectors
from persistence.sky.regions import Region

if TYPE_CHECKING:
    from persistence.butler.sky.layers import Layers
    from persistence.sky.store import Store
    from persistence.skymap.base import SkyMap

# The levels of shards that reference catalogs may have.
_LEVELS = range(1, 13)
PIXEL = "pixel_id"


class Selected(NamedTuple):
    """Data on some regions.

    Attributes
    ----------
    keys : `tuple` [`str`]
        The keys that select them.
    fractions : mapping
        By the values of these keys: the fraction of the regions that is covered; None where the
        regions have no polygon.
    """

    keys: tuple[str, ...]
    fractions: Mapping[tuple[Any, ...], float | None]


class Covering:
    """The fractions of regions that are covered by others.

    Parameters
    ----------
    regions : sequence of `Region`
        The regions.
    """

    def __init__(self, regions: Sequence[Region]) -> None:
        self.regions = regions
        wholes = [region.vertices() for region in regions]
        self._wholes = [whole for whole in wholes if whole is not None]
        self._areas = [float(polygon.areas(whole[None])[0]) for whole in self._wholes]
        self.has_area = bool(regions) and len(self._wholes) == len(regions)

    def fractions(self, parts: Sequence[Vectors]) -> list[float | None]:
        """Return the fraction of the regions that each polygon covers; None without an area."""
        if not self.has_area or not parts:
            return [None] * len(parts)
        common = np.zeros(len(parts))
        for whole, area in zip(self._wholes, self._areas, strict=True):
            common += polygon.covered(whole, parts) * area
        return [round(float(each), 6) for each in common / sum(self._areas)]


def exposures(
    store: Store,
    layers: Layers,
    regions: Sequence[Region],
    highest: int,
    tract: int | None = None,
    lowest: int = 0,
) -> dict[str, float | None]:
    """Return the exposures, as JSON, on regions, with the fraction of the regions they cover."""
    contents: dict[str, bytes] = {}
    for region in regions:
        for exposure, content, _ in store.near(region.bounds(), lowest, highest, tract):
            if exposure not in contents and region.intersects(content):
                contents[exposure] = content
    parts = [polygon.from_bytes(content) for content in contents.values()]
    fractions = Covering(regions).fractions(parts)
    return dict(zip(contents, fractions, strict=True))


def on_patches(skymap: SkyMap, regions: Sequence[Region], by_patch: bool) -> Selected:
    """Return the tracts, or tracts and patches, on regions."""
    parts: dict[tuple[Any, ...], Vectors] = {}
    for region in regions:
        if by_patch:
            for number, name, vertices in patches.patches(skymap, region):
                parts[number, name] = vertices
        else:
            for tract in patches.tracts(skymap, region):
                parts[tract.tract_id,] = patches.outline(tract)
    parts = dict(sorted(parts.items(), key=lambda item: _order(item[0])))
    fractions = Covering(regions).fractions(list(parts.values()))
    keys = ("tract", "patch") if by_patch else ("tract",)
    return Selected(keys, dict(zip(parts, fractions, strict=True)))


def _order(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the order of patches: row by row."""
    return (
        (values[0], *reversed([int(each) for each in values[1].split(",")]))
        if values[1:]
        else values
    )


def on_shards(regions: Sequence[Region], shards: Iterable[Any]) -> Selected:
    """Return the existing shards of reference catalogs on regions, by their HTM indices."""
    module, chosen = polygon.sphgeom(), dict[tuple[Any, ...], float | None]()
    for shard in shards:
        if not str(shard).isdigit():  # beside the shards lies ``master_schema``
            continue
        number = int(shard)
        content = module.HtmPixelization(level_of(number)).triangle(number).encode()[1:]
        if any(region.intersects(content) for region in regions):
            chosen[shard,] = None
    return Selected((PIXEL,), chosen)


def level_of(number: int) -> int:
    """Return the level of an HTM index: its leading bits are 1 and the root triangle.

    Raises
    ------
    DataIdError
        If it is not one.
    """
    level = (number.bit_length() - 4) // 2
    if number.bit_length() % 2 or level not in _LEVELS:
        raise DataIdError(f"{PIXEL}={number} is not an HTM index")
    return level


def by_keys(layers: Layers, found: Mapping[str, float | None], keys: Iterable[str]) -> Selected:
    """Return exposures by those of their keys that a dataset type has.

    A type of whole visits is selected if one of its exposures is; their fractions add up.
    """
    names = {its_layers.renamed(key): key for key in keys}
    places = [place for place, key in enumerate(layers.identity) if key in names]
    fractions: dict[tuple[Any, ...], float | None] = {}
    for exposure, fraction in found.items():
        values = json.loads(exposure)
        chosen = tuple(values[place] for place in places)
        before = fractions.get(chosen)
        fractions[chosen] = fraction if before is None else min(1.0, before + (fraction or 0.0))
    return Selected(tuple(names[layers.identity[place]] for place in places), fractions)
