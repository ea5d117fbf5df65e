"""Which datasets of a type lie on regions: rows with data IDs, and the fraction that is covered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.butler.asking.answer import keys as keys_of
from persistence.butler.asking.rows import Rows
from persistence.butler.sky import layers as its_layers
from persistence.butler.sky import select
from persistence.butler.sky.select import Selected
from persistence.dataids import expression
from persistence.dataids.dataid import cast
from persistence.errors import DataIdError, UnknownKey, did_you_mean

if TYPE_CHECKING:
    from persistence.butler.asking.question import Question
    from persistence.butler.sky.asked import Queried
    from persistence.butler.sky.layers import Layers
    from persistence.sky.regions import Region
    from persistence.sky.store import Store
    from persistence.skymap.base import SkyMap

COVERED, EXISTS = "covered", "exists"
_PATCH = frozenset({"tract", "patch"})
Row = tuple[Any, ...]


class Overlapping(NamedTuple):
    """The datasets of a type that lie on regions.

    Attributes
    ----------
    butler : `Butler`
        The Butler.
    store, layers : `Store`, `Layers`
        The regions of exposures, and their types.
    question : `Question`
        All datasets of the type.
    regions : sequence of `Region`
        The regions.
    where : mapping
        Further required values of columns.
    highest : `int`
        The highest rank of regions that counts.
    tract : `int` or None
        The tract whose fits count.
    without : `frozenset` of `str`
        Exposures, as JSON, that are left out.
    fresh : `bool`
        Whether directories are compared with the index first.
    """

    butler: Queried
    store: Store
    layers: Layers
    question: Question
    regions: Sequence[Region]
    where: Mapping[str, Any]
    highest: int
    tract: int | None = None
    without: frozenset[str] = frozenset()
    fresh: bool = True

    @property
    def name(self) -> str:
        """The dataset type."""
        return self.question.request.datasetType

    def exposures(self) -> dict[str, float | None]:
        """Return the exposures on the regions, with the covered fraction."""
        every = select.exposures(self.store, self.layers, self.regions, self.highest, self.tract)
        return {one: part for one, part in every.items() if one not in self.without}

    def selected(self, skymap: Any) -> Selected:
        """Return partial data IDs of the type; ``skymap`` returns the sky map.

        Raises
        ------
        DataIdError
            If the type has no position on the sky.
        """
        keys = keys_of(self.question)
        common = {its_layers.renamed(key) for key in keys} & set(self.layers.identity)
        if not common and "tract" in keys:
            return select.on_patches(skymap(), self.regions, "patch" in keys)
        if select.PIXEL in keys:
            rows = self.butler.query(self.name, columns=select.PIXEL, distinct=True)
            return select.on_shards(self.regions, (number for (number,) in rows.tuples()))
        # a bias has a detector, and is nowhere
        if not common or ("visit" in self.layers.identity and "visit" not in common):
            raise DataIdError(
                f"{self.name} has no position on the sky: its data ID ({', '.join(keys)}) has "
                f"neither {' and '.join(self.layers.identity) or 'an exposure'}, nor a tract, nor "
                f"a {select.PIXEL}"
            )
        return select.by_keys(self.layers, self.exposures(), keys)

    # -- rows
    # ------------------------------------------------------------------------------

    def rows(self, skymap: Any) -> Rows:
        """Return the rows, with the column ``covered``."""
        keys = keys_of(self.question)
        kinds = {key: self.question.kinds[key] for key in keys}
        is_planned = _PATCH.issuperset(set(keys) - {"filter"}) and "tract" in keys
        if is_planned:
            return self._planned(kinds, skymap)
        self._check()
        if self.name in self.layers.questions:
            ask: Any = self._of_layer
        else:

            def ask(keys: Sequence[str]) -> Iterator[Row]:
                return self._queried(keys, self.selected(skymap))

        return Rows(self.name, {**kinds, COVERED: float}, lambda: ask(keys))

    def existing(self, skymap: Any) -> Rows:
        """Return the rows of existing datasets, without a fraction."""
        self._check()
        keys = keys_of(self.question)
        kinds = {key: self.question.kinds[key] for key in keys}

        def ask() -> Iterator[Row]:
            if self.name in self.layers.questions:
                rows = self._of_layer(keys)
            else:
                rows = self._queried(keys, self.selected(skymap))
            return (row[:-1] for row in rows)

        return Rows(self.name, kinds, ask)

    def _check(self) -> None:
        kinds = self.question.kinds
        for name in self.where:
            if name not in kinds:
                known = ", ".join(kinds)
                raise UnknownKey(
                    f"{self.name} has no column {name!r}"
                    f"{did_you_mean(name, kinds) or f' (it has {known})'}"
                )

    def _of_layer(self, keys: Sequence[str]) -> Iterator[Row]:
        """Yield rows of a type with regions of its own, from the file of regions alone."""
        fractions = self.exposures()
        wanted = {
            name: _values(name, value, self.question.kinds) for name, value in self.where.items()
        }
        rows = []
        for exposure, text in self.store.of_type(self.name, fractions):
            row = json.loads(text)
            if all(row.get(name) in values for name, values in wanted.items()):
                rows.append((*(row.get(key) for key in keys), fractions[exposure]))
        yield from sorted(rows, key=lambda row: [(value is not None, value) for value in row[:-1]])

    def _queried(self, keys: Sequence[str], chosen: Selected) -> Iterator[Row]:
        if not chosen.fractions:
            return
        condition = expression.of_rows(chosen.keys, chosen.fractions)
        rows = self.butler.query(self.name, condition, list(keys), self.where, fresh=self.fresh)
        places = [list(keys).index(key) for key in chosen.keys]
        for row in rows.tuples():
            yield *row, chosen.fractions[tuple(row[place] for place in places)]

    def _planned(self, kinds: Mapping[str, type], skymap: Any) -> Rows:
        """Return rows of patches, whether the dataset exists or not."""
        keys = [key for key in kinds if key in _PATCH]
        bands = [key for key in kinds if key not in _PATCH]
        for key in self.where:
            if key not in kinds:
                raise UnknownKey(f"{self.name} has no key {key!r}{did_you_mean(key, kinds)}")
        wanted = {name: _values(name, value, kinds) for name, value in self.where.items()}

        def ask() -> Iterator[Row]:
            chosen = self.selected(skymap)
            its_bands = {key: self.where[key] for key in bands if key in self.where}
            existing = (
                {
                    tuple(row[key] for key in keys)
                    for row in self.butler.query(
                        self.name, None, keys, its_bands, distinct=True, fresh=self.fresh
                    )
                }
                if chosen.fractions
                else set()
            )
            for values, fraction in chosen.fractions.items():
                row = dict(zip(chosen.keys, values, strict=True))
                if all(row[key] in wanted[key] for key in keys if key in wanted):
                    its = tuple(row[key] for key in keys)
                    yield *its, fraction, its in existing

        return Rows(
            self.name, {**{key: kinds[key] for key in keys}, COVERED: float, EXISTS: bool}, ask
        )


def _values(name: str, value: Any, kinds: Mapping[str, type]) -> frozenset[Any]:
    """Return the permitted values of a column."""
    value = value.tolist() if hasattr(value, "tolist") else value
    several = value if isinstance(value, list | tuple | set | frozenset | range) else [value]
    kind = kinds.get(name, str)
    return frozenset(
        cast(name, each, kind) if kind in (int, float, str) and each is not None else each
        for each in several
    )


def data_id_parts(
    where: Mapping[str, Any], layers: Layers, is_on_map: bool
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the parts of a call's keywords: of a patch, of an exposure, and further conditions.

    Parameters
    ----------
    where : mapping
        The keywords.
    layers : `Layers`
        The types with regions.
    is_on_map : `bool`
        Whether the wanted type has tracts itself: then the keywords name an exposure, and
        ``tract`` is a condition.
    """
    patch, exposure, rest = dict[str, Any](), dict[str, Any](), dict[str, Any]()
    for key, value in where.items():
        if key in _PATCH and not is_on_map:
            patch[key] = value
        elif its_layers.renamed(key) in layers.identity:
            exposure[key] = value
        else:
            rest[key] = value
    if "patch" in patch and "tract" not in patch:
        raise DataIdError(f"patch={patch['patch']!r}: a patch needs its tract")
    return patch, exposure, rest


def of_map(skymap: SkyMap, patch: Mapping[str, Any]) -> bytes:
    """Return the polygon of a tract, or of a patch with its border."""
    from persistence.butler.sky import patches
    from persistence.sky import polygon

    tract = skymap[patch["tract"]]
    if "patch" not in patch:
        return polygon.to_bytes(patches.outline(tract))
    every = patches.outlines(tract)
    name = tract[patch["patch"]].name
    return polygon.to_bytes(every.vertices[every.names.index(name)])
