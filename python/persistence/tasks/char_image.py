"""Characterization of an exposure: the level of its sky, its PSF, its bright sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from lsst.pex.config import Config, ConfigurableField, Field, ListField, RangeField

from persistence.pipe.struct import Struct
from persistence.pipe.task import Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import robust, sky
from persistence.tasks.ap_corr import MeasureApCorrTask, applied
from persistence.tasks.measure import Measured, measure
from persistence.tasks.options import option
from persistence.tasks.repair import RepairTask
from persistence.tasks.stamps import Bools

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.fields.background import BackgroundList
    from persistence.types.psf.psf import SingleGaussianPsf

_STAMP = 5  # half the side of the PSF's own image, in standard deviations
# The standard deviation (pixels) of the sharpest PSF that cosmic rays are told from, as long as it
# is not measured: a camera's pixels are made so that its stars are wider.
_SHARPEST = 0.85
_FLAGS = {
    "calib_psf_candidate": "bright and alone enough to measure the PSF",
    "calib_psf_used": "the PSF was measured of it",
}


class CharacterizeImageConfig(Config):
    """How sky, PSF and bright sources are found."""

    binSize = RangeField(
        doc="About how long the sides of the bins are in which the sky's level is found (pixels).",
        dtype=int,
        default=64,
        min=8,
    )
    thresholdValue = RangeField(
        doc="How many standard deviations of the noise bright sources stand out.",
        dtype=float,
        default=20.0,
        min=1.0,
    )
    minPixels = RangeField(doc="Pixels that a source has at least.", dtype=int, default=5, min=1)
    psfSigma = RangeField(
        doc="A guess at the standard deviation of the PSF, to begin with (pixels).",
        dtype=float,
        default=1.5,
        min=0.5,
    )
    repair: Any = ConfigurableField(target=RepairTask, doc="Finds cosmic rays, and fills them.")
    doMeasurePsf = Field[bool](
        doc="Measure the PSF? Otherwise the guess is taken.", dtype=bool, default=True
    )
    psfMinSignalToNoise = RangeField(
        doc="Least ratio of signal to noise of the stars that the PSF is measured of.",
        dtype=float,
        default=50.0,
        min=1.0,
    )
    psfMinStars = RangeField(
        doc="How many such stars there have to be.", dtype=int, default=3, min=1
    )
    psfMaxStars = RangeField(
        doc="How many are used at most, the brightest.", dtype=int, default=200, min=1
    )
    psfIsolation = RangeField(
        doc="How far from other sources they are, in standard deviations of the PSF.",
        dtype=float,
        default=6.0,
        min=0.0,
    )
    apertureRadii = ListField[float](
        doc="Radii of the apertures (pixels), beside the calibration's.",
        dtype=float,
        default=[3.0, 4.5, 6.0, 9.0, 12.0, 17.0],
        itemCheck=lambda radius: radius > 0,
    )
    calibRadius = RangeField(
        doc=(
            "Radius of the aperture whose flux is calibrated, that of the slots ApFlux and "
            "CalibFlux (pixels)."
        ),
        dtype=float,
        default=12.0,
        min=0.0,
        inclusiveMin=False,
    )
    measureApCorr: Any = ConfigurableField(
        target=MeasureApCorrTask, doc="Finds what brings fluxes of points to the calibrated one."
    )
    doApCorr = Field[bool](
        doc="Find aperture corrections by the stars that the PSF is measured of?",
        dtype=bool,
        default=True,
    )
    doWrite = Field[bool](doc="Write the bright sources as icSrc?", dtype=bool, default=True)
    doPlot = Field[bool](
        doc="Draw PSF, sky and mask as charImage_plotPsf, ...?", dtype=bool, default=False
    )


class _Psf(NamedTuple):
    sigma: float
    error: float
    candidates: Bools
    used: Bools


class CharacterizeImageTask(Task):
    """Finds an exposure's sky, PSF and bright sources."""

    ConfigClass: ClassVar[Any] = CharacterizeImageConfig
    _DefaultName = "characterizeImage"

    repair: RepairTask
    measureApCorr: MeasureApCorrTask

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.makeSubtask("repair")
        self.makeSubtask("measureApCorr")

    @timeMethod
    def runDataRef(self, sensorRef: Any, exposure: Exposure | None = None) -> Struct:
        """Characterize an exposure, by default ``postISRCCD``; see `run`."""
        given = sensorRef.get("postISRCCD") if exposure is None else exposure
        identity = sensorRef.get("ccdExposureId"), sensorRef.get("ccdExposureId_bits")
        result = self.run(given, *identity)
        if self.config.doWrite:
            sensorRef.put(result.sourceCat, "icSrc")
        if self.config.doPlot:
            from persistence.tasks import diagnostics  # lazy: only pictures need matplotlib

            diagnostics.draw(self, sensorRef, "charImage", result)
        return result

    @timeMethod
    def run(self, exposure: Exposure, exposureId: int = 0, exposureBits: int = 32) -> Struct:
        """Characterize an exposure.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            In electrons, with mask and variance.
        exposureId, exposureBits : `int`
            What the numbers of its sources begin with, and how many bits that takes.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure`` (without background, with PSF and aperture corrections), ``background``,
            ``sourceCat``.

        Raises
        ------
        TaskError
            If there are too few stars for a PSF, no pixel for a level of the sky, or too many that
            cosmic rays hit.

        Notes
        -----
        Cosmic rays are found twice: with a PSF that is sharper than any, so that stars can be found
        without them, and anew with the one that was measured of these.
        """
        from persistence.tasks import sources  # imports astropy

        config, guess = self.config, self.config.psfSigma
        level = sky.background(exposure, config.binSize).image()
        sharpest = _gaussian(min(guess, _SHARPEST))
        clean = self.repair.run(_without(exposure, level), sharpest).exposure
        first = sky.detect(clean, config.thresholdValue, guess, config.minPixels)
        hit = clean.mask.any_of({"CR"} & clean.mask.planes.keys())
        background = sky.background(exposure, config.binSize, first.pixels | hit)
        level -= background.image()
        clean = _without(clean, -level)
        found = sky.detect(clean, config.thresholdValue, guess, config.minPixels)
        at = found.x, found.y
        psf = self._psf(measure(clean, *at, _gaussian(guess), ()), exposure)
        model = _gaussian(psf.sigma)
        clean = self.repair.run(_without(exposure, background.image()), model).exposure
        measured = measure(clean, *at, model, config.apertureRadii, config.calibRadius)
        corrections = None
        if config.doApCorr and psf.used.any():
            corrections = self.measureApCorr.run(clean, measured, psf.used).apCorrMap
        measured = applied(measured, corrections)
        flags = dict(
            zip(_FLAGS, zip((psf.candidates, psf.used), _FLAGS.values(), strict=True), strict=True)
        )
        catalog = sources.catalog(
            measured, exposure.wcs, exposureId, exposureBits, flags, exposure.unit
        )
        self._note(background, psf, len(catalog))
        made = clean.replaced(psf=model, ap_corr_map=corrections)
        return Struct(exposure=made, background=background, sourceCat=catalog)

    def getSchemaCatalogs(self) -> dict[str, Any]:
        """Give an empty ``icSrc``."""
        from persistence.tasks import sources  # imports astropy

        return {"icSrc": sources.schema(self.config.apertureRadii, self.config.calibRadius, _FLAGS)}

    def _psf(self, measured: Measured, exposure: Exposure) -> _Psf:
        """Take the median width of bright stars that are alone."""
        config = self.config
        candidates = self._candidates(measured)
        if not config.doMeasurePsf:
            return _Psf(config.psfSigma, 0.0, candidates, np.zeros_like(candidates))
        number = np.count_nonzero(candidates)
        if number < config.psfMinStars:
            setting = option(self, "psfMinSignalToNoise")
            raise TaskError(
                f"{number} of {candidates.size} sources are bright and alone "
                f"enough to measure the PSF, and {config.psfMinStars} are needed; how bright: "
                f"-c {setting}={config.psfMinSignalToNoise:g}"
            )
        moments = measured.moments
        widths = np.sqrt((moments.xx + moments.yy) / 2)
        taken = robust.average(widths[candidates])
        used = candidates.copy()
        used[candidates] = taken.kept
        return _Psf(taken.value, taken.error, candidates, used)

    def _candidates(self, measured: Measured) -> Bools:
        config, ratio = self.config, measured.signal_to_noise
        bright = np.flatnonzero(measured.clean & (ratio >= config.psfMinSignalToNoise))
        bright = bright[np.argsort(-ratio[bright])][: config.psfMaxStars]
        apart = np.hypot(*(axis[bright, np.newaxis] - axis for axis in (measured.x, measured.y)))
        apart[np.arange(bright.size), bright] = np.inf
        alone = bright[(apart >= config.psfIsolation * config.psfSigma).all(axis=1)]
        return np.isin(np.arange(ratio.size), alone)

    def _note(self, background: BackgroundList, psf: _Psf, number: int) -> None:
        level = float(np.median(background.image()))
        noted = {
            "skyLevel": level,
            "psfSigma": psf.sigma,
            "psfSigmaErr": psf.error,
            "numPsfStars": int(psf.used.sum()),
            "numIcSources": number,
        }
        for name, value in noted.items():
            self.metadata.set(name, value)
        self.log.info(
            "sky %.1f electrons; PSF sigma %.3f +- %.3f pixels of %d stars; %d bright sources",
            *noted.values(),
        )


def _gaussian(sigma: float) -> SingleGaussianPsf:
    from persistence.types.psf.psf import SingleGaussianPsf

    size = 2 * int(np.ceil(_STAMP * sigma)) + 1
    return SingleGaussianPsf((size, size), sigma)


def _without(exposure: Exposure, level: Any) -> Exposure:
    return exposure.replaced(image=exposure.image - level)
