"""AST's polynomial mappings: of powers, and of Chebyshev polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, polynomial
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.wcs.astdump import Dump

Points = NDArray[np.float64]
# More coefficients than any distortion has, and few enough for memory.
_MOST_CELLS = 1_000_000
# Newton's iteration doubles the digits in each step, once it is near. Rounding may prevent a final
# value, but steps larger than the last number mean divergence. Both are relative to the coordinate.
_ITERATIONS = 50
_STILL, _LOST = 1e-13, 1e-9


@dataclass(frozen=True, eq=False)
class Polynomial:
    """Polynomials of several variables.

    Attributes
    ----------
    coefficients : array, shape (power of axis 1, power of axis 2, ..., outputs)
        The coefficient of each product of powers.
    value, derivative : callable
        numpy's functions of one axis, for powers or for Chebyshev polynomials.
    factors, offsets : array
        The scaling of each input to the polynomials' domain.
    """

    coefficients: NDArray[np.float64]
    value: Callable[..., Any]
    derivative: Callable[..., Any]
    factors: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def __call__(self, points: Points) -> Points:
        """Return the values, shape (outputs, points)."""
        return self._evaluated(self.coefficients, points)

    def _evaluated(self, coefficients: NDArray[np.float64], points: Points) -> Points:
        scaled = points * self.factors[:, np.newaxis] + self.offsets[:, np.newaxis]
        found = self.value(scaled[0], coefficients)
        for axis in scaled[1:]:
            found = self.value(axis, found, tensor=False)
        return np.asarray(found)

    def slopes(self, points: Points) -> NDArray[np.float64]:
        """Return the derivatives of each output by each input, shape (points, outputs, inputs)."""
        by_axis = [
            factor * self._evaluated(self.derivative(self.coefficients, axis=axis), points)
            for axis, factor in enumerate(self.factors)
        ]
        return np.stack(by_axis, axis=-1).swapaxes(0, 1)

    def solved(self, values: Points) -> Points:
        """Return the points with some values; NaN without such a point near the middle."""
        middle = -self.offsets / np.where(self.factors == 0, 1, self.factors)
        start = np.repeat(middle[:, np.newaxis], values.shape[1], axis=1)
        return solved(self, self.slopes, values, start)


def solved(
    function: Callable[[Points], Points],
    slopes: Callable[[Points], NDArray[np.float64]],
    values: Points,
    start: Points,
) -> Points:
    """Return the points at which a function has some values, by Newton's iteration; NaN if none.

    Parameters
    ----------
    function : callable
        A function with as many axes as values.
    slopes : callable
        Its derivatives, shape (points, outputs, inputs).
    values, start : array, shape (axes, points)
        The wanted values, and the first points of the iteration.
    """
    points = start
    moved: NDArray[Any] = np.zeros(start.shape)
    with np.errstate(all="ignore"):  # divergent values become NaN
        for _ in range(_ITERATIONS):
            matrices = slopes(points)
            matrices[np.linalg.det(matrices) == 0] = np.nan
            off = (values - function(points)).T[..., np.newaxis]
            moved = np.linalg.solve(matrices, off)[..., 0].T
            points = points + moved
            if not (np.abs(moved) > _STILL * (np.abs(points) + 1)).any():
                break
    return np.where(np.abs(moved) > _LOST * (np.abs(points) + 1), np.nan, points)


@dataclass(frozen=True, eq=False)
class PolynomialMap:
    """A mapping by polynomials; its inverse is by others, by iteration, or missing."""

    there: Polynomial | None
    back: Polynomial | None
    nin: int
    nout: int
    iterate: bool

    def forward(self, points: Points) -> Points:
        if self.there is None:
            raise FormatterError("AST's polynomial mapping has an inverse only")
        return self.there(points)

    def inverse(self, points: Points) -> Points:
        if self.iterate and self.there is not None and self.nin == self.nout:
            return self.there.solved(points)
        if self.back is None:
            raise FormatterError("AST's polynomial mapping has no inverse")
        return self.back(points)


def power_map(dump: Dump) -> PolynomialMap:
    """Return the PolyMap of a dump."""
    return _map(dump, polynomial.polyval, polynomial.polyder)


def chebyshev_map(dump: Dump) -> PolynomialMap:
    """Return the ChebyMap of a dump: a PolyMap with inputs scaled by FSCL and FOFF.

    Those of the inverse are scaled by ISCL and IOFF. AST 9.0.5 writes and reads this form.
    """
    return _map(dump, chebyshev.chebval, chebyshev.chebder)


def _map(dump: Dump, value: Callable[..., Any], derivative: Callable[..., Any]) -> PolynomialMap:
    nin = dump.integer("Nin", 1)
    nout = dump.integer("Nout", nin)
    scales = "chebyshev" in value.__module__

    def direction(letter: str, inputs: int, outputs: int) -> Polynomial | None:
        coefficients = _coefficients(dump, letter, inputs, outputs)
        if coefficients is None:
            return None
        factors = [
            dump.number(f"{letter}SCL{axis}", 1) if scales else 1 for axis in range(1, inputs + 1)
        ]
        offsets = [
            dump.number(f"{letter}OFF{axis}", 0) if scales else 0 for axis in range(1, inputs + 1)
        ]
        return Polynomial(
            coefficients, value, derivative, np.array(factors, float), np.array(offsets, float)
        )

    iterate = bool(dump.integer("IterInv", 0))
    return PolynomialMap(direction("F", nin, nout), direction("I", nout, nin), nin, nout, iterate)


def _coefficients(dump: Dump, letter: str, inputs: int, outputs: int) -> NDArray[np.float64] | None:
    """Return the coefficients of one direction as an array; None if there are none.

    They are numbered over all outputs, and their powers over all coefficients and inputs (afw-files
    2.2).
    """
    counts = [dump.integer(f"NC{letter}{output}", 0) for output in range(1, outputs + 1)]
    if not any(counts):
        return None
    powers = [dump.integer(f"MP{letter}{axis}", 0) for axis in range(1, inputs + 1)]
    shape = (*(power + 1 for power in powers), outputs)
    if min(*shape, *counts) < 0 or max(math.prod(shape), sum(counts)) > _MOST_CELLS:
        raise FormatterError(
            f"AST's {dump.name} has {sum(counts)} coefficients of powers up to {powers}"
        )
    cells: NDArray[Any] = np.zeros(shape)
    for number, output in enumerate(np.repeat(range(outputs), counts)):
        place = [
            dump.integer(f"P{letter}{number * inputs + axis}", 0) for axis in range(1, inputs + 1)
        ]
        if any(not 0 <= power <= most for power, most in zip(place, powers, strict=True)):
            raise FormatterError(
                f"AST's {dump.name} has a term of powers {place}; the highest are {powers}"
            )
        cells[(*place, output)] += dump.number(f"C{letter}{number + 1}", 0)
    return cells
