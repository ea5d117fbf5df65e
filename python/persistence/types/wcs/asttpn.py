"""AST's projection TPN, which is TPV of FITS: TAN with polynomials of the plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.wcs.astmaps import Points
from persistence.types.wcs.astpoly import solved
from persistence.types.wcs.astsphere import Projection

_DEGREE = 7


def _powers() -> Iterator[tuple[int, int, int]]:
    """Yield the powers of an axis, of the other, and of the radius, in the order of PVi_m.

    Source: The TPV World Coordinate System (registry of FITS conventions), equation 2.
    """
    for degree in range(_DEGREE + 1):
        yield from ((degree - power, power, 0) for power in range(degree + 1))
        if degree % 2:
            yield 0, 0, degree


POWERS = tuple(_powers())


@dataclass(frozen=True, eq=False)
class TangentPolynomial:
    """Native longitude and latitude (rad) to a plane (rad) whose polynomials are TAN's plane.

    Attributes
    ----------
    tangent : `Projection`
        TAN, with the same axes.
    terms : `tuple` [mapping [`int`, `float`], mapping [`int`, `float`]]
        For longitude and latitude: the coefficients by m of PVi_m, in degrees.
    """

    tangent: Projection
    terms: tuple[Mapping[int, float], Mapping[int, float]]

    @property
    def nin(self) -> int:
        return self.tangent.nin

    nout = nin

    def forward(self, points: Points) -> Points:
        result = self.tangent.forward(points)
        plane = np.degrees(result[list(self.tangent.axes)])
        found = solved(self._evaluated, self._slopes, plane, plane)
        result[list(self.tangent.axes)] = np.radians(found)
        return result

    def inverse(self, points: Points) -> Points:
        result = points.copy()
        plane = np.degrees(points[list(self.tangent.axes)])
        result[list(self.tangent.axes)] = np.radians(self._evaluated(plane))
        return self.tangent.inverse(result)

    def _evaluated(self, plane: Points) -> Points:
        radius = np.hypot(*plane)
        pairs = zip(self.terms, (plane, plane[::-1]), strict=True)
        values = [
            sum(value * own**i * other**j * radius**k for value, (i, j, k) in _with_powers(terms))
            + np.zeros(radius.shape)
            for terms, (own, other) in pairs
        ]
        return np.stack(values)

    def _slopes(self, plane: Points) -> NDArray[np.float64]:
        """Return the derivatives of each output by each input, shape (points, outputs, inputs)."""
        radius = np.hypot(*plane)
        safe = np.where(radius == 0, 1, radius)  # the radius has no derivative at 0
        slopes = np.zeros((radius.size, 2, 2))
        for axis, terms in enumerate(self.terms):
            own, other = plane[axis], plane[1 - axis]
            for value, (i, j, k) in _with_powers(terms):
                radial = value * k * radius ** max(k - 1, 0) / safe
                by_own = value * i * own ** max(i - 1, 0) * other**j
                by_other = value * j * own**i * other ** max(j - 1, 0)
                slopes[:, axis, axis] += by_own + radial * own
                slopes[:, axis, 1 - axis] += by_other + radial * other
        return slopes


def _with_powers(terms: Mapping[int, float]) -> Iterator[tuple[float, tuple[int, int, int]]]:
    return ((value, POWERS[number]) for number, value in terms.items() if value)


def tangent_polynomial(
    terms: tuple[Mapping[int, float], Mapping[int, float]], axes: tuple[int, int], nin: int
) -> TangentPolynomial:
    """Return the projection with some coefficients; PVi_1 is 1 by default.

    Raises
    ------
    FormatterError
        If there are more than the convention has.
    """
    highest = max((number for each in terms for number in each), default=0)
    if highest >= len(POWERS):
        raise FormatterError(f"AST's TPN has parameters up to {len(POWERS) - 1}, not PVi_{highest}")
    completed = ({1: 1.0, **terms[0]}, {1: 1.0, **terms[1]})
    return TangentPolynomial(Projection("TAN", (), axes, nin), completed)
