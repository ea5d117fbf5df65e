"""A PSF of pixels that vary over the chip, fitted to stars; see `fit`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from persistence.tasks import robust, sky, stamps
from persistence.tasks.psf_wings import with_wings
from persistence.tasks.stamps import Bools, Floats
from persistence.types.psf import resample
from persistence.types.psf.psfex import PsfexPsf

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.psf.psfimage import Psf

_STRAY = 5.0  # standard deviations by which a pixel differs that is not the star's
_UNSURE = 0.05  # part of the model's value by which pixels may differ beside their noise
# Signal to noise above which a star counts no more than another: the model, not the noise, is what
# its pixels differ by.
_BRIGHT = 500.0
# How far the mean square of a star's residuals is above that of others, in standard deviations,
# which are taken for a quarter of it at least.
_STRANGE = 5.0
_CORE = 3.0  # standard deviations of the PSF within which brightness and shift are fitted


@dataclass(frozen=True, eq=False)
class Stars:
    """Stars that a PSF is fitted to.

    Attributes
    ----------
    x, y : array, shape (stars,)
        Positions (pixels of the parent image).
    pixels : array, shape (stars, side, side)
        The squares around them, without local background; the middle is the pixel of the position.
    noise : array, shape (stars,)
        The standard deviation of a pixel beside the star.
    good : array of `bool`, shape (stars, side, side)
        Which pixels are the star's, and not bad.
    """

    x: Floats
    y: Floats
    pixels: Floats
    noise: Floats
    good: Bools

    @property
    def radius(self) -> int:
        """Half the side of a square, less half a pixel."""
        return int(self.pixels.shape[1] // 2)

    def some(self, which: Bools) -> Stars:
        """Return a part of the stars."""
        return Stars(*(part[which] for part in vars(self).values()))

    @property
    def distance(self) -> Floats:
        """How far each pixel's middle is from that of its square (pixels), shape (side, side)."""
        steps = np.arange(-self.radius, self.radius + 1)
        return np.hypot(steps, steps[:, np.newaxis])


class Compared(NamedTuple):
    """Stars compared with a model.

    Attributes
    ----------
    flux : array, shape (stars,)
        The flux relative to the model.
    residual : array, shape (stars, side, side)
        Star minus model, as a fraction of the flux; 0 where pixels are bad, or outliers.
    chi2 : array, shape (stars,)
        The mean square of the residuals in the core, relative to that expected from the noise and
        a model error of 1%.
    model : array, shape (stars, side, side)
        The model.
    """

    flux: Floats
    residual: Floats
    chi2: Floats
    model: Floats


class Fitted(NamedTuple):
    """The result of a fit.

    Attributes
    ----------
    psf : `~persistence.types.psf.psfex.PsfexPsf`
        The PSF.
    stars : `Stars`
        The stars, with fitted positions.
    kept : array of `bool`, shape (stars,)
        The stars used for the fit; others fit much worse.
    """

    psf: PsfexPsf
    stars: Stars
    kept: Bools


