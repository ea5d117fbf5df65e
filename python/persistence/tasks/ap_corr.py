"""Aperture corrections: ratios that convert each flux of point sources to the calibrated flux."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from lsst.pex.config import Config, RangeField

from persistence.pipe.struct import Struct
from persistence.pipe.task import Task
from persistence.tasks.apertures import aperture_name
from persistence.tasks.robust import NORMAL
from persistence.tasks.stamps import Bools, Floats, Flux
from persistence.types.exposure.apcorrmap import ApCorrMap
from persistence.types.fields.boundedfield import ChebyshevField
from persistence.types.pixels.box import Box

if TYPE_CHECKING:
    from persistence.tasks.measure import Correction, Measured
    from persistence.types.exposure.exposure import Exposure

# Aperture fluxes are not corrected, as in Gen2; the map contains their corrections nevertheless.
CORRECTED: Mapping[str, str] = {"base_PsfFlux": "psf_flux", "base_GaussianFlux": "gaussian_flux"}
# Beside the noise, ratios of fluxes scatter by so much where pixels sample the PSF.
_FLOOR = 0.002


class MeasureApCorrConfig(Config):
    """How corrections are found."""

    spatialOrder = RangeField(
        doc=(
            "Order of the polynomials over the image; it is reduced where there are too few stars."
        ),
        dtype=int,
        default=2,
        min=0,
    )
    starsPerTerm = RangeField(
        doc="How many stars there have to be for each term of a polynomial.",
        dtype=int,
        default=4,
        min=1,
    )
    numIter = RangeField(
        doc="How often stars that do not fit are left out.", dtype=int, default=4, min=1
    )
    numSigmaClip = RangeField(
        doc="How far off these are (standard deviations).", dtype=float, default=3.0, min=1.0
    )


class MeasureApCorrTask(Task):
    """Measure the ratios that convert fluxes of point sources to the calibrated flux."""

    ConfigClass: ClassVar[Any] = MeasureApCorrConfig
    _DefaultName = "measureApCorr"

    def run(self, exposure: Exposure, measured: Measured, used: Bools) -> Struct:
        """Fit polynomials in the position to ratios of fluxes of stars.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            The exposure.
        measured : `~persistence.tasks.measure.Measured`
            Its sources, with uncorrected fluxes.
        used : array of `bool`, shape (sources,)
            The stars from which the PSF was measured.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``apCorrMap``: a `~persistence.types.exposure.apcorrmap.ApCorrMap`, or None if there are
            no stars.
        """
        height, width = exposure.image.shape
        box = Box(*exposure.origin, width, height)
        reference, fields, numbers = measured.calib_flux, {}, []
        for name, flux in _fluxes(measured).items():
            fit = self._fit(box, measured, used, reference, flux)
            if fit is None:
                continue
            fields[f"{name}_instFlux"] = fit.factor
            fields[f"{name}_instFluxErr"] = fit.error
            numbers.append(fit.number)
        self.metadata.set("numApCorrStars", min(numbers, default=0))
        if not fields:
            self.log.warning(
                "there are no stars for aperture corrections: fluxes are not corrected"
            )
            return Struct(apCorrMap=None)
        scatter = float(np.ravel(fields["base_PsfFlux_instFluxErr"].coefficients)[0])
        self.metadata.set("psfApCorrErr", scatter)
        self.log.info("aperture corrections of %d stars", min(numbers))
        return Struct(apCorrMap=ApCorrMap(fields))

    def _fit(
        self, box: Box, measured: Measured, used: Bools, reference: Flux, flux: Flux
    ) -> _Fit | None:
        config = self.config
        good = used & (reference.value > 0) & (flux.value > 0)
        if not good.any():
            return None
        x, y = measured.x[good], measured.y[good]
        ratio = reference.value[good] / flux.value[good]
        weight = 1 / np.hypot(reference.error[good] / reference.value[good], _FLOOR)
        kept = np.ones(ratio.size, bool)
        for _ in range(config.numIter):
            order = _order(int(np.count_nonzero(kept)), config.spatialOrder, config.starsPerTerm)
            field = _chebyshev(box, x[kept], y[kept], ratio[kept], weight[kept], order)
            rest = (ratio - field(x, y)) * weight
            scatter = NORMAL * np.median(np.abs(rest[kept]))
            closer = np.abs(rest) <= max(config.numSigmaClip * scatter, np.finfo(float).eps)
            if not closer.any() or np.array_equal(closer, kept):
                break
            kept = closer
        rest, number = ratio[kept] - field(x[kept], y[kept]), int(np.count_nonzero(kept))
        terms = (order + 1) * (order + 2) // 2
        spread = np.sqrt((weight[kept] ** 2 * rest**2).sum() / (weight[kept] ** 2).sum())
        error = np.array([[spread * np.sqrt(terms / max(number - terms, 1))]])
        return _Fit(field, ChebyshevField(box, error), number)


class _Fit(NamedTuple):
    factor: ChebyshevField
    error: ChebyshevField
    number: int


def _fluxes(measured: Measured) -> dict[str, Flux]:
    """Return fluxes by their names in catalogs, without that which is calibrated."""
    fluxes = {name: getattr(measured, attribute) for name, attribute in CORRECTED.items()}
    for radius, flux in measured.apertures.items():
        if radius != measured.calib_radius:
            fluxes[aperture_name(radius)] = flux
    return fluxes


def _order(number: int, highest: int, stars: int) -> int:
    """Return the highest order for which there are enough stars."""
    orders = range(1, highest + 1)
    return max((n for n in orders if (n + 1) * (n + 2) // 2 * stars <= number), default=0)


def _chebyshev(
    box: Box, x: Floats, y: Floats, values: Floats, weight: Floats, order: int
) -> ChebyshevField:
    """Fit a Chebyshev polynomial of limited total order."""
    terms = [(i, j) for i in range(order + 1) for j in range(order + 1 - i)]
    columns = []
    for i, j in terms:
        unit = np.zeros((order + 1, order + 1))
        unit[i, j] = 1.0
        columns.append(ChebyshevField(box, unit)(x, y))
    matrix = np.stack(columns, axis=1) * weight[:, np.newaxis]
    solution = np.linalg.lstsq(matrix, values * weight, rcond=None)[0]
    coefficients = np.zeros((order + 1, order + 1))
    coefficients[tuple(np.transpose(terms))] = solution
    return ChebyshevField(box, coefficients)


def applied(measured: Measured, corrections: ApCorrMap | None) -> Measured:
    """Return measurements with corrected fluxes; see `CORRECTED`.

    Errors are multiplied like the fluxes; the error of the correction itself, which all sources
    share, is stored separately.
    """
    from persistence.tasks.measure import Correction

    if corrections is None:
        return measured
    fluxes: dict[str, Any] = {}
    factors: dict[str, Correction] = {}
    for name, attribute in CORRECTED.items():
        if f"{name}_instFlux" not in corrections:
            continue
        flux: Flux = getattr(measured, attribute)
        factor, error = (
            np.asarray(corrections[f"{name}_{part}"](measured.x, measured.y), float)
            for part in ("instFlux", "instFluxErr")
        )
        failed = ~(np.isfinite(factor) & (factor > 0))
        factors[attribute] = Correction(factor, error, failed)
        fluxes[attribute] = Flux(flux.value * factor, flux.error * factor, flux.failed | failed)
    return replace(measured, **fluxes, corrections=factors)
