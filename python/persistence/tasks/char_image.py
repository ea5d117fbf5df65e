"""Characterization of an exposure: the level of its sky, its PSF, its bright sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from lsst.pex.config import ConfigurableField, Field, RangeField

from persistence.pipe.struct import Struct
from persistence.pipe.task import Task
from persistence.pipe.timing import timeMethod
from persistence.tasks import psf_guess, sky
from persistence.tasks.ap_corr import MeasureApCorrTask, applied
from persistence.tasks.aperture_config import ApertureConfig
from persistence.tasks.measure import measure
from persistence.tasks.measure_psf import MeasurePsfTask, gaussian
from persistence.tasks.renamed import Renamed
from persistence.tasks.repair import RepairTask
from persistence.tasks.stamps import Bools, Floats

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.psf.psfimage import Psf

# The standard deviation (pixels) of the sharpest PSF assumed for the detection of cosmic rays
# before the PSF is measured: cameras' pixels are smaller than their stars.
_SHARPEST = 0.85
_FLAGS = {
    "calib_psf_candidate": "bright and alone enough to measure the PSF",
    "calib_psf_used": "the PSF was measured of it",
    "calib_psf_reserved": "a star that was held out, to tell by it how good the PSF is",
}


class CharacterizeImageConfig(ApertureConfig):
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
        doc="Measure the PSF? Otherwise the guess is used.", dtype=bool, default=True
    )
    measurePsf: Any = ConfigurableField(target=MeasurePsfTask, doc="Measures the PSF of stars.")
    psfMinSignalToNoise = Renamed("measurePsf.starSelector.signalToNoiseMin", float)
    psfMinStars = Renamed("measurePsf.starSelector.minStars", int)
    psfMaxStars = Renamed("measurePsf.starSelector.maxStars", int)
    psfIsolation = Renamed("measurePsf.starSelector.isolation", float)
    measureApCorr: Any = ConfigurableField(
        target=MeasureApCorrTask, doc="Measure the aperture corrections of point sources' fluxes."
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


class _Seen(NamedTuple):
    """The sources detected in an exposure, and the PSF measured from it."""

    x: Floats
    y: Floats
    pixels: Bools
    psf: Struct


class CharacterizeImageTask(Task):
    """Finds an exposure's sky, PSF and bright sources."""

    ConfigClass: ClassVar[Any] = CharacterizeImageConfig
    _DefaultName = "characterizeImage"

    repair: RepairTask
    measurePsf: MeasurePsfTask
    measureApCorr: MeasureApCorrTask

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.makeSubtask("repair")
        self.makeSubtask("measurePsf")
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
        """Determine background, cosmic rays, bright sources, PSF and aperture corrections.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            The exposure in electrons, with mask and variance.
        exposureId, exposureBits : `int`
            The upper bits of the sources' numbers, and how many bits these are.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure`` (without background, with PSF and aperture corrections), ``background``,
            ``sourceCat``.

        Raises
        ------
        TaskError
            If there are too few stars for a PSF, no pixels for the background, or too many cosmic
            rays.

        Notes
        -----
        Cosmic rays are detected twice: with a PSF sharper than any real one, so that stars can be
        found without them, and again with the PSF measured from these stars. The PSF is measured
        twice, too: with the first background and cosmic rays, and with the last ones.
        """
        from persistence.tasks import sources  # imports astropy

        config = self.config
        guess, covered = self._first(exposure)
        background = sky.background(exposure, config.binSize, covered)
        clean = self.repair.run(_without(exposure, background.image()), guess).exposure
        seen = self._seen(clean, guess)
        psf, used = seen.psf.psf, seen.psf.used
        measured = measure(clean, seen.x, seen.y, psf, config.apertureRadii, config.calibRadius)
        corrections = None
        if config.doApCorr and used.any():
            corrections = self.measureApCorr.run(clean, measured, used).apCorrMap
        measured = applied(measured, corrections)
        flagged = seen.psf.candidates, used, seen.psf.reserved
        flags = dict(zip(_FLAGS, zip(flagged, _FLAGS.values(), strict=True), strict=True))
        catalog = sources.catalog(
            measured, exposure.wcs, exposureId, exposureBits, flags, exposure.unit
        )
        self._note(float(np.nanmedian(background[0].levels)), seen.psf, len(catalog))
        characterized = clean.replaced(psf=psf, ap_corr_map=corrections)
        return Struct(exposure=characterized, background=background, sourceCat=catalog)

    def _first(self, exposure: Exposure) -> tuple[Psf, Bools]:
        """Return a first PSF, and the pixels of sources and cosmic rays.

        Its temporary planes of the size of the exposure are freed on return.
        """
        config = self.config
        bare = _without(exposure, sky.background(exposure, config.binSize).image())
        sharpest = gaussian(min(config.psfSigma, _SHARPEST))
        clean = self.repair.run(bare, sharpest).exposure
        del bare  # its image is not that of the repaired one
        seen = self._seen(clean, self._guess(clean))
        hit = clean.mask.any_of({"CR"} & clean.mask.planes.keys())
        return seen.psf.psf, seen.pixels | hit

    def getSchemaCatalogs(self) -> dict[str, Any]:
        """Return an empty ``icSrc`` catalog."""
        from persistence.tasks import sources  # imports astropy

        return {"icSrc": sources.schema(self.config.apertureRadii, self.config.calibRadius, _FLAGS)}

    def _guess(self, exposure: Exposure) -> Psf:
        """Return a Gaussian as wide as the bright sources, or as configured."""
        config = self.config
        if not config.doMeasurePsf:
            return gaussian(config.psfSigma)
        detection = self._detected(exposure, config.psfSigma)
        return gaussian(psf_guess.width(exposure, detection.x, detection.y, config.psfSigma))

    def _seen(self, exposure: Exposure, psf: Psf) -> _Seen:
        """Find bright sources by a PSF of about the right width, and measure the PSF of them."""
        found = self._detected(exposure, psf.width())
        seen = found.x, found.y, found.pixels
        del found  # its segments are as large as the image
        if self.config.doMeasurePsf:
            measured = measure(exposure, *seen[:2], psf, ())
            return _Seen(*seen, self.measurePsf.run(exposure, measured))
        none = np.zeros(seen[0].size, bool)
        sigma = self.config.psfSigma
        return _Seen(
            *seen,
            Struct(psf=psf, candidates=none, used=none, reserved=none, sigma=sigma, error=0.0),
        )

    def _detected(self, exposure: Exposure, sigma: float) -> sky.Detected:
        return sky.detect(exposure, self.config.thresholdValue, sigma, self.config.minPixels)

    def _note(self, level: float, psf: Struct, number: int) -> None:
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


def _without(exposure: Exposure, level: Any) -> Exposure:
    return exposure.replaced(image=exposure.image - level)
