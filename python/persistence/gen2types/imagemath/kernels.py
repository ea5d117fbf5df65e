"""Kernels that images are convolved with, and functions that they are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.images.image import ImageD
from persistence.gen2types.psf.kernel import FixedKernel

Kernel = FixedKernel


class GaussianFunction1D:
    """A Gaussian whose integral is 1.

    Parameters
    ----------
    sigma : `float`
        Its standard deviation.
    """

    def __init__(self, sigma: float) -> None:
        if sigma <= 0:
            raise InvalidParameterError(f"the sigma of a Gaussian has to be positive, not {sigma}")
        self._sigma = float(sigma)

    def __call__(self, x: Any) -> Any:
        return np.exp(-0.5 * np.square(np.asarray(x) / self._sigma)) / (
            self._sigma * math.sqrt(2 * math.pi)
        )


class GaussianFunction2D:
    """A Gaussian whose integral is 1.

    Parameters
    ----------
    sigma1, sigma2 : `float`
        Its standard deviations along its axes.
    angle : `float`
        From x to the first of them (rad).
    """

    def __init__(self, sigma1: float, sigma2: float, angle: float = 0.0) -> None:
        self._along, self._across = GaussianFunction1D(sigma1), GaussianFunction1D(sigma2)
        self._cos, self._sin = math.cos(angle), math.sin(angle)

    def __call__(self, x: Any, y: Any) -> Any:
        x, y = np.asarray(x), np.asarray(y)
        return self._along(self._cos * x + self._sin * y) * self._across(
            self._cos * y - self._sin * x
        )


class DoubleGaussianFunction2D:
    """The sum of two round Gaussians, whose integral is 1.

    Parameters
    ----------
    sigma1, sigma2 : `float`
        Their standard deviations.
    ampl2 : `float`
        The peak of the second over that of the first.
    """

    def __init__(self, sigma1: float, sigma2: float = 0.0, ampl2: float = 0.0) -> None:
        self._terms = [(1.0, sigma1)] + ([(ampl2, sigma2)] if ampl2 else [])

    def __call__(self, x: Any, y: Any) -> Any:
        square = np.square(x) + np.square(y)
        total = sum(peak * 2 * math.pi * sigma**2 for peak, sigma in self._terms)
        terms = (peak * np.exp(-square / (2 * sigma**2)) for peak, sigma in self._terms)
        return sum(terms) / total


class AnalyticKernel(FixedKernel):
    """A kernel of the values of a function.

    Parameters
    ----------
    width, height : `int`
        Its size.
    function : callable
        Of columns and rows from its centre.
    """

    def __init__(self, width: int, height: int, function: Any) -> None:
        y, x = np.mgrid[:height, :width]
        super().__init__(
            ImageD(function(x - width // 2, y - height // 2) * np.ones((height, width)))
        )


class SeparableKernel(FixedKernel):
    """A kernel of the product of two functions, of columns and of rows from its centre."""

    def __init__(
        self, width: int, height: int, kernelColFunction: Any, kernelRowFunction: Any
    ) -> None:
        columns = kernelColFunction(np.arange(width) - width // 2)
        rows = kernelRowFunction(np.arange(height) - height // 2)
        super().__init__(ImageD(np.outer(rows, columns)))


class DeltaFunctionKernel(FixedKernel):
    """A kernel of one pixel; others are 0.

    Parameters
    ----------
    width, height : `int`
        Its size.
    point : `Point2I`
        The index of the pixel.
    """

    def __init__(self, width: int, height: int, point: Any) -> None:
        image = ImageD(width, height)
        image[point] = 1.0
        super().__init__(image)
