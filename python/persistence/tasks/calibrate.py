"""Calibration of an exposure: all its sources, its WCS and its zero point by a reference catalog."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.errors import PersistenceError
from persistence.pipe.struct import Struct
from persistence.pipe.task import Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import astrometry, matching, robust, sky
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.tasks.matching import Matches
from persistence.tasks.measure import Measured, measure
from persistence.tasks.options import option
from persistence.tasks.stamps import Bools, Floats
from persistence.types.exposure import Exposure
from persistence.types.mask import Mask
from persistence.types.photocalib import PhotoCalib

_PLANE = "DETECTED"


class _Matched(NamedTuple):
    stars: Any
    matches: Matches


class CalibrateTask(Task):
    """Finds an exposure's sources, and calibrates them."""

    ConfigClass: ClassVar[Any] = CalibrateConfig
    _DefaultName = "calibrate"

    @timeMethod
    def runDataRef(self, sensorRef: Any, exposure: Exposure, background: Any) -> Struct:
        """Calibrate an exposure, and write what comes of it; see `run`.

        Parameters
        ----------
        sensorRef : `~persistence.dataref.ButlerDataRef`
            Where results go.
        exposure : `~persistence.types.exposure.Exposure`
            As it was characterized.
        background : `~persistence.types.background.BackgroundList`
            What was subtracted from it.
        """
        identity = sensorRef.get("ccdExposureId"), sensorRef.get("ccdExposureId_bits")
        result = self.run(exposure, self._catalog(sensorRef), *identity)
        if self.config.doWrite:
            sensorRef.put(result.exposure, "calexp")
            sensorRef.put(background, "calexpBackground")
            sensorRef.put(result.sourceCat, "src")
        if self.config.doWriteMatches and result.matches is not None:
            sensorRef.put(result.matches, "srcMatch")
        return result

    def _catalog(self, sensorRef: Any) -> Any:
        """Find the reference catalog; None if it is not needed."""
        from persistence.refcats import ReferenceCatalog

        if not self._needs_stars():
            return None
        name = self.config.refCat
        try:
            return ReferenceCatalog.of(sensorRef.getButler(), name)
        except PersistenceError as error:
            settings = (f"-c {option(self, setting)}=False" for setting in ("doAstrometry", "doPhotoCal"))
            raise TaskError(
                f"{error}\n  the reference catalog is ref_cats/{name}; -c {option(self, 'refCat')}=NAME names another, "
                f"and {' '.join(settings)} goes without"
            ) from error

    def _needs_stars(self) -> bool:
        return bool(self.config.doAstrometry or self.config.doPhotoCal)

    @timeMethod
    def run(self, exposure: Exposure, catalog: Any = None, exposureId: int = 0, exposureBits: int = 32) -> Struct:
        """Calibrate an exposure.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.Exposure`
            Without background, with mask, variance, PSF and WCS.
        catalog : `~persistence.refcats.ReferenceCatalog` or None
            What it is calibrated by.
        exposureId, exposureBits : `int`
            What the numbers of its sources begin with, and how many bits that takes.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``, ``sourceCat``, ``matches`` (a catalog, or None).

        Raises
        ------
        TaskError
            If there is no WCS, the catalog does not cover the field, or too few stars are recognized.
        """
        from persistence.tasks import sources  # imports astropy

        config, sigma = self.config, exposure.psf.sigma
        found = sky.detect(exposure, config.thresholdValue, sigma, config.minPixels)
        measured = measure(exposure, found.x, found.y, sigma, config.apertureRadii)
        made = exposure.replaced(mask=_flagged(exposure.mask, found.pixels))
        used = {name: np.zeros(measured.x.size, bool) for name in ("astrometry", "photometry")}
        matched = self._matched(made, measured, catalog) if self._needs_stars() else None
        if matched is not None and config.doAstrometry:
            made = made.replaced(wcs=self._astrometry(made.wcs, measured, matched, used["astrometry"]))
        if matched is not None and config.doPhotoCal:
            made = made.replaced(photo_calib=self._photometry(measured, matched, used["photometry"]))
        flags = {f"calib_{kind}_used": (values, f"the {kind} is calibrated by it") for kind, values in used.items()}
        table = sources.catalog(measured, made.wcs, exposureId, exposureBits, flags)
        self._keep(numSources=len(table))
        matches = None if matched is None else sources.match_catalog(table, matched.matches, matched.stars)
        return Struct(exposure=made, sourceCat=table, matches=matches)

    def _matched(self, exposure: Exposure, measured: Measured, catalog: Any) -> _Matched:
        from persistence.tasks import references  # imports astropy

        config = self.config
        if exposure.wcs is None:
            raise TaskError(f"{exposure.dataId}: without a WCS no star can be recognized")
        stars = references.load(catalog, exposure, config.maxOffset, config.filterMap)
        chosen = _brightest(measured, config.minSignalToNoise)
        ra, dec = exposure.wcs.all_pix2world(measured.x[chosen], measured.y[chosen], 0) if chosen.size else ((), ())
        found = matching.match(
            matching.on_plane(np.asarray(ra, float), np.asarray(dec, float), stars.centre),
            matching.on_plane(stars.ra, stars.dec, stars.centre),
            config.maxOffset,
            config.matchRadius,
        )
        if found.sources.size < config.minMatches:
            raise TaskError(
                f"{exposure.dataId}: of {chosen.size} sources with a ratio of signal to noise of "
                f"{config.minSignalToNoise:g} and {stars.ids.size} stars of {catalog.name}, {found.sources.size} are "
                f"alike, and {config.minMatches} are needed; how far off they may be says -c {option(self, 'maxOffset')}"
            )
        east, north = robust.average(found.east), robust.average(found.north)
        self._keep(
            numMatches=int(found.sources.size),
            astromOffsetEast=east.value,
            astromOffsetNorth=north.value,
            astromOffsetScatter=float(np.hypot(east.scatter, north.scatter)),
        )
        self.log.info(
            "%d stars recognized; the WCS is off by %.3f east, %.3f north",
            found.sources.size,
            east.value,
            north.value,
        )
        return _Matched(stars, found._replace(sources=chosen[found.sources]))

    def _astrometry(self, wcs: Any, measured: Measured, matched: _Matched, used: Bools) -> Any:
        """Correct a WCS; marks the sources that were used."""
        stars, (source, star, *_) = matched
        here = np.column_stack([measured.x[source], measured.y[source]])
        there = np.column_stack(wcs.all_world2pix(stars.ra[star], stars.dec[star], 0))
        correction = astrometry.fit(here, there, self.config.astrometryFit == "LINEAR")
        used[source[correction.used]] = True
        made = astrometry.corrected(wcs, correction)
        ra, dec = made.all_pix2world(*here.T, 0)
        one, other = (
            matching.on_plane(*where, stars.centre) for where in ((ra, dec), (stars.ra[star], stars.dec[star]))
        )
        scatters = [robust.average((a - b)[correction.used]).scatter for a, b in zip(one, other, strict=True)]
        self._keep(astromScatter=float(np.hypot(*scatters)), numAstrometryStars=int(correction.used.sum()))
        self.log.info("WCS corrected by %d stars; scatter %.3f arcsec", correction.used.sum(), np.hypot(*scatters))
        return made

    def _photometry(self, measured: Measured, matched: _Matched, used: Bools) -> PhotoCalib:
        """Find the zero point; marks the sources that were used."""
        source, star = matched.matches.sources, matched.matches.stars
        zero = robust.average(matched.stars.magnitudes[star] + 2.5 * np.log10(measured.psf_flux.value[source]))
        used[source[zero.kept]] = True
        number = int(zero.kept.sum())
        self._keep(
            photoZeroPoint=zero.value,
            photoZeroPointErr=zero.error,
            photoScatter=zero.scatter,
            numPhotometryStars=number,
        )
        self.log.info(
            "zero point %.4f +- %.4f mag of %d stars; scatter %.4f", zero.value, zero.error, number, zero.scatter
        )
        return PhotoCalib.from_zero_point(zero.value, zero.error)

    def _keep(self, **numbers: float) -> None:
        for name, value in numbers.items():
            self.metadata.set(name, value)


def _brightest(measured: Measured, ratio: float) -> NDArray[np.int64]:
    """Give the sources that are good to calibrate by, the brightest first."""
    good = np.flatnonzero(measured.clean & (measured.signal_to_noise >= ratio))
    order: Floats = np.argsort(-measured.psf_flux.value[good])
    return np.asarray(good[order.astype(int)])


def _flagged(mask: Any, pixels: Bools) -> Mask:
    planes = {_PLANE: max(mask.planes.values()) + 1, **mask.planes}
    return Mask(mask.array | (pixels.astype(np.int32) << planes[_PLANE]), planes)
