"""`DiaPipelineTask`: from the DIASources of a detector to objects in the alert database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from persistence.apdb import backends, lightcurves, rows, schema
from persistence.apdb.pixels import Polygon
from persistence.apdb.versions import Visit
from persistence.pipe.struct import Struct
from persistence.pipe.task import Later, Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import dia_sources
from persistence.tasks.dia_sources import Exposed
from persistence.tasks.options import option
from persistence.types.metadata.config import Config
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from astropy.table import Table

    from persistence.tasks.associate import AssociationTask
    from persistence.types.exposure.exposure import Exposure

MARKER = "apdb_marker"
# What Gen2's class of the same name has, too.
_MARKED = ("db_url", "isolation_level", "dia_object_index")
_MARKER_CLASS = "lsst.dax.apdb.apdb.ApdbConfig"
_DETECTORS = ("ccdnum", "ccd", "detector")
_ARCSEC = 3600.0
# Called with numbers and positions (deg) of objects; returns rows of DiaForcedSource.
Forced = Callable[[Any, Any, Any], Mapping[str, Any]]
# What light curves are computed of.
_CURVES = ["diaObjectId", "midpointMjdTai", "band", "psfFlux", "psfFluxErr"]
_SOURCES = [
    *_CURVES,
    *("diaSourceId", "ra", "dec", "raErr", "decErr", "scienceFlux", "scienceFluxErr"),
]
_FORCED = [*_CURVES, "diaForcedSourceId"]
# How far the edges of a detector are from lines between its corners on the sky, at most (arcsec).
_BULGE = 10.0


class DiaPipelineTask(Task):
    """Store DIASources, and the derived properties of their objects, once."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.dia_pipe_config", "DiaPipelineConfig")
    _DefaultName = "diaPipe"

    associator: AssociationTask

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.makeSubtask("associator")
        self.apdb = backends.create(self.config.apdb)

    @timeMethod
    def runDataRef(
        self,
        sensorRef: Any,
        diaSrc: Any = None,
        exposure: Exposure | None = None,
        forced: Forced | None = None,
    ) -> Struct:
        """Store the DIASources of a detector, and write the marker that it is done.

        Parameters
        ----------
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            A reference to one detector's exposure.
        diaSrc, exposure : optional
            The sources and the difference. Default: ``deepDiff_diaSrc`` and
            ``deepDiff_differenceExp``.
        forced : callable, optional
            See `run`.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            See `run`.

        Raises
        ------
        TaskError
            If the marker and the database disagree, or as for `run`.
        """
        numbers = self.numbers(sensorRef)
        self.apdb.makeSchema()
        self._check(sensorRef, numbers)
        catalog = sensorRef.get("deepDiff_diaSrc") if diaSrc is None else diaSrc
        image = sensorRef.get("deepDiff_differenceExp") if exposure is None else exposure
        result = self.run(catalog, image, numbers, forced)
        sensorRef.put(self._marker(), MARKER)
        return result

    @timeMethod
    def run(
        self, diaSrc: Any, exposure: Exposure, numbers: Exposed, forced: Forced | None = None
    ) -> Struct:
        """Associate and store DIASources: all that follows from them, or nothing.

        Parameters
        ----------
        diaSrc : `~persistence.types.table.catalog.Catalog`
            The sources of a difference image.
        exposure : `~persistence.types.exposure.exposure.Exposure`
            With WCS, calibration, filter and time.
        numbers : `~persistence.tasks.dia_sources.Exposed`
        forced : callable, optional
            Measures at the positions of all objects on the detector, old and new.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``isStored``: False if it was stored before, and nothing was done. ``diaSources``: rows
            of DiaSource, with objects; ``isNew``: which are of new objects.

        Raises
        ------
        TaskError
            If the exposure has no WCS, calibration or time.
        """
        flagged = dia_sources.flagged(diaSrc, list(self.config.badSourceFlags))
        if flagged.any():
            self.log.info("%d of %d DIASources are flagged, and not stored (%s)", flagged.sum(),
                          len(diaSrc), option(self, "badSourceFlags"))  # fmt: skip
        self.metadata.set("numFlaggedDiaSources", int(flagged.sum()))
        diaSrc = diaSrc[~flagged]
        sources = dia_sources.rows(diaSrc, exposure, numbers)
        left = len(diaSrc) - rows.length(sources)
        if left:
            self.log.warning("%d DIASources have no position, and are left out", left)
        region = self._region(exposure)
        with self.apdb.exclusive():
            if self.apdb.containsVisitDetector(numbers.visit, numbers.detector):
                self.log.info("visit %d detector %d is stored already", *numbers[:2])
                return Struct(isStored=False, diaSources=sources, isNew=None)
            known = self.apdb.getDiaObjects(region)
            association = self.associator.run(sources, known)
            sources["diaObjectId"] = association.diaObjectIds
            measured = None
            if forced is not None:
                measured = forced(*_positions(exposure, known, sources, association.isNew))
            self._store(exposure, numbers, sources, measured)
        return Struct(isStored=True, diaSources=sources, isNew=association.isNew)

    def objects(self, exposure: Exposure) -> Table:
        """Return the newest versions of the objects on a detector.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            With WCS.

        Returns
        -------
        objects : `~astropy.table.Table`
            Rows of DiaObject.
        """
        known = self.apdb.getDiaObjects(self._region(exposure))
        return known[_inside(exposure, known)]

    def _region(self, exposure: Exposure) -> Polygon:
        """Return where on the sky objects of a detector's sources can be."""
        margin = self.associator.config.maxDistArcSeconds + _BULGE
        return _outline(exposure, margin / _ARCSEC)

    @timeMethod
    def runForced(self, forced: Mapping[str, Any]) -> int:
        """Store forced sources of exposures that are already stored, such as earlier ones.

        Parameters
        ----------
        forced : mapping of arrays
            Rows of DiaForcedSource.

        Returns
        -------
        number : `int`
            The number of rows that were not stored before. Their objects get new versions.
        """
        from astropy.time import Time

        now = Time.now()
        with self.apdb.exclusive():
            identifiers = np.unique(forced["diaObjectId"])
            calculated = self._calculated(now, identifiers, {}, forced)
            return int(self.apdb.storeForced(now, forced, *calculated))

    def _store(
        self,
        exposure: Exposure,
        numbers: Exposed,
        sources: Mapping[str, Any],
        forced: Mapping[str, Any] | None,
    ) -> None:
        from astropy.time import Time

        now, time = Time.now(), dia_sources.midpoint(exposure)[0]
        identifiers = np.unique(sources["diaObjectId"])
        objects, features = self._calculated(now, identifiers, sources, forced or {})
        visit = Visit(numbers.visit, numbers.detector, time, numbers.number)
        self.apdb.store(now, objects, sources, forced, visits=[visit], features=features)
        self.metadata.set("numDiaSources", rows.length(sources))

    def _calculated(
        self, now: Any, identifiers: Any, sources: Mapping[str, Any], forced: Mapping[str, Any]
    ) -> lightcurves.Calculated:
        """Return the properties of objects from all stored and new sources."""
        before = self.apdb.getDiaSources(None, identifiers, now, start_time=0.0)
        measured = self.apdb.getDiaForcedSources(None, identifiers, now, start_time=0.0)
        return lightcurves.calculate(
            _joined(_SOURCES, before, sources),
            _joined(_FORCED, measured, _unknown(forced, measured)),
            schema.load().bands,
        )

    # -- the marker
    # -------------------------------------------------------------------------------

    def numbers(self, sensorRef: Any) -> Exposed:
        """Return the numbers of a detector's exposure.

        Raises
        ------
        TaskError
            If its data ID names no visit, or no detector.
        """
        data_id = dict(sensorRef.dataId)
        detector = next((data_id[key] for key in _DETECTORS if key in data_id), None)
        visit = data_id.get("visit", data_id.get("expId"))
        if visit is None or detector is None:
            raise TaskError(
                f"{data_id} names no visit, or no detector ({', '.join(_DETECTORS)}): rows of the "
                "database are of both"
            )
        return Exposed(int(visit), int(detector), int(sensorRef.get("ccdExposureId")))

    def _marker(self) -> Config:
        values = {name: getattr(self.config.apdb, name) for name in _MARKED}
        values["db_url"] = self.apdb.address.text  # without a password
        kept = {name: value for name, value in values.items() if value is not None}
        return Config(kept, _MARKER_CLASS)

    def _check(self, sensorRef: Any, numbers: Exposed) -> None:
        """Check that the marker and the database agree.

        A database that contains more than is marked was written by a process that was killed
        afterwards; the marker of another database is ignored.
        """
        if not sensorRef.datasetExists(MARKER):
            return
        there = sensorRef.get(MARKER).get("db_url")
        here = self.apdb.address.text
        if there != here:
            self.log.info("the marker is of another database, %s", there)
        elif not self.apdb.containsVisitDetector(numbers.visit, numbers.detector):
            setting = option(self, "apdb.db_url")
            raise TaskError(
                f"{MARKER} says that visit {numbers.visit} detector {numbers.detector} is stored "
                f"in {here}, which does not have it\n  the marker: "
                f"{sensorRef.getUri(MARKER)}\n  if the database is another one now, or was made "
                f"anew, remove the marker; else -c {setting}=ADDRESS of the one that has it"
            )


