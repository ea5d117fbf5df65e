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
from persistence.tasks.acceptance import Number, refuse
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.tasks.detect_and_measure import detect_and_measure
from persistence.tasks.measure import Measured
from persistence.tasks.options import option
from persistence.tasks.stamps import Bools
from persistence.tasks.surfaces import Frame

if TYPE_CHECKING:
    from persistence.tasks.photometry import ZeroPoint
    from persistence.tasks.recognize import Corrected, Recognized
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
    def runDataRef(self, sensorRef: Any, exposure: Exposure, background: Any) -> Struct:
        """Calibrate an exposure, and write what comes of it; see `run`.

        Parameters
        ----------
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            Where results go.
        exposure : `~persistence.types.exposure.exposure.Exposure`
            As it was characterized.
        background : `~persistence.types.fields.background.BackgroundList`
            What was subtracted from it.
        """
        identity = sensorRef.get("ccdExposureId"), sensorRef.get("ccdExposureId_bits")
        result = self.run(exposure, self._catalog(sensorRef), *identity)
        if self.config.doWrite:
            sensorRef.put(background, "calexpBackground")
            sensorRef.put(result.sourceCat, "src")
            if self.config.doWriteMatches and result.matches is not None:
                sensorRef.put(result.matches, "srcMatch")
            # The last one: where it is, all is.
            sensorRef.put(result.exposure, "calexp")
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
        self, exposure: Exposure, catalog: Any = None, exposureId: int = 0, exposureBits: int = 32
    ) -> Struct:
        """Calibrate an exposure.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            Without background, with mask, variance, WCS and PSF.
        catalog : `~persistence.refcats.catalog.ReferenceCatalog` or None
            What it is calibrated by; None if neither WCS nor zero point is.
        exposureId, exposureBits : `int`
            What the numbers of its sources begin with, and how many bits that takes.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``, ``sourceCat``, ``matches`` (a catalog, or None); ``astrometry`` (a
            `~persistence.tasks.recognize.Corrected`, or None) and ``photometry`` (a
            `~persistence.tasks.photometry.ZeroPoint`, or None): how each star agrees;
            ``references`` (the stars, a `~persistence.tasks.references.References`, or None).

        Raises
        ------
        TaskError
            If there is no WCS, the catalog does not cover the field, or too few stars are
            recognized.
        """
        from persistence.tasks import sources  # imports astropy
        from persistence.types.pixels.units import text_of

        config = self.config
        found = detect_and_measure(exposure, config, exposureId)
        measured, made = found.measured, found.exposure
        if found.bin_size:
            self.log.warning(
                "sources could not be told apart: they were found without a background in boxes "
                "of %d pixels",
                found.bin_size,
            )
        used = {name: np.zeros(measured.x.size, bool) for name in _FLAGS}
        stars = self._recognized(made, measured, catalog) if self._needs_stars() else None
        corrected = zero = None
        if stars is not None and config.doAstrometry:
            corrected = self._astrometry(made, stars, used["calib_astrometry_used"])
            made = made.replaced(wcs=corrected.solution.wcs)
        if stars is not None and config.doPhotoCal:
            zero = self._photometry(made, stars, used["calib_photometry_used"])
            calib = dataclasses.replace(zero.calib, unit=text_of(made.unit) or None)
            made = made.replaced(photo_calib=calib)
        flags = {name: (values, _FLAGS[name]) for name, values in used.items()}
        table = sources.catalog(
            measured, made.wcs, exposureId, exposureBits, flags, made.unit, found
        )
        self._keep(
            numSources=len(table),
            numFamilies=found.families.number,
            detectionBinSize=found.bin_size,
        )
        matches = None if stars is None else sources.match_catalog(table, stars)
        return Struct(
            exposure=made,
            sourceCat=table,
            matches=matches,
            astrometry=corrected,
            photometry=zero,
            references=None if stars is None else stars.references,
        )

    def getSchemaCatalogs(self) -> dict[str, Any]:
        """Give an empty ``src``."""
        from persistence.tasks import sources  # imports astropy

        return {
            "src": sources.schema(
                self.config.apertureRadii, self.config.calibRadius, _FLAGS, kin=True
            )
        }

    def _recognized(self, exposure: Exposure, measured: Measured, catalog: Any) -> Recognized:
        from persistence.tasks.recognize import recognize

        stars = recognize(exposure, measured, catalog, self.config)
        number, least = stars.sources.size, self.config.minMatches
        if number < least:
            raise TaskError(
                f"of {stars.candidates} sources and {stars.references.ids.size} stars of "
                f"{catalog.name}, {number} are alike, and {least} are needed; settings that "
                "matter: "
                + ", ".join(
                    option(self, name) for name in ("maxOffset", "matchRadius", "minSignalToNoise")
                )
            )
        pose = stars.pose
        refuse(
            self,
            [
                Number(
                    "the votes of the brightest stand {:.1f} sigma above chance",
                    np.nan if pose is None else pose.sigmas,
                    "minVoteSigma",
                ),
                Number(
                    "{:.2f} of the brightest sources are stars",
                    stars.fraction,
                    "minMatchedFraction",
                ),
            ],
            f"which sources are which stars of {catalog.name}",
        )
        off = stars.offset
        self._keep(
            numMatches=number,
            astromOffsetEast=off.east,
            astromOffsetNorth=off.north,
            astromOffsetScatter=off.scatter,
        )
        self.log.info(
            '%d stars recognized; the WCS is off by %.3f" east, %.3f" north',
            number,
            off.east,
            off.north,
        )
        return stars

    def _astrometry(self, exposure: Exposure, stars: Recognized, used: Bools) -> Corrected:
        """Correct the WCS; marks the sources that were used."""
        made = stars.corrected(exposure.wcs, Frame(exposure.bbox), self.config)
        solution = made.solution
        used[stars.sources[solution.used]] = True
        number = int(solution.used.sum())
        side = _scale(solution.wcs)
        self._keep(
            astromScatter=made.scatter,
            astromExcess=solution.excess,
            astromRimErr=solution.rim_error,
            astromOrder=solution.degree,
            numAstrometryStars=number,
            astromRotation=solution.turn,
            astromScaleChange=solution.stretch,
        )
        self.log.info(
            'WCS corrected by %d stars, order %d; scatter %.3f"',
            number,
            solution.degree,
            made.scatter,
        )
        numbers = [
            Number("its stars scatter by {:.2f} pixels", made.scatter / side, "maxAstromScatter"),
            Number(
                "they scatter by {:.2f} pixels beyond their errors, as unknown proper motions do",
                solution.excess / side,
                "maxAstromExcess",
            ),
            Number("it is turned by {:.3f} degrees", abs(solution.turn), "maxRotation"),
            Number("its scale changes by {:.4f}", solution.stretch, "maxScaleChange"),
        ]
        refuse(self, numbers, "the WCS")
        return made

    def _photometry(self, exposure: Exposure, stars: Recognized, used: Bools) -> ZeroPoint:
        """Find the zero point; marks the sources that were used."""
        from persistence.tasks import photometry

        zero = photometry.calibrate(stars, Frame(exposure.bbox), self.config)
        used[zero.sources[zero.used]] = True
        number = int(zero.used.sum())
        told = {
            "photoZeroPoint": zero.calib.zero_point,
            "photoZeroPointErr": zero.error,
            "photoScatter": zero.scatter,
        }
        self._keep(
            **told,
            numPhotometryStars=number,
            photoExcess=zero.excess,
            photoOrder=zero.degree,
            photoSpan=zero.span,
        )
        self.metadata.set("photoColorTerm", str(stars.references.term or ""))
        self.log.info(
            "zero point %.4f +- %.4f mag, scatter %.4f, of %d stars", *told.values(), number
        )
        if zero.degree:
            self.log.info(
                "it varies by %.3f mag over the image, as a polynomial of order %d",
                zero.span,
                zero.degree,
            )
        numbers = [
            Number("its stars scatter by {:.3f} mag", zero.scatter, "maxPhotoScatter"),
            Number("its error is {:.3f} mag", zero.error, "maxZeroPointErr"),
        ]
        refuse(self, numbers, "the zero point")
        return zero

    def _keep(self, **numbers: float) -> None:
        for name, value in numbers.items():
            self.metadata.set(name, value)


def _scale(wcs: Any) -> float:
    """Return how many arcseconds the side of a pixel has, in the mean."""
    return 3600 * float(np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix))))
