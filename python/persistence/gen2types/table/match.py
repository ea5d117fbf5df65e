"""`matchRaDec` and `matchXy`: which records of two catalogs are of the same source."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from persistence.errors import warn_caller
from persistence.gen2types.table.basecatalog import BaseCatalog
from persistence.gen2types.table.basetable import BaseTable
from persistence.gen2types.table.neighbours import Numbers, Pairs, closest, near
from persistence.gen2types.table.schema import Schema
from persistence.gen2types.table.sources import SourceRecord


class Match:
    """Two records, and their distance.

    Attributes
    ----------
    first, second : record
        The records; ``second`` may be None.
    distance : `float`
        In radians, or in pixels.
    """

    __slots__ = ("distance", "first", "second")

    def __init__(self, first: Any = None, second: Any = None, distance: float = 0.0) -> None:
        self.first, self.second, self.distance = first, second, distance

    def clone(self) -> Match:
        return type(self)(self.first, self.second, self.distance)

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        """Return the first record, the second one, or the distance."""
        return (self.first, self.second, self.distance)[index]

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, ("first", "second", "distance")[index], value)

    def __repr__(self) -> str:
        numbers = [
            None if record is None else record.getId() for record in (self.first, self.second)
        ]
        return f"{type(self).__name__}({numbers[0]}, {numbers[1]}, {self.distance:g})"


class SimpleMatch(Match):
    """Two records with positions."""


class ReferenceMatch(Match):
    """A reference source, and the source that was measured."""


class SourceMatch(Match):
    """Two sources."""


class MatchControl:
    """How records are matched.

    Attributes
    ----------
    findOnlyClosest : `bool`
        Whether a record has one match, the nearest one.
    symmetricMatch : `bool`
        Whether matches within one catalog are given in both directions.
    includeMismatches : `bool`
        Whether records without a match are given, with None.
    """

    def __init__(self) -> None:
        self.findOnlyClosest = True
        self.symmetricMatch = True
        self.includeMismatches = False


def _control(given: Any, attribute: str) -> MatchControl:
    if isinstance(given, MatchControl):
        return given
    control = MatchControl()
    if given is not None:
        setattr(control, attribute, bool(given))
    return control


def matchRaDec(cat1: Any, cat2: Any, radius: Any = None, mc: Any = None, **named: Any) -> list[Any]:
    """Match records by their positions on the sky.

    Parameters
    ----------
    cat1 : `SimpleCatalog`
        A catalog.
    cat2 : `SimpleCatalog`, optional
        Another; if it is left out, records are matched with others of the same catalog.
    radius : `Angle`
        How near they must be.
    mc : `MatchControl` or `bool`, optional
        How they are matched; or whether only the closest, or of one catalog both directions, count.

    Returns
    -------
    matches : `list` [`Match`]
        By declination of the first record. Distances are in radians.
    """
    return _matched(cat1, cat2, radius, mc, named, _on_sky, _angle)


def matchXy(cat1: Any, cat2: Any, radius: Any = None, mc: Any = None, **named: Any) -> list[Any]:
    """Match sources by their centroids; see `matchRaDec`. The radius is in pixels."""
    return _matched(cat1, cat2, radius, mc, named, _on_image, np.sqrt)


def _matched(
    cat1: Any,
    cat2: Any,
    radius: Any,
    mc: Any,
    named: dict[str, Any],
    positions: Callable[[Any], Numbers],
    distance: Callable[[Numbers], Numbers],
) -> list[Any]:
    if not isinstance(cat2, BaseCatalog):
        return _within(cat1, cat2, radius if mc is None else mc, named, positions, distance)
    control = _control(named.get("closest", mc), "findOnlyClosest")
    pairs = near(positions(cat1), positions(cat2), _reach(radius, positions))
    if control.findOnlyClosest:
        pairs = closest(pairs)
    kind = _kind(cat1, cat2)
    matches = [
        kind(cat1[int(first)], cat2[int(two)], float(away))
        for first, two, away in zip(pairs.first, pairs.second, distance(pairs.squares), strict=True)
    ]
    if control.includeMismatches:
        matched = set(pairs.first.tolist())
        matches += [
            kind(record, None, float("nan"))
            for index, record in enumerate(cat1)
            if index not in matched
        ]
    return matches


def _within(
    catalog: Any,
    radius: Any,
    mc: Any,
    named: dict[str, Any],
    positions: Callable[[Any], Numbers],
    distance: Callable[[Numbers], Numbers],
) -> list[Any]:
    """Match the records of one catalog with each other."""
    control = _control(named.get("symmetric", mc), "symmetricMatch")
    places = positions(catalog)
    pairs: Pairs = near(places, places, _reach(radius, positions))
    kind = _kind(catalog, catalog)
    rank = np.empty(len(places), np.intp)
    rank[np.argsort(places[:, -1], kind="stable")] = np.arange(len(places))
    matches = []
    for first_row, two, away in zip(*pairs[:2], distance(pairs.squares), strict=True):
        if rank[first_row] < rank[two]:
            first, second = catalog[int(first_row)], catalog[int(two)]
            matches.append(kind(first, second, float(away)))
            if control.symmetricMatch:
                matches.append(kind(second, first, float(away)))
    return matches


def _kind(first: BaseCatalog, second: BaseCatalog) -> type[Match]:
    sources = [issubclass(each.Record, SourceRecord) for each in (first, second)]
    if all(sources):
        return SourceMatch
    return ReferenceMatch if sources[1] else SimpleMatch


def _on_sky(catalog: Any) -> Numbers:
    """Return positions as unit vectors; the last coordinate is that towards the pole."""
    ra, dec = (np.asarray(catalog.column(name)) for name in ("coord_ra", "coord_dec"))
    if not (np.isfinite(ra) & np.isfinite(dec)).all():
        warn_caller("At least one source had ra or dec equal to NaN", UserWarning)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def _on_image(catalog: Any) -> Numbers:
    return np.stack([np.asarray(catalog.getX()), np.asarray(catalog.getY())], axis=1)


def _reach(radius: Any, positions: Callable[[Any], Numbers]) -> float:
    """Return the largest distance of two positions; on the sky, that of unit vectors."""
    number = float(radius)
    return 2 * float(np.sin(min(number, np.pi) / 2)) if positions is _on_sky else number


def _angle(squares: Numbers) -> Numbers:
    return 2 * np.arcsin(np.sqrt(squares) / 2)


# -- as catalogs
# ---------------------------------------------------------------------------------------


def packMatches(matches: Iterable[Match]) -> BaseCatalog:
    """Return matches as a catalog of numbers: ``first``, ``second``, ``distance``."""
    schema = Schema()
    schema.addField("first", "L", "ID for first source record in match.")
    schema.addField("second", "L", "ID for second source record in match.")
    schema.addField("distance", "D", "Distance between matches sources.")
    catalog = BaseCatalog(BaseTable.make(schema))
    for match in matches:
        record = catalog.addNew()
        record["first"] = match.first.getId()
        record["second"] = match.second.getId()
        record["distance"] = match.distance
    return catalog


def unpackMatches(matches: BaseCatalog, first: Any, second: Any) -> list[Any]:
    """Return matches of the records of two catalogs.

    Parameters
    ----------
    matches : `BaseCatalog`
        The numbers, as `packMatches` and `srcMatch` have them.
    first, second : `SimpleCatalog`
        The records; one that is not there is None.
    """
    kind = _kind(first, second)
    places = [
        {int(number): index for index, number in enumerate(cat["id"])} for cat in (first, second)
    ]

    def record(which: int, number: int) -> Any:
        index = places[which].get(number)
        return None if index is None else (first, second)[which][index]

    return [
        kind(record(0, row["first"]), record(1, row["second"]), row["distance"]) for row in matches
    ]