def _outline(exposure: Exposure, margin: float) -> Polygon:
    """Return where on the sky a detector is, larger by a margin (deg)."""
    box = exposure.bbox
    x = box.x0 - 0.5 + box.width * np.array([0.0, 1.0, 1.0, 0.0])
    y = box.y0 - 0.5 + box.height * np.array([0.0, 0.0, 1.0, 1.0])
    return Polygon.around(*sphere.of_pixels(exposure.wcs, x, y), margin)


def _positions(
    exposure: Exposure, known: Any, sources: Mapping[str, Any], new: Any
) -> tuple[Any, Any, Any]:
    """Return numbers and positions of the objects on a detector, those that are known first."""
    inside = _inside(exposure, known)

    def both(name: str) -> Any:
        return np.concatenate([np.asarray(known[name])[inside], np.asarray(sources[name])[new]])

    return both("diaObjectId"), both("ra"), both("dec")


def _inside(exposure: Exposure, known: Any) -> Any:
    """Return which objects are on a detector."""
    box = exposure.bbox
    x, y = sphere.to_pixels(exposure.wcs, np.asarray(known["ra"]), np.asarray(known["dec"]))
    return (np.abs(x - box.x0 - (box.width - 1) / 2) <= box.width / 2) & (
        np.abs(y - box.y0 - (box.height - 1) / 2) <= box.height / 2
    )


def _unknown(forced: Mapping[str, Any], stored: Any) -> Mapping[str, Any]:
    """Return those forced sources that are not stored."""
    names = ("diaObjectId", "visit", "detector")
    keys = set(zip(*(np.asarray(stored[name]).tolist() for name in names), strict=True))
    if not forced or not keys:
        return forced
    rows_of = zip(*(np.asarray(forced[name]).tolist() for name in names), strict=True)
    kept = np.array([key not in keys for key in rows_of], bool)
    return {name: np.asarray(values)[kept] for name, values in forced.items()}


def _joined(names: list[str], before: Any, now: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns of rows that are stored and of those that will be."""
    number, columns = rows.length(now), {}
    for name in names:
        is_word = name == "band"
        old = np.ma.filled(before[name], "") if is_word else np.ma.asarray(before[name])
        new = now.get(name, np.full(number, "" if is_word else np.nan)) if number else old[:0]
        columns[name] = np.ma.concatenate([old, new])
    return columns
