"""Calibration of an exposure.

All its sources, its WCS and its zero point by a reference catalog.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from persistence.errors import PersistenceError
from persistence.pipe.struct import Struct
from persistence.pipe.task import Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.tasks.detect_and_measure import PSF_FLAGS, detect_and_measure, psf_flags
from persistence.tasks.options import option

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

_FLAGS = {
    "calib_astrometry_used": "the WCS is corrected by it",
    "calib_photometry_used": "the zero point is found by it",
}


class CalibrateTask(Task):
    """Finds an exposure's sources, and calibrates them."""

    ConfigClass: ClassVar[Any] = CalibrateConfig
    _DefaultName = "calibrate"

    @timeMethod
    def runDataRef(
        self, sensorRef: Any, exposure: Exposure, background: Any, icSourceCat: Any = None
    ) -> Struct:
        """Calibrate an exposure, and write the results; see `run`.

        Parameters
        ----------
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            The reference with which results are written.
        exposure : `~persistence.types.exposure.exposure.Exposure`
            The characterized exposure.
        background : `~persistence.types.fields.background.BackgroundList`
            The background that was subtracted from it.
        icSourceCat : `~persistence.types.table.catalog.Catalog`, optional
            Its bright sources, from the characterization.
        """
        identity = sensorRef.get("ccdExposureId"), sensorRef.get("ccdExposureId_bits")
        result = self.run(exposure, self._catalog(sensorRef), *identity, icSourceCat)
        if self.config.doWrite:
            sensorRef.put(background, "calexpBackground")
            sensorRef.put(result.sourceCat, "src")
            if self.config.doWriteMatches and result.matches is not None:
                sensorRef.put(result.matches, "srcMatch")
            # The last one: where it is, all is.
            sensorRef.put(result.exposure, "calexp")
        if self.config.doPlot:
            from persistence.tasks import diagnostics  # lazy: only pictures need matplotlib

            diagnostics.draw(self, sensorRef, "calibrate", result)
        return result

    def _catalog(self, sensorRef: Any) -> Any:
        """Find the reference catalog; None if it is not needed."""
        from persistence.refcats.catalog import ReferenceCatalog

        if not self._needs_stars():
            return None
        name = self.config.refCat
        try:
            return ReferenceCatalog.of(sensorRef.getButler(), name)
        except PersistenceError as error:
            without = " ".join(
                f"-c {option(self, setting)}=False" for setting in ("doAstrometry", "doPhotoCal")
            )
            raise TaskError(
                f"{error}\n  the reference catalog is ref_cats/{name}; another: -c "
                f"{option(self, 'refCat')}=NAME; to go without: {without}"
            ) from error

    def _needs_stars(self) -> bool:
        return bool(self.config.doAstrometry or self.config.doPhotoCal)

    @timeMethod
    def run(
        self,
        exposure: Exposure,
        catalog: Any = None,
        exposureId: int = 0,
        exposureBits: int = 32,
        icSourceCat: Any = None,
    ) -> Struct:
        """Calibrate an exposure: detect and measure its sources, fit the WCS and the zero point.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            The exposure without background, with mask, variance, WCS and PSF.
        catalog : `~persistence.refcats.catalog.ReferenceCatalog` or None
            The reference catalog; None if neither WCS nor zero point is fitted.
        exposureId, exposureBits : `int`
            The upper bits of the sources' numbers, and how many bits these are.
        icSourceCat : `~persistence.types.table.catalog.Catalog`, optional
            Its bright sources, with flags of the stars from which the PSF was measured.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``, ``sourceCat``, ``matches`` (a catalog, or None); ``astrometry`` (a
            `~persistence.tasks.recognize.Corrected`, or None) and ``photometry`` (a
            `~persistence.tasks.photometry.ZeroPoint`, or None), with residuals by star;
            ``references`` (a `~persistence.tasks.references.References`, or None).

        Raises
        ------
        TaskError
            If there is no WCS, the catalog does not cover the field, or too few stars match.
        """
        from persistence.tasks import calibration, sources  # import astropy
        from persistence.types.pixels.units import text_of

        config = self.config
        detection = detect_and_measure(exposure, config, exposureId)
        measured, calibrated = detection.measured, detection.exposure
        if detection.bin_size:
            self.log.warning(
                "sources could not be deblended: they were detected after subtracting a "
                "background in boxes of %d pixels",
                detection.bin_size,
            )
        used = {name: np.zeros(measured.x.size, bool) for name in _FLAGS}
        stars = (
            calibration.recognized(self, calibrated, measured, catalog)
            if self._needs_stars()
            else None
        )
        corrected = zero = None
        if stars is not None and config.doAstrometry:
            corrected = calibration.corrected(self, calibrated, stars)
            used["calib_astrometry_used"][stars.sources[corrected.solution.used]] = True
            calibrated = calibrated.replaced(wcs=corrected.solution.wcs)
        if stars is not None and config.doPhotoCal:
            zero = calibration.zero_point(self, calibrated, stars)
            used["calib_photometry_used"][zero.sources[zero.used]] = True
            calib = dataclasses.replace(zero.calib, unit=text_of(calibrated.unit) or None)
            calibrated = calibrated.replaced(photo_calib=calib)
        flags = {name: (values, _FLAGS[name]) for name, values in used.items()}
        flags |= psf_flags(measured, icSourceCat)
        table = sources.catalog(
            measured, calibrated.wcs, exposureId, exposureBits, flags, calibrated.unit, detection
        )
        self._keep(
            numSources=len(table),
            numFamilies=detection.families.number,
            detectionBinSize=detection.bin_size,
        )
        matches = None if stars is None else sources.match_catalog(table, stars)
        return Struct(
            exposure=calibrated,
            sourceCat=table,
            matches=matches,
            astrometry=corrected,
            photometry=zero,
            references=None if stars is None else stars.references,
        )

    def getSchemaCatalogs(self) -> dict[str, Any]:
        """Return an empty ``src`` catalog."""
        from persistence.tasks import sources  # imports astropy

        return {
            "src": sources.schema(
                self.config.apertureRadii,
                self.config.calibRadius,
                {**_FLAGS, **PSF_FLAGS},
                kin=True,
            )
        }

    def _keep(self, **numbers: float) -> None:
        for name, value in numbers.items():
            self.metadata.set(name, value)
