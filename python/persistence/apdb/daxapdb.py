"""The database by LSST's own programs, where ``lsst-dax-apdb`` is installed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.apdb import address as addresses
from persistence.apdb import connect, rows, schema
from persistence.apdb.pixels import Cone, Polygon
from persistence.errors import DatabaseError, told
from persistence.files import extras

if TYPE_CHECKING:
    from astropy.table import Table

_MONTH = 30.0


class DaxApdb:
    """An alert production database that ``lsst.dax.apdb`` reads and writes.

    It has the methods of `~persistence.apdb.apdb.Apdb`. What was read may change before it is
    written, so that visits of the same field must be stored one after the other; there are no
    features, and stored detectors are recognised by their sources only.

    Parameters
    ----------
    config : `~persistence.apdb.config.ApdbConfig`
        The configuration.

    Raises
    ------
    MissingExtra
        If it is not installed.
    """

    def __init__(self, config: Any) -> None:
        with extras.needed("lsst.dax.apdb", "backend='dax_apdb'"):
            from lsst.dax.apdb.sql import ApdbSql
        self.config = config
        self.address = addresses.parse(config.db_url, config.isolation_level)
        self._kind = ApdbSql
        self._opened: Any = None

    def makeSchema(self, drop: bool = False) -> list[str]:
        """Create the tables, if there are none."""
        connect.create_file(self.address)
        with self._explained():
            if drop or not self._has_tables():
                config = self.config
                self._kind.init_database(
                    config.db_url,
                    dia_object_index=config.dia_object_index,
                    htm_level=config.htm_level,
                    htm_index_column=config.htm_index_column,
                    prefix=config.prefix,
                    namespace=config.namespace,
                    drop=drop,
                )
                return list(self._apdb.tableRowCount())
        return []

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[DaxApdb]:
        """Do nothing: each call is a transaction of its own."""
        yield self

    def getDiaObjects(self, region: Any) -> Table:
        """Return the newest versions of objects in a region."""
        with self._explained():
            return _table(self._apdb.getDiaObjects(_region(region)), "DiaObject")

    def getDiaSources(
        self, region: Any, object_ids: Iterable[int] | None, visit_time: Any, start_time: Any = None
    ) -> Table:
        """Return DIASources of objects, or those in a region."""
        with self._explained():
            found = self._apdb.getDiaSources(
                None if region is None else _region(region),
                None if object_ids is None else [int(number) for number in object_ids],
                _time(visit_time),
                None if start_time is None else _time(start_time),
            )
            return _table(found, "DiaSource")

    def getDiaForcedSources(
        self, region: Any, object_ids: Iterable[int] | None, visit_time: Any, start_time: Any = None
    ) -> Table:
        """Return forced sources of objects."""
        if object_ids is None:
            raise DatabaseError("forced sources are found by object_ids, not by a region")
        with self._explained():
            found = self._apdb.getDiaForcedSources(
                None,
                [int(number) for number in object_ids],
                _time(visit_time),
                None if start_time is None else _time(start_time),
            )
            return _table(found, "DiaForcedSource")

    def containsVisitDetector(self, visit: int, detector: int) -> bool:
        """Return whether something of a detector of a visit is stored."""
        with self._explained():
            return bool(self._apdb.containsVisitDetector(int(visit), int(detector)))

    def store(
        self,
        visit_time: Any,
        objects: Any,
        sources: Any = None,
        forced_sources: Any = None,
        *,
        visits: Any = None,
        features: Any = None,
    ) -> bool:
        """Store the sources of a detector of a visit, unless they are stored."""
        from persistence.apdb.versions import visits_of

        every = visits_of(sources, forced_sources) if visits is None else list(visits)
        if every and all(self.containsVisitDetector(*visit[:2]) for visit in every):
            return False
        time = _time(visit_time)
        with self._explained():
            self._apdb.store(
                time,
                _frame(objects, "DiaObject", validityStartMjdTai=float(time.tai.mjd)),
                _frame(sources, "DiaSource", timeProcessedMjdTai=float(time.tai.mjd)),
                _frame(forced_sources, "DiaForcedSource", timeProcessedMjdTai=float(time.tai.mjd)),
            )
        return True

    def storeForced(
        self, visit_time: Any, forced_sources: Any, objects: Any = None, features: Any = None
    ) -> int:
        """Store forced sources of detectors that are stored, but those that are stored already.

        Returns
        -------
        number : `int`
            How many were not stored before.
        """
        columns = rows.columns_of(forced_sources)
        if not rows.length(columns):
            return 0
        names = ("diaObjectId", "visit", "detector")
        given = list(zip(*(np.asarray(columns[name]).tolist() for name in names), strict=True))
        before = self.getDiaForcedSources(None, {key[0] for key in given}, visit_time, 0.0)
        keys = set(zip(*(np.asarray(before[name]).tolist() for name in names), strict=True))
        new = np.array([key not in keys for key in given], bool)
        if new.any():
            taken = {name: np.ma.asarray(values)[new] for name, values in columns.items()}
            time = _time(visit_time)
            mjd = float(time.tai.mjd)
            with self._explained():
                self._apdb.store(
                    time,
                    _frame(objects, "DiaObject", validityStartMjdTai=mjd),
                    None,
                    _frame(taken, "DiaForcedSource", timeProcessedMjdTai=mjd),
                )
        return int(new.sum())

    @property
    def _apdb(self) -> Any:
        if self._opened is None:
            from lsst.dax.apdb.sql import ApdbSqlConfig

            config = ApdbSqlConfig(db_url=self.config.db_url)
            config.dia_object_index = self.config.dia_object_index
            config.prefix, config.namespace = self.config.prefix, self.config.namespace
            config.read_sources_months = self.config.read_sources_months
            config.read_forced_sources_months = self.config.read_forced_sources_months
            config.connection_config.isolation_level = self.config.isolation_level
            config.connection_config.connection_timeout = self.config.connection_timeout
            config.connection_config.connection_pool = False
            self._opened = self._kind(config)
        return self._opened

    def _has_tables(self) -> bool:
        from persistence.apdb.alchemy import sqlalchemy as sa

        engine = connect.engine(self.address, self.config.connection_timeout)
        return bool(
            sa.inspect(engine).has_table(f"{self.config.prefix}metadata", self.config.namespace)
        )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise errors of ours, with the address."""
        from persistence.apdb.alchemy import sqlalchemy as sa

        try:
            yield
        except sa.exc.DBAPIError as error:
            raise connect.explained(error, self.address, 0.0) from error
        except (sa.exc.SQLAlchemyError, RuntimeError, LookupError, NotImplementedError) as error:
            raise DatabaseError(f"{self.address.text}, by lsst.dax.apdb: {told(error)}") from error


