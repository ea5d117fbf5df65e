"""Match a warped template to a science exposure, and subtract it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.tasks import sky
from persistence.tasks.difference import basis, convolution, decorrelation, kernelfit, resampledpsf
from persistence.tasks.difference.kernelfit import Fit, Pair
from persistence.types.pixels.mask import Mask

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Plane = NDArray[np.float32]

# Planes whose pixels count for nothing, in either exposure.
UNUSABLE = ("BAD", "SAT", "CR", "EDGE", "NO_DATA")


@dataclass(frozen=True, eq=False)
class Difference:
    """A difference, and its components.

    Attributes
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The science exposure minus the template, in the science exposure's unit, with the PSF of a
        source in one of them.
    matched : `~persistence.types.exposure.exposure.Exposure`
        The warped template, brought to the science exposure's brightness and, where it was
        convolved, to its PSF; then its variance is the one by which a point's flux has the right
        error, for its noise is no longer independent from pixel to pixel.
    scale : `float`
        The factor from the template's counts to the science exposure's.
    convolved : `str`
        ``template`` or ``science``.
    fit : `~persistence.tasks.difference.kernelfit.Fit` or None
        None where none was needed (``zogy``).
    """

    exposure: Exposure
    matched: Exposure
    scale: float
    convolved: str
    fit: Fit | None


def usable(science: Exposure, template: Exposure) -> Bools:
    """Return the pixels that count in both."""
    return ~(unusable(science) | unusable(template))


def unusable(exposure: Exposure) -> Bools:
    """Return the pixels of an exposure that do not count."""
    _mask, variance = sky.planes(exposure)
    return sky.unusable(exposure, UNUSABLE) | ~np.isfinite(variance)


def joined(science: Exposure, template: Exposure) -> Mask:
    """Return a mask with the flags of both, by the names of their planes."""
    (mask, _), (other, _) = sky.planes(science), sky.planes(template)
    planes = dict(mask.planes)
    for name in other.planes:
        planes.setdefault(name, max(planes.values()) + 1)
    # Most planes have the same bits in both, and are joined at once.
    same = sum(1 << bit for name, bit in other.planes.items() if planes[name] == bit)
    array = mask.array | (other.array & np.int32(same))
    for name, bit in other.planes.items():
        if planes[name] != bit and other[name].any():
            array |= ((other.array >> bit) & 1) << planes[name]
    return Mask(array, planes)


class Kernel(NamedTuple):
    """The settings of the kernel.

    Attributes
    ----------
    sigmas, degrees : sequence
        See `persistence.tasks.difference.basis.gaussians`.
    size : `int`
        Its side (pixels), odd.
    order, sky_order : `int`
        Of the polynomials by which kernel and sky vary.
    """

    sigmas: Sequence[float]
    degrees: Sequence[int]
    size: int
    order: int
    sky_order: int


def alard_lupton(
    science: Exposure, template: Exposure, good: Bools, x: Floats, y: Floats, convolve: str,
    kernel: Kernel, decorrelate: bool,
) -> Difference:  # fmt: skip
    """Subtract by a kernel that is fitted to stars.

    Parameters
    ----------
    science, template : `~persistence.types.exposure.exposure.Exposure`
        Of the same pixels, without background, with mask, variance and PSF.
    good : array of `bool`
        The pixels that count in both; see `usable`.
    x, y : array
        The stars (pixels of the parent image).
    convolve : `str`
        ``template`` or ``science``: which is convolved, the sharper one.
    kernel : `Kernel`
    decorrelate : `bool`
        Make the noise white again?
    """
    sharp, other = (template, science) if convolve == "template" else (science, template)
    noise, quiet = (calm(sky.planes(exposure)[1], good) for exposure in (other, sharp))
    # ISR and splines have filled what is bad, so that convolution does not spread it.
    image = np.where(np.isfinite(sharp.image), sharp.image, np.float32(0))
    fit = kernelfit.fit(
        Pair(image, other.image, np.where(good, noise + quiet, np.float32(np.inf))), x, y,
        basis.gaussians(kernel.size // 2, kernel.sigmas, kernel.degrees), science.bbox,
        kernel.order, kernel.sky_order,
    )  # fmt: skip
    model, total = fit.kernel.applied(image), fit.kernel.sum
    rest = np.where(good, other.image - model, np.float32(0))
    psf = other.psf
    if decorrelate:
        white = decorrelation.whitener(
            fit.kernel.middle, *(float(np.median(plane[good][::50])) for plane in (noise, quiet))
        )
        rest = convolution.convolved(rest, white)
        psf = resampledpsf.convolved(psf, lambda _x, _y: white, science.bbox)
        variance = noise + quiet * np.float32(total**2)
    else:
        variance = noise + fit.kernel.variance(quiet)
    if convolve == "science":
        # That was the template less the science exposure, in the template's counts.
        rest, variance = rest * np.float32(-1 / total), variance * np.float32(total**-2)
        matched = template.replaced(image=template.image * np.float32(1 / total))
    else:
        matched = template.replaced(
            image=model, psf=other.psf, variance=quiet * fit.kernel.noise(other.psf)
        )
    difference = science.replaced(
        image=rest, variance=np.asarray(variance, np.float32), mask=joined(science, template),
        psf=psf, ap_corr_map=None,
    )  # fmt: skip
    scale = total if convolve == "template" else 1 / total
    return Difference(
        difference, matched.replaced(photo_calib=science.photo_calib), scale, convolve, fit
    )


def calm(variance: Any, good: Bools) -> Plane:
    """Return a variance in which unusable pixels have the median of the others.

    Raises
    ------
    TaskError
        If there are no usable pixels.
    """
    if not good.any():
        raise TaskError("no pixel of the science exposure is good where the template has one, too")
    middle = np.median(variance[good][::50])
    return np.asarray(np.where(good, variance, middle), np.float32)
