"""Functions of two variables in kernels (doc/gen2/afw-files.md 2.8)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.polynomial.chebyshev import chebgrid2d, chebval2d
from numpy.polynomial.polynomial import polyval2d
from numpy.typing import ArrayLike, NDArray

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Tables
from persistence.types.archives.cells import numbers_of

Array = NDArray[np.float64]


class Function(Protocol):
    """A function of columns and rows with parameters."""

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return the values at columns and rows, which are broadcast."""

    def given(self, parameters: Array) -> Function:
        """Return the function with other parameters."""


@dataclass(frozen=True)
class Gaussian:
    """An elliptical Gaussian of volume 1.

    Its first axis is rotated by an angle (rad) from columns.
    """

    sigma1: float
    sigma2: float
    angle: float

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        x, y = np.asarray(x), np.asarray(y)
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        first, second = (cosine * x + sine * y) / self.sigma1, (cosine * y - sine * x) / self.sigma2
        return np.exp(-(first**2 + second**2) / 2) / (2 * np.pi * self.sigma1 * self.sigma2)

    def given(self, parameters: Array) -> Gaussian:
        """Return the function with other parameters."""
        return Gaussian(*(float(each) for each in parameters))


@dataclass(frozen=True)
class DoubleGaussian:
    """The sum of two round Gaussians, of volume 1.

    ``ampl2`` is the height of the second relative to the first.
    """

    sigma1: float
    sigma2: float
    ampl2: float

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        squared = np.asarray(x, dtype=float) ** 2 + np.asarray(y, dtype=float) ** 2
        narrow, wide = (np.exp(-squared / (2 * sigma**2)) for sigma in (self.sigma1, self.sigma2))
        return (narrow + self.ampl2 * wide) / (
            2 * np.pi * (self.sigma1**2 + self.ampl2 * self.sigma2**2)
        )

    def given(self, parameters: Array) -> DoubleGaussian:
        """Return the function with other parameters."""
        return DoubleGaussian(*(float(each) for each in parameters))


@dataclass(frozen=True, eq=False)
class Polynomial:
    """A polynomial with coefficients of 1, x, y, x^2, x y, y^2, x^3, ..."""

    coefficients: Array

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        return polyval2d(x, y, triangle(self.coefficients))

    def given(self, parameters: Array) -> Polynomial:
        """Return the function with other parameters."""
        return Polynomial(parameters)


@dataclass(frozen=True, eq=False)
class Chebyshev:
    """A sum of products of Chebyshev polynomials, ordered as `Polynomial`, scaled to a range."""

    coefficients: Array
    minimum: tuple[float, float]
    maximum: tuple[float, float]

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        columns, rows = np.broadcast_arrays(self._scaled(0, x), self._scaled(1, y))
        return chebval2d(columns, rows, triangle(self.coefficients))

    def on_grid(self, columns: Array, rows: Array) -> Array:
        """Return the values on the grid of columns and rows, shape (rows, columns).

        This is much faster than a call for single positions.
        """
        cells = triangle(self.coefficients).T
        return np.asarray(
            chebgrid2d(self._scaled(1, rows), self._scaled(0, columns), cells), dtype=float
        )

    def _scaled(self, axis: int, places: ArrayLike) -> Array:
        low, high = self.minimum[axis], self.maximum[axis]
        return np.asarray((2 * np.asarray(places, dtype=float) - high - low) / (high - low))

    def given(self, parameters: Array) -> Chebyshev:
        """Return the function with other parameters."""
        return replace(self, coefficients=parameters)


def powers(degree: int) -> list[tuple[int, int]]:
    """Return the powers of x and y of each coefficient up to a degree, in afw's order."""
    return [(each - j, j) for each in range(degree + 1) for j in range(each + 1)]


def triangle(coefficients: Array) -> Array:
    """Return coefficients arranged by the powers of x and y.

    Raises
    ------
    FormatterError
        If their number does not match any degree.
    """
    degree = next(
        each for each in itertools.count() if (each + 1) * (each + 2) // 2 >= len(coefficients)
    )
    places = powers(degree)
    if len(places) != len(coefficients):
        raise FormatterError(f"no polynomial of x and y has {len(coefficients)} coefficients")
    cells = np.zeros((degree + 1, degree + 1))
    cells[tuple(np.transpose(places))] = coefficients
    return cells


def make_gaussian(tables: Tables, load: Load) -> Gaussian:
    """Return the GaussianFunction2 of its table."""
    return Gaussian(*(float(tables[0][name][0]) for name in ("sigma1", "sigma2", "angle")))


def make_double_gaussian(tables: Tables, load: Load) -> DoubleGaussian:
    """Return the DoubleGaussianFunction2 of its table."""
    return DoubleGaussian(*(float(tables[0][name][0]) for name in ("sigma1", "sigma2", "ampl2")))


def make_polynomial(tables: Tables, load: Load) -> Polynomial:
    """Return the PolynomialFunction2 of its table."""
    return Polynomial(numbers_of(tables[0]["coefficients"][0]))


def make_chebyshev(tables: Tables, load: Load) -> Chebyshev:
    """Return the Chebyshev1Function2 of its table."""
    x0, y0, x1, y1 = (float(tables[0][name][0]) for name in ("min_x", "min_y", "max_x", "max_y"))
    return Chebyshev(numbers_of(tables[0]["coefficients"][0]), (x0, y0), (x1, y1))