def _time(time: Any) -> Any:
    from astropy.time import Time

    return time if hasattr(time, "tai") else Time(float(time), format="mjd", scale="tai")


def _region(region: Any) -> Any:
    """Return a region as lsst.sphgeom has it."""
    from lsst import sphgeom

    if isinstance(region, Cone):
        centre = sphgeom.UnitVector3d(sphgeom.LonLat.fromDegrees(region.ra, region.dec))
        return sphgeom.Circle(centre, sphgeom.Angle.fromDegrees(region.radius))
    if isinstance(region, Polygon):
        corners = zip(region.ra, region.dec, strict=True)
        return sphgeom.ConvexPolygon(
            [sphgeom.UnitVector3d(sphgeom.LonLat.fromDegrees(*corner)) for corner in corners]
        )
    return region


def _frame(data: Any, name: str, **more: Any) -> Any:
    """Return rows in the form of LSST's programs; missing counts are 0."""
    import pandas

    if data is None and name != "DiaObject":
        return None
    table = schema.load()[name]
    given = rows.columns_of(data)
    absent = {key: value for key, value in more.items() if key not in given}
    found = rows.encode(table, given, **absent)
    names = list(found[0]) if found else [*table.columns]
    frame = pandas.DataFrame(found, columns=names)
    for column in table.columns.values():
        if column.type == "int" and not column.nullable and column.name not in frame:
            frame[column.name] = np.zeros(len(frame), np.int32)
    return frame


def _table(frame: Any, name: str) -> Table:
    columns = schema.load()[name].columns
    names = [column for column in frame.columns if column in columns]
    plain = frame[names].astype(object)
    plain = plain.where(frame[names].notna(), None)
    return rows.decode(columns, names, plain.itertuples(index=False, name=None))
