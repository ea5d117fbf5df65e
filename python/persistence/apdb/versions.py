"""Writing: versions of objects, sources, and which detectors of visits are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from persistence.apdb import pixels, rows, schema
from persistence.apdb.alchemy import sqlalchemy as sa
from persistence.errors import DatabaseError

# The number of values in one statement: SQLite accepts 32766.
_AT_ONCE = 10_000
# What a version is later than the one before, at least, should clocks stand still (d).
_TICK = 1e-6 / 86400
Rows = list[dict[str, Any]]


class Visit(NamedTuple):
    """A detector of a visit.

    Attributes
    ----------
    visit, detector : `int`
    midpoint : `float`
        The middle of the exposure (MJD, TAI).
    number : `int` or None
        That of both together by the camera: ``ccdExposureId``.
    """

    visit: int
    detector: int
    midpoint: float
    number: int | None = None


class Writer:
    """Writes rows within a transaction.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
    definitions : mapping [`str`, `sqlalchemy.Table`]
        See `~persistence.apdb.tables.create`.
    pixel_column : `str`
    level : `int`
        The depth of the mesh of pixels.
    """

    def __init__(
        self,
        connection: sa.Connection,
        definitions: Mapping[str, sa.Table],
        pixel_column: str,
        level: int,
    ) -> None:
        self.connection = connection
        self.definitions = definitions
        self.pixel_column = pixel_column
        self.level = level

    def done(self, visits: Sequence[Visit]) -> list[Visit]:
        """Return those of some detectors of visits that are stored.

        LSST's programs, which can write to the same database, note them by their rows alone.
        """
        numbers = sorted({visit.visit for visit in visits})
        stored: set[tuple[int, int]] = set()
        for name in ("ApdbVisitDetector", "DiaSource", "DiaForcedSource"):
            table = self.definitions[name]
            columns = (table.c.visit, table.c.detector)
            for part in chunks(numbers):
                query = sa.select(*columns).where(table.c.visit.in_(part)).distinct()
                stored |= {(visit, detector) for visit, detector in self.connection.execute(query)}
        return [visit for visit in visits if visit[:2] in stored]

    def visits(self, now: float, visits: Sequence[Visit], sources: Rows, forced: Rows) -> None:
        """Note that detectors of visits are stored."""
        counts = [_counts(given) for given in (sources, forced)]
        self._insert(
            "ApdbVisitDetector",
            [
                {
                    "visit": visit.visit,
                    "detector": visit.detector,
                    "ccdVisitId": visit.number,
                    "midpointMjdTai": visit.midpoint,
                    "timeProcessedMjdTai": now,
                    "nDiaSources": counts[0].get(visit[:2], 0),
                    "nDiaForcedSources": counts[1].get(visit[:2], 0),
                }
                for visit in visits
            ],
        )

    def objects(self, now: float, objects: Any) -> None:
        """Write new versions of objects; they end those that were the newest.

        They begin now, or after the newest version of any of them.
        """
        columns = rows.columns_of(objects)
        if not rows.length(columns):
            return
        identifiers = _integers(columns, "diaObjectId")
        if len(set(identifiers)) != len(identifiers):
            raise DatabaseError("an object must not occur twice")
        table = self.definitions["DiaObject"]
        latest = [
            self.connection.execute(
                sa.select(sa.func.max(table.c.validityStartMjdTai)).where(
                    table.c.diaObjectId.in_(part)
                )
            ).scalar()
            for part in chunks(identifiers)
        ]
        begin = max([now, *(time + _TICK for time in latest if time is not None)])
        for part in chunks(identifiers):
            self.connection.execute(
                table.update()
                .where(table.c.diaObjectId.in_(part), table.c.validityEndMjdTai.is_(None))
                .values(validityEndMjdTai=begin)
            )
        every = schema.load()
        more = {
            self.pixel_column: self._pixels(columns),
            "validityStartMjdTai": begin,
            "validityEndMjdTai": None,
        }
        self._insert("DiaObject", rows.encode(every["DiaObject"], columns, **more))
        last = self.definitions["DiaObjectLast"]
        for part in chunks(identifiers):
            self.connection.execute(last.delete().where(last.c.diaObjectId.in_(part)))
        kept = {name: columns[name] for name in every["DiaObjectLast"].columns if name in columns}
        del more["validityEndMjdTai"]
        self._insert("DiaObjectLast", rows.encode(every["DiaObjectLast"], kept, **more))

    def features(self, features: Any) -> None:
        """Write the variability features of objects, replacing earlier ones."""
        given = rows.encode(schema.load()["DiaObjectFeatures"], features)
        table = self.definitions["DiaObjectFeatures"]
        for part in chunks(sorted({row["diaObjectId"] for row in given})):
            self.connection.execute(table.delete().where(table.c.diaObjectId.in_(part)))
        self._insert("DiaObjectFeatures", given)

    def sources(self, now: float, sources: Any) -> Rows:
        """Write DIASources, and return their rows."""
        columns = rows.columns_of(sources)
        more: dict[str, Any] = {self.pixel_column: self._pixels(columns)} if columns else {}
        if "timeProcessedMjdTai" not in columns:
            more["timeProcessedMjdTai"] = now
        given = rows.encode(schema.load()["DiaSource"], columns, **more)
        self._insert("DiaSource", given)
        return given

    def absent(self, forced: Mapping[str, Any]) -> Any:
        """Return which forced sources are not stored, as an array of `bool`."""
        table = self.definitions["DiaForcedSource"]
        names = ("diaObjectId", "visit", "detector")
        query = sa.select(*(table.c[name] for name in names))
        keys = list(zip(*(_integers(forced, name) for name in names), strict=True))
        stored: set[tuple[int, ...]] = set()
        for part in chunks(sorted({key[0] for key in keys})):
            found = self.connection.execute(query.where(table.c.diaObjectId.in_(part)))
            stored |= {tuple(row) for row in found}
        return np.array([key not in stored for key in keys], bool)

    def forced(self, now: float, forced: Any) -> Rows:
        """Write forced sources, and return their rows."""
        columns = rows.columns_of(forced)
        more = {} if "timeProcessedMjdTai" in columns else {"timeProcessedMjdTai": now}
        given = rows.encode(schema.load()["DiaForcedSource"], columns, **more)
        self._insert("DiaForcedSource", given)
        return given

    def _pixels(self, columns: Mapping[str, Any]) -> Any:
        absent = {"ra", "dec"} - columns.keys()
        if absent:
            raise DatabaseError(f"rows need {' and '.join(sorted(absent))}")
        return pixels.index(np.asarray(columns["ra"]), np.asarray(columns["dec"]), self.level)

    def _insert(self, name: str, given: Rows) -> None:
        if given:
            self.connection.execute(self.definitions[name].insert(), given)


def visits_of(*given: Any) -> list[Visit]:
    """Return the detectors of visits that rows are of."""
    found: dict[tuple[int, int], Visit] = {}
    for data in given:
        columns = rows.columns_of(data)
        if rows.length(columns):
            visits, detectors = (_integers(columns, name) for name in ("visit", "detector"))
            times = np.asarray(columns["midpointMjdTai"], float).tolist()
            for visit, detector, time in zip(visits, detectors, times, strict=True):
                found.setdefault((visit, detector), Visit(visit, detector, time))
    return list(found.values())


def _integers(columns: Mapping[str, Any], name: str) -> list[int]:
    if name not in columns:
        raise DatabaseError(f"rows need {name}")
    return [int(value) for value in np.asarray(columns[name]).tolist()]


def _counts(given: Rows) -> dict[tuple[int, int], int]:
    counts: dict[tuple[int, int], int] = {}
    for row in given:
        key = row["visit"], row["detector"]
        counts[key] = counts.get(key, 0) + 1
    return counts


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield values in chunks for one statement each."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
