"""`Apdb`: the alert production database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.apdb import address as addresses
from persistence.apdb import connect, pixels, rows, schema, setup, tables
from persistence.apdb.alchemy import sqlalchemy as sa
from persistence.apdb.setup import Chosen
from persistence.apdb.tables import Layout
from persistence.apdb.versions import Visit, Writer, chunks, visits_of
from persistence.errors import DatabaseError

if TYPE_CHECKING:
    from astropy.table import Table

_MONTH = 30.0
_CREATES = 0x61706462  # any number that no other program of the server has: apdb
_MADE = "make_apdb.py, or makeSchema(), creates them"


class Apdb:
    """The alert production database.

    Nothing is opened before the first call. The calls have the names of LSST's ``dax_apdb``.

    Parameters
    ----------
    config : `~persistence.apdb.config.ApdbConfig`
        Where it is, and how it is used.

    Raises
    ------
    DatabaseError
        If the address is not understood.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        self.address = addresses.parse(config.db_url, config.isolation_level)
        self._engine = connect.engine(self.address, config.connection_timeout, config.sql_echo)
        layout = Layout(
            config.dia_object_index, config.htm_index_column, config.prefix, config.namespace
        )
        self._wanted = Chosen(layout, config.htm_level)
        self._known: Chosen | None = None
        self._held: sa.Connection | None = None

    # -- how it begins
    # ----------------------------------------------------------------------------

    def makeSchema(self, drop: bool = False) -> list[str]:
        """Create missing tables and views, and SQLite's file.

        Parameters
        ----------
        drop : `bool`
            Whether to remove everything first.

        Returns
        -------
        created : `list` [`str`]
            The names of what was created.

        Raises
        ------
        DatabaseError
            If that is impossible, or there are other tables.
        """
        connect.create_file(self.address)
        with self._transaction(writes=True, creates=True) as connection:
            if drop:
                setup.drop(connection, self._wanted)
            chosen = setup.opened(connection, self._wanted, self.address) or self._wanted
            created = setup.create(connection, chosen)
        self._known = None
        return created

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[Apdb]:
        """Run all calls in a block as one transaction, which excludes other writers.

        What was read in it is still valid when it is written; a block that ends with an error, or
        whose process is killed, has written nothing.
        """
        with self._transaction(writes=True) as connection:
            self._chosen(connection)
            self._held = connection
            try:
                yield self
            finally:
                self._held = None

    # -- what is in it
    # ----------------------------------------------------------------------------

    def getDiaObjects(self, region: Any) -> Table:
        """Return the newest versions of objects in a region, and perhaps some around it.

        Parameters
        ----------
        region : `~persistence.apdb.pixels.Region`, a region of lsst.sphgeom, or pairs of `int`
            See `~persistence.apdb.pixels.ranges`.

        Returns
        -------
        objects : `~astropy.table.Table`
            With units; NULL is NaN, or masked.
        """
        with self._reading() as (connection, chosen, definitions):
            last = chosen.layout.index == "last_object_table"
            name = "DiaObjectLast" if last else "DiaObject"
            table = definitions[name]
            where = [self._within(region, table, chosen)]
            if not last:
                where.append(table.c.validityEndMjdTai.is_(None))
            names = list(self.config.dia_object_columns) or list(schema.load()[name].columns)
            return self._selected(connection, name, table, names, where, ["diaObjectId"])

    def getDiaSources(
        self, region: Any, object_ids: Iterable[int] | None, visit_time: Any, start_time: Any = None
    ) -> Table:
        """Return DIASources of objects, or those in a region.

        Parameters
        ----------
        region : see `getDiaObjects`
            Used if there are no ``object_ids``.
        object_ids : iterable of `int`, or None
            The numbers of objects.
        visit_time : `~astropy.time.Time` or `float`
            The time of the visit (MJD, TAI), before which the months of the configuration count.
        start_time : `~astropy.time.Time` or `float`, optional
            The time of the first one, instead.

        Returns
        -------
        sources : `~astropy.table.Table`
            The sources, with units.
        """
        months = self.config.read_sources_months
        return self._sources(
            "DiaSource", region, object_ids, _since(visit_time, start_time, months)
        )

    def getDiaForcedSources(
        self, region: Any, object_ids: Iterable[int] | None, visit_time: Any, start_time: Any = None
    ) -> Table:
        """Return forced sources of objects; see `getDiaSources`.

        Raises
        ------
        DatabaseError
            Without ``object_ids``: the table cannot be searched by position.
        """
        if object_ids is None:
            raise DatabaseError("forced sources are found by object_ids, not by a region")
        months = self.config.read_forced_sources_months
        return self._sources(
            "DiaForcedSource", region, object_ids, _since(visit_time, start_time, months)
        )

    def containsVisitDetector(self, visit: int, detector: int) -> bool:
        """Return whether a detector of a visit is stored."""
        with self._reading() as (connection, chosen, definitions):
            writer = self._writer(connection, chosen, definitions)
            return bool(writer.done([Visit(int(visit), int(detector), 0.0)]))

    def tableRowCount(self) -> dict[str, int]:
        """Return how many rows tables have."""
        with self._reading() as (connection, _, definitions):
            return {
                name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for name, table in definitions.items()
            }

    def store(
        self,
        visit_time: Any,
        objects: Any,
        sources: Any = None,
        forced_sources: Any = None,
        *,
        visits: Iterable[Visit] | None = None,
        features: Any = None,
    ) -> bool:
        """Store the sources of a detector of a visit, once: all of them, or none.

        Parameters
        ----------
        visit_time : `~astropy.time.Time` or `float`
            The time of storing (MJD, TAI), when the new versions of objects begin.
        objects, sources, forced_sources : table
            Rows of DiaObject, DiaSource, DiaForcedSource: `~astropy.table.Table`,
            `pandas.DataFrame` or mapping of arrays. Pixels and times of validity are added.
        visits : iterable of `Visit`, optional
            The detectors of visits to which they belong, also those without sources. Default: those
            of the sources.
        features : table, optional
            Rows of DiaObjectFeatures.

        Returns
        -------
        stored : `bool`
            False if it was stored before; then nothing is written.

        Raises
        ------
        DatabaseError
            If a column is unknown, a value does not fit, some but not all of the detectors are
            stored, or the database fails.
        """
        now = _mjd(visit_time)
        with self._writing() as (connection, chosen, definitions):
            writer = self._writer(connection, chosen, definitions)
            every = list(visits_of(sources, forced_sources) if visits is None else visits)
            done = writer.done(every)
            if done and len(done) == len(every):
                return False
            if done:
                raise DatabaseError(
                    f"{self.address.text} has some of these already: "
                    f"{[f'visit {one.visit} detector {one.detector}' for one in done][:4]}; "
                    "nothing was stored"
                )
            writer.objects(now, objects)
            given = writer.sources(now, sources)
            measured = writer.forced(now, forced_sources)
            if features is not None:
                writer.features(features)
            writer.visits(now, every, given, measured)
        return True

    def storeForced(
        self, visit_time: Any, forced_sources: Any, objects: Any = None, features: Any = None
    ) -> int:
        """Store forced sources of detectors that are stored, and versions of objects for them.

        Parameters
        ----------
        visit_time : `~astropy.time.Time` or `float`
            When they are stored (MJD, TAI).
        forced_sources : table
            Rows of DiaForcedSource. Of those that are stored already none is written.
        objects, features : table, optional
            Rows of DiaObject and DiaObjectFeatures: new versions.

        Returns
        -------
        number : `int`
            How many forced sources were not stored before. If none was, nothing is written.
        """
        now = _mjd(visit_time)
        columns = rows.columns_of(forced_sources)
        if not rows.length(columns):
            return 0
        with self._writing() as (connection, chosen, definitions):
            writer = self._writer(connection, chosen, definitions)
            new = writer.absent(columns)
            if new.any():
                taken = {name: np.ma.asarray(values)[new] for name, values in columns.items()}
                writer.forced(now, taken)
                writer.objects(now, objects)
                if features is not None:
                    writer.features(features)
        return int(new.sum())

    def getVisitDetectors(self, start_time: Any) -> Table:
        """Return the detectors of visits that are stored.

        Parameters
        ----------
        start_time : `~astropy.time.Time` or `float`
            The time of the first exposure (MJD, TAI).

        Returns
        -------
        visits : `~astropy.table.Table`
            Sorted by time: ``visit detector ccdVisitId midpointMjdTai ...``.
        """
        with self._reading() as (connection, _, definitions):
            table = definitions["ApdbVisitDetector"]
            where = [table.c.midpointMjdTai >= _mjd(start_time)]
            order = ["midpointMjdTai", "visit", "detector"]
            names = list(schema.load()["ApdbVisitDetector"].columns)
            return self._selected(connection, "ApdbVisitDetector", table, names, where, order)

    # -- how it is done
    # ---------------------------------------------------------------------------

    def _sources(
        self, name: str, region: Any, object_ids: Iterable[int] | None, since: float
    ) -> Table:
        with self._reading() as (connection, chosen, definitions):
            table = definitions[name]
            names = list(schema.load()[name].columns)
            kept = [table.c.midpointMjdTai >= since, table.c.timeWithdrawnMjdTai.is_(None)]
            parts = (
                [self._within(region, table, chosen)]
                if object_ids is None
                else [
                    table.c.diaObjectId.in_(part)
                    for part in chunks(sorted({int(number) for number in object_ids}))
                ]
            )
            found = [
                row
                for part in parts
                for row in connection.execute(
                    sa.select(*(table.c[column] for column in names)).where(part, *kept)
                )
            ]
            return rows.decode(schema.load()[name].columns, names, found)

    def _selected(
        self,
        connection: sa.Connection,
        name: str,
        table: sa.Table,
        names: list[str],
        where: list[Any],
        order: list[str],
    ) -> Table:
        columns = schema.load()[name].columns
        for column in names:
            if column not in columns:
                raise DatabaseError(schema.load()[name].unknown(column))
        query = sa.select(*(table.c[column] for column in names)).where(*where)
        found = connection.execute(query.order_by(*(table.c[column] for column in order)))
        return rows.decode(columns, names, found)

    def _within(self, region: Any, table: sa.Table, chosen: Chosen) -> sa.ColumnElement[bool]:
        """Return the condition that rows are in a region."""
        column = table.c[chosen.layout.pixel_column]
        found = pixels.ranges(region, chosen.level, self.config.htm_max_ranges)
        return sa.or_(sa.false(), *(column.between(low, high - 1) for low, high in found))

    def _writer(
        self, connection: sa.Connection, chosen: Chosen, definitions: Mapping[str, sa.Table]
    ) -> Writer:
        return Writer(connection, definitions, chosen.layout.pixel_column, chosen.level)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple[sa.Connection, Chosen, Mapping[str, sa.Table]]]:
        with self._transaction(writes=False) as connection:
            chosen = self._chosen(connection)
            yield connection, chosen, tables.create(chosen.layout)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[sa.Connection, Chosen, Mapping[str, sa.Table]]]:
        with self._transaction(writes=True) as connection:
            chosen = self._chosen(connection)
            yield connection, chosen, tables.create(chosen.layout)

    def _chosen(self, connection: sa.Connection) -> Chosen:
        if self._known is None:
            self._known = setup.opened(connection, self._wanted, self.address)
        if self._known is None:
            raise DatabaseError(f"{self.address.text} has no tables yet: {_MADE}")
        return self._known

    @contextlib.contextmanager
    def _transaction(self, *, writes: bool, creates: bool = False) -> Iterator[sa.Connection]:
        """Run a transaction, or join that of `exclusive`."""
        if self._held is not None:
            yield self._held
            return
        table = tables.create(self._wanted.layout)["ApdbVisitDetector"]
        name = self._engine.dialect.identifier_preparer.format_table(table)
        lock = f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"
        if creates:  # the table may not be there
            lock = f"SELECT pg_advisory_xact_lock({_CREATES})"
        with connect.transaction(self._engine, self.address, writes=writes, lock=lock) as made:
            yield made


def _mjd(time: Any) -> float:
    """Return a time as a modified Julian date, TAI."""
    return float(time.tai.mjd) if hasattr(time, "tai") else float(time)


def _since(visit_time: Any, start_time: Any, months: int) -> float:
    return _mjd(visit_time) - _MONTH * months if start_time is None else _mjd(start_time)