class Shape(NamedTuple):
    """Of which shape a model is.

    Attributes
    ----------
    order : `int`
        Highest sum of powers of the position.
    side : `int`
        Pixels along an edge of its image, an odd number.
    step : `float`
        The side of a pixel of the model, in pixels.
    centre, half : `tuple` [`float`, `float`]
        The middle of the chip, and half its size (pixels): by these positions are scaled.
    """

    order: int
    side: int
    step: float
    centre: tuple[float, float]
    half: tuple[float, float]

    def gaussian(self, sigma: float, average: tuple[float, float]) -> PsfexPsf:
        """Return a model that is a Gaussian everywhere."""
        fine = int(np.ceil(self.side / self.step)) // 2 * 2 + 1
        places = (np.arange(fine) - fine // 2) * self.step
        components = np.zeros(((self.order + 1) * (self.order + 2) // 2, fine, fine))
        components[0] = np.exp(-(places**2 + places[:, np.newaxis] ** 2) / (2 * sigma**2))
        components[0] /= components[0].sum()
        return PsfexPsf(components, self.order, self.centre, self.half, self.step, average)


def cut(
    exposure: Exposure, x: Floats, y: Floats, sigma: float, side: int, others: tuple[Floats, Floats]
) -> Stars:
    """Cut stars out of an exposure, and subtract the local background.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The background-subtracted exposure.
    x, y : array, shape (stars,)
        Positions of the stars (pixels of the parent image).
    sigma : `float`
        The approximate width of the PSF (pixels).
    side : `int`
        The side of a square (pixels), odd.
    others : `tuple` [array, array]
        Positions of all sources, including the stars: pixels nearer to another source are ignored.
    """
    x0, y0 = exposure.origin
    bad = sky.unusable(exposure)
    part = stamps.cut(
        exposure.image,
        exposure.variance,
        bad,
        np.floor(x - x0 + 0.5),
        np.floor(y - y0 + 0.5),
        side // 2,
    )
    good = part.good & ~_near_others(x, y, others, sigma, side // 2)
    stars = Stars(x, y, part.pixels, np.ones(len(x)), good)
    rim = stars.distance > 0.8 * stars.radius
    level, noise = _rims(stars, part.variance, rim)
    around = replace(stars, noise=noise)
    return replace(around, pixels=around.pixels - _levels(around, level, rim, sigma))


def _near_others(
    x: Floats, y: Floats, others: tuple[Floats, Floats], sigma: float, radius: int
) -> Bools:
    """Return which pixels of squares around stars are another source's."""
    from scipy.spatial import cKDTree

    steps = np.arange(-radius, radius + 1)
    near = np.zeros((len(x), steps.size, steps.size), bool)
    tree = cKDTree(np.column_stack(others))
    reach = 4 * sigma
    for each, fitted in enumerate(
        tree.query_ball_point(np.column_stack([x, y]), 1.5 * radius + reach)
    ):
        for other in fitted:
            dx, dy = others[0][other] - x[each], others[1][other] - y[each]
            if np.hypot(dx, dy) > sigma:
                away = np.hypot(steps - dx, steps[:, np.newaxis] - dy)
                near[each] |= (away < reach) & (away < np.hypot(steps, steps[:, np.newaxis]))
    return near


def _rims(stars: Stars, variance: Floats, rim: Bools) -> tuple[Floats, Floats]:
    """Return the median of the pixels far from each star, and their noise."""
    with np.errstate(all="ignore"):
        pixels = np.where(stars.good, stars.pixels, np.nan)[:, rim]
        level = np.nan_to_num(robust.medians(pixels))
        noise = np.sqrt(robust.medians(np.where(stars.good, variance, np.nan)[:, rim]))
    typical = np.nanmedian(noise)
    return level, np.where(np.isfinite(noise), noise, typical)


def _levels(stars: Stars, level: Floats, rim: Bools, sigma: float) -> Floats:
    """Return the background of each star, shape (stars, 1, 1).

    The wings of a PSF at the rim of its square are proportional to the star's brightness, the
    background is not: a linear fit separates them.
    """
    flux = _gaussian_flux(stars, sigma)
    error = robust.NORMAL * stars.noise / np.sqrt(np.count_nonzero(rim))
    design = np.column_stack([np.ones_like(flux), flux]) / error[:, np.newaxis]
    kept = np.ones(len(flux), bool)
    line, wing_error = np.zeros(2), np.inf
    for _ in range(3):
        if np.count_nonzero(kept) < 3:
            break
        line = np.linalg.lstsq(design[kept], (level / error)[kept], rcond=None)[0]
        wing_error = float(np.sqrt(np.linalg.pinv(design[kept].T @ design[kept])[1, 1]))
        rest = (level - line[0] - line[1] * flux) / error
        scatter = robust.NORMAL * np.median(np.abs(rest))
        kept = np.abs(rest) <= 3 * max(scatter, 1.0)
    wing = line[1] if line[1] > 3 * wing_error else 0.0
    below = level - wing * flux
    common = float(np.median(below))
    # So far as it is more than its error: the background was subtracted before.
    doubt = (1.2533 * float(np.median(error))) ** 2 / len(below)
    common *= max(0.0, 1 - doubt / common**2) if common else 0.0
    # As far as the levels differ by more than their errors.
    spread = (robust.NORMAL * np.median(np.abs(below - common))) ** 2
    own = max(0.0, 1 - float(np.median(error**2)) / spread) if spread else 0.0
    return np.asarray(common + own * (below - common))[:, np.newaxis, np.newaxis]


def _gaussian_flux(stars: Stars, sigma: float) -> Floats:
    profile = np.exp(-(stars.distance**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    profile = np.where(stars.good, profile, 0.0)
    return np.asarray((profile * stars.pixels).sum((1, 2)) / (profile**2).sum((1, 2)))


def compare(stars: Stars, model: Psf, sigma: float, clip: bool = True) -> Compared:
    """Compare stars with a model.

    Parameters
    ----------
    sigma : `float`
        About how wide the model is (pixels).
    """
    images = model.stamps(stars.x, stars.y, stars.radius)
    core = stars.good & (stars.distance < _CORE * sigma)
    good, flux = stars.good, np.ones(len(stars.x))
    for _ in range(2 if clip else 1):
        profile = np.where(core & good, images, 0.0)
        flux = (profile * stars.pixels).sum((1, 2)) / (profile**2).sum((1, 2))
        per = np.where(flux > 0, flux, np.inf)[:, np.newaxis, np.newaxis]
        noise = np.sqrt(
            (stars.noise[:, np.newaxis, np.newaxis] / per) ** 2 + np.maximum(images, 0) / per
        )
        residual = stars.pixels / per - images
        good = stars.good & (np.abs(residual) < _STRAY * noise + _UNSURE * np.abs(images))
    expected = noise**2 + (0.01 * images) ** 2
    number = np.maximum(core.sum((1, 2)), 1)
    chi2 = np.where(core, residual**2 / expected, 0.0).sum((1, 2)) / number
    return Compared(flux, np.where(good if clip else stars.good, residual, 0.0), chi2, images)


def fit(stars: Stars, shape: Shape, sigma: float, rounds: int = 4) -> Fitted:
    """Fit a PSF whose every pixel is a polynomial of the position.

    Residuals are measured in the pixels of the exposure, where the model is drawn as users draw it;
    only they are resampled to the model's own pixels, and fitted there by a polynomial. Resampling
    therefore broadens nothing: what it blurs appears as a residual in the next round.

    Parameters
    ----------
    stars : `Stars`
        The stars.
    shape : `Shape`
        The size and order of the model.
    sigma : `float`
        The approximate width of the PSF (pixels).
    rounds : `int`
        The number of iterations.

    Returns
    -------
    fitted : `Fitted`
        The sum of its PSF is 1 in the calibration aperture, except for the wings beyond.
    """
    average = float(np.mean(stars.x)), float(np.mean(stars.y))
    model, kept = shape.gaussian(sigma, average), np.ones(len(stars.x), bool)
    for each in range(rounds):
        compared = compare(stars, model, sigma, clip=each > 0)
        kept = kept & ~_strange(compared.chi2, kept) if each > 1 else kept
        weights = np.where(kept, _weights(stars, compared), 0.0)
        terms = model.terms(stars.x, stars.y) * weights[:, np.newaxis]
        stars, compared = _recentred(stars, compared, terms, weights)
        lacking = _carried(stars, compared.residual, model)
        if each:
            flat = lacking.reshape(len(lacking), -1) * weights[:, np.newaxis]
            change = np.linalg.lstsq(terms, flat, rcond=None)[0].reshape(model.components.shape)
        else:  # unexpected wings would be rejected as outliers
            better = weights >= np.median(weights)
            change = np.zeros_like(model.components)
            change[0] = np.median(lacking[better], axis=0)
        components = with_wings(model.components + change, model.step, sigma)
        model = replace(model, components=components)
    # As archives store it.
    components = model.components.astype(np.float32).astype(float)
    return Fitted(replace(model, components=components), stars, kept)


def _strange(chi2: Floats, kept: Bools) -> Bools:
    """Return which stars suit a model much worse than the others do."""
    middle = float(np.median(chi2[kept]))
    scatter = robust.scatter(chi2[kept])
    return np.asarray(chi2 > middle + _STRANGE * max(scatter, 0.25 * middle))


def _weights(stars: Stars, compared: Compared) -> Floats:
    """Return the weights of the stars' residuals in a fit."""
    with np.errstate(all="ignore"):
        area = (compared.model**2).sum((1, 2))
        error = np.sqrt((stars.noise / compared.flux) ** 2 / area + 1 / compared.flux)
    weights = 1 / np.hypot(error, 1 / _BRIGHT)
    return np.where(np.isfinite(weights) & (compared.flux > 0), weights, 0.0)


def _recentred(
    stars: Stars, compared: Compared, terms: Floats, weights: Floats
) -> tuple[Stars, Compared]:
    """Move stars to their best-fit positions, and remove the shifts from the residuals.

    The common part of the shifts, a polynomial of the position, is kept in the model.
    """
    # What a shift by a pixel adds.
    slopes = np.stack([-np.gradient(compared.model, axis=2), -np.gradient(compared.model, axis=1)])
    matrix = np.einsum("anij,bnij->nab", slopes, slopes)
    right = np.einsum("anij,nij->na", slopes, compared.residual)
    shifts = np.linalg.solve(matrix, right[..., np.newaxis])[..., 0]
    common = np.linalg.lstsq(terms, shifts * weights[:, np.newaxis], rcond=None)[0]
    own = shifts - (terms / np.where(weights, weights, 1)[:, np.newaxis]) @ common
    own = np.clip(np.nan_to_num(own), -0.2, 0.2)
    residual = compared.residual - np.einsum("na,anij->nij", own, slopes) * (compared.residual != 0)
    moved = replace(stars, x=stars.x + own[:, 0], y=stars.y + own[:, 1])
    # A star that leaves its pixel stays in its square.
    stay = (np.floor(moved.x + 0.5) == np.floor(stars.x + 0.5)) & (
        np.floor(moved.y + 0.5) == np.floor(stars.y + 0.5)
    )
    x, y = np.where(stay, moved.x, stars.x), np.where(stay, moved.y, stars.y)
    return replace(stars, x=x, y=y), compared._replace(
        residual=np.where(stay[:, np.newaxis, np.newaxis], residual, compared.residual)
    )


def _carried(stars: Stars, residual: Floats, model: PsfexPsf) -> Floats:
    """Return residuals in the pixels of the model, around the positions of the stars."""
    matrices = []
    for length, places in zip(model.components.shape[1:], (stars.y, stars.x), strict=True):
        rest = places - np.floor(places + 0.5)
        steps = (np.arange(length) - length // 2) * model.step
        matrices.append(
            resample.matrices(stars.radius + steps + rest[:, np.newaxis], 2 * stars.radius + 1)
        )
    down, across = matrices
    return np.asarray(down @ residual @ across.transpose(0, 2, 1)) * model.step**2
