"""PSFs by kind: Gaussians, a kernel, the PSFs of a coadd's inputs."""

from __future__ import annotations

import dataclasses
from typing import Any, Self

from persistence.gen2types import wrap
from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2I
from persistence.gen2types.exceptions import InvalidParameterError, RangeError
from persistence.gen2types.psf.kernel import FixedKernel
from persistence.gen2types.psf.psf import Psf
from persistence.types.psf.coaddpsf import CoaddInput
from persistence.types.psf.coaddpsf import CoaddPsf as OurCoaddPsf
from persistence.types.psf.psf import DoubleGaussianPsf as OurDouble
from persistence.types.psf.psf import GaussianPsf as OurGaussian
from persistence.types.psf.psf import KernelPsf as OurKernelPsf
from persistence.types.psf.psf import SingleGaussianPsf as OurSingle

__all__ = ["CoaddPsf", "DoubleGaussianPsf", "GaussianPsf", "KernelPsf", "SingleGaussianPsf"]


def _sized(args: tuple[Any, ...]) -> tuple[tuple[int, int], tuple[float, ...]]:
    """Return the size, and the other numbers, of ``(width, height, ...)`` or ``(size, ...)``.

    Raises
    ------
    InvalidParameterError
        If the size is even.
    """
    first, *rest = args
    width, height, *numbers = (*first, *rest) if isinstance(first, Extent2I) else args
    if not (int(width) % 2 and int(height) % 2):
        raise InvalidParameterError(
            f"the size of a PSF's kernel image has to be odd, not {width} x {height} pixels"
        )
    return (int(width), int(height)), tuple(float(number) for number in numbers)


class GaussianPsf(Psf[OurGaussian]):
    """A round Gaussian.

    Parameters
    ----------
    *args
        ``width, height, sigma``, or the size as an `Extent2I` and ``sigma`` (pixels).
    """

    def __init__(self, *args: Any, sigma: float | None = None) -> None:
        size, numbers = _sized(args)
        (width,) = numbers or (sigma,)
        if width is None or width <= 0:
            raise InvalidParameterError(
                f"the sigma of a GaussianPsf has to be positive, not {width}"
            )
        self._ours = OurGaussian(size, float(width))

    def getSigma(self) -> float:
        return self._ours.sigma

    def getDimensions(self) -> Extent2I:
        return Extent2I(*self._ours.size)

    def resized(self, width: int, height: int) -> Self:
        """Return the same PSF with an image of another size."""
        size, _ = _sized((width, height))
        return self.of(dataclasses.replace(self._ours, size=size))


class SingleGaussianPsf(GaussianPsf):
    """The same, by the name of meas_algorithms."""

    def __init__(self, *args: Any, sigma: float | None = None) -> None:
        super().__init__(*args, sigma=sigma)
        self._ours = OurSingle(self._ours.size, self._ours.sigma)


class DoubleGaussianPsf(Psf[OurDouble]):
    """The sum of two round Gaussians.

    Parameters
    ----------
    width, height : `int`
        The size of its image.
    sigma1, sigma2 : `float`
        Standard deviations (pixels).
    b : `float`
        How high the second is at its peak, if the first is 1 there.
    """

    def __init__(
        self, width: int, height: int, sigma1: float, sigma2: float = 1.0, b: float = 0.0
    ) -> None:
        size, _ = _sized((width, height))
        self._ours = OurDouble(size, float(sigma1), float(sigma2), float(b))

    def getSigma1(self) -> float:
        return self._ours.sigma1

    def getSigma2(self) -> float:
        return self._ours.sigma2

    def getB(self) -> float:
        return self._ours.b


class KernelPsf(Psf[OurKernelPsf]):
    """A kernel.

    Parameters
    ----------
    kernel : `FixedKernel`
        The kernel.
    averagePosition : `Point2D`, optional
        Where it holds on average.
    """

    def __init__(self, kernel: FixedKernel, averagePosition: Any = (0.0, 0.0)) -> None:
        x, y = averagePosition
        self._ours = OurKernelPsf(kernel.astropy, (float(x), float(y)))


class CoaddPsf(Psf[OurCoaddPsf]):
    """The weighted mean of the PSFs of the images that were added up, where they were."""

    def __init__(self, *_: Any) -> None:
        raise TypeError("a CoaddPsf cannot be created; coadd.getPsf() returns it")

    def getComponentCount(self) -> int:
        return len(self._ours.inputs)

    def _input(self, index: int) -> CoaddInput:
        if not 0 <= index < len(self._ours.inputs):
            raise RangeError(
                f"index {index} is out of range: the coadd has {len(self._ours.inputs)} inputs"
            )
        return self._ours.inputs[index]

    def getPsf(self, index: int) -> Any:
        return wrap(self._input(index).psf)

    def getWcs(self, index: int) -> Any:
        return wrap(self._input(index).wcs)

    def getValidPolygon(self, index: int) -> Any:
        return wrap(self._input(index).polygon)

    def getWeight(self, index: int) -> float:
        return self._input(index).weight

    def getId(self, index: int) -> int:
        return int(self._input(index).record["id"])

    def getBBox(self, index: int) -> Box2I:
        return Box2I.of(self._input(index).bbox)

    def getCoaddWcs(self) -> Any:
        return wrap(self._ours.wcs)
