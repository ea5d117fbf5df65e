"""`MeasurePsfTask`: the PSF of an exposure, measured of its stars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from persistence.pipe.struct import Struct
from persistence.pipe.task import Later, Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import psf_fit, psf_quality, star_selector
from persistence.tasks.measure import Measured
from persistence.tasks.options import option
from persistence.tasks.psf_fit import Stars
from persistence.tasks.psf_quality import Quality
from persistence.tasks.stamps import Bools
from persistence.tasks.star_selector import Selected

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.psf.psf import SingleGaussianPsf
    from persistence.types.psf.psfimage import Psf

_FEWEST = 8  # stars that a model of pixels is fitted to
_STAMP = 5  # half the side of the PSF's own image, in standard deviations
# A PSF that is narrower (pixels) has details that pixels do not show: its model has finer ones.
_NARROW, _FINE = 0.95, 0.5


class _Model(NamedTuple):
    psf: Psf
    order: int | None
    used: Bools


class MeasurePsfTask(Task):
    """Select stars, and fit the PSF as a function of the position in an exposure."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.measure_psf_config", "MeasurePsfConfig")
    _DefaultName = "measurePsf"

    @timeMethod
    def run(self, exposure: Exposure, measured: Measured) -> Struct:
        """Measure the PSF.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            The background-subtracted exposure, with mask and variance.
        measured : `~persistence.tasks.measure.Measured`
            Its sources, measured with a PSF of about the right width.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``psf``; for each source whether it is one of the ``candidates``, the selected stars,
            and whether it was ``used``, or ``reserved`` to test the PSF; ``sigma`` and ``error``,
            the median of the stars' widths and its standard deviation (pixels); ``order`` of the
            polynomials, None for a Gaussian; ``quality``, a
            `~persistence.tasks.psf_quality.Quality`, or None if no stars were reserved.

        Raises
        ------
        TaskError
            If there are too few stars.
        """
        chosen = star_selector.select(measured, self.config.starSelector)
        self._check(chosen, measured)
        order = self._order(int(np.count_nonzero(chosen.stars)))
        reserved = self._reserved(chosen.stars, order)
        side = self._side(chosen.sigma)
        places = measured.x[chosen.stars], measured.y[chosen.stars]
        stars = psf_fit.cut(exposure, *places, chosen.sigma, side, (measured.x, measured.y))
        held_out = reserved[chosen.stars]
        model = self._model(exposure, stars, held_out, chosen, order)
        used = np.zeros_like(reserved)
        used[chosen.stars] = model.used
        quality = psf_quality.judge(stars.some(held_out), model.psf, chosen.sigma)
        self._note(model, chosen, used, reserved, quality)
        return Struct(
            psf=model.psf,
            candidates=chosen.stars,
            used=used,
            reserved=reserved,
            sigma=chosen.sigma,
            error=chosen.error,
            order=model.order,
            quality=quality,
        )

    def _check(self, chosen: Selected, measured: Measured) -> None:
        config, number = self.config.starSelector, int(np.count_nonzero(chosen.stars))
        if number < config.minStars:
            setting = option(self, "starSelector.signalToNoiseMin")
            raise TaskError(
                f"{number} of {measured.x.size} sources are bright and alone enough to measure the "
                f"PSF, and {config.minStars} are needed; how bright: "
                f"-c {setting}={config.signalToNoiseMin:g} ({chosen.bright} are, and are not "
                f"flagged); how far from others: -c {option(self, 'starSelector.isolation')}="
                f"{config.isolation:g}"
            )

    def _order(self, number: int) -> int | None:
        """Return the order of the polynomials that so many stars allow; None for a Gaussian."""
        config = self.config
        if config.psfDeterminer == "gaussian":
            return None
        orders = range(config.spatialOrder, -1, -1)
        allowed = (order for order in orders if number >= self._needed(order))
        order = next(allowed, None)
        if order != config.spatialOrder:
            name = "a Gaussian" if order is None else f"polynomials of order {order}"
            self.log.info(
                "the PSF is %s: %d stars are too few for order %d, which requires %d (-c %s=%d)",
                name,
                number,
                config.spatialOrder,
                self._needed(config.spatialOrder),
                option(self, "starsPerTerm"),
                config.starsPerTerm,
            )
        return order

    def _needed(self, order: int) -> int:
        """Return the number of stars required for polynomials of an order."""
        terms = (order + 1) * (order + 2) // 2
        return max(_FEWEST, int(self.config.starsPerTerm * terms))

    def _reserved(self, stars: Bools, order: int | None) -> Bools:
        """Return which stars are held out."""
        config, number = self.config, int(np.count_nonzero(stars))
        spare = number - self._needed(order or 0)
        held_out = max(0, min(int(config.reserve.fraction * number), spare))
        reserved = np.zeros_like(stars)
        chosen = np.random.default_rng(config.reserve.seed).permutation(number)[:held_out]
        reserved[np.flatnonzero(stars)[chosen]] = True
        return reserved

    def _side(self, sigma: float) -> int:
        half = max(self.config.kernelSize // 2, int(np.ceil(_STAMP * sigma)))
        return int(2 * half + 1)

    def _model(
        self, exposure: Exposure, stars: Stars, held_out: Bools, chosen: Selected, order: int | None
    ) -> _Model:
        if order is None:
            return _Model(gaussian(chosen.sigma), None, ~held_out)
        (x0, y0), (rows, columns) = exposure.origin, exposure.image.shape
        centre = x0 + (columns - 1) / 2, y0 + (rows - 1) / 2
        step = self.config.samplingSize or (_FINE if chosen.sigma < _NARROW else 1.0)
        side = 2 * stars.radius + 1
        shape = psf_fit.Shape(order, side, step, centre, (columns / 2, rows / 2))
        fitted = psf_fit.fit(stars.some(~held_out), shape, chosen.sigma)
        used = ~held_out
        used[used] = fitted.kept
        return _Model(fitted.psf, order, used)

    def _note(
        self,
        model: _Model,
        chosen: Selected,
        used: Bools,
        reserved: Bools,
        quality: Quality | None,
    ) -> None:
        noted: dict[str, Any] = {
            "psfModel": "gaussian" if model.order is None else "poly",
            "psfSpatialOrder": model.order or 0,
            "psfSigma": chosen.sigma,
            "psfSigmaErr": chosen.error,
            "numPsfCandidates": int(chosen.stars.sum()),
            "numPsfStars": int(used.sum()),
            "numPsfReserved": int(reserved.sum()),
        }
        if quality is not None:
            noted |= {
                "psfHeldOutSizeResidual": quality.size,
                "psfHeldOutSizeScatter": quality.size_scatter,
                "psfHeldOutE1Residual": quality.e1,
                "psfHeldOutE2Residual": quality.e2,
                "psfHeldOutChi2": quality.chi2,
            }
        for name, value in noted.items():
            self.metadata.set(name, value)
        self.log.info(
            "PSF sigma %.3f +- %.3f pixels, %s of order %d, of %d stars of %d",
            chosen.sigma,
            chosen.error,
            noted["psfModel"],
            noted["psfSpatialOrder"],
            noted["numPsfStars"],
            noted["numPsfCandidates"],
        )
        if quality is not None:
            self.log.info(
                "%d stars that were held out are larger than the PSF by %+.2f%%, more elliptical "
                "by %+.4f and %+.4f; chi2 %.2f",
                quality.number,
                100 * quality.size,
                quality.e1,
                quality.e2,
                quality.chi2,
            )


def gaussian(sigma: float) -> SingleGaussianPsf:
    """Return a round Gaussian as a PSF, with an image that holds all of it that counts."""
    from persistence.types.psf.psf import SingleGaussianPsf

    size = 2 * int(np.ceil(_STAMP * sigma)) + 1
    return SingleGaussianPsf((size, size), sigma)
