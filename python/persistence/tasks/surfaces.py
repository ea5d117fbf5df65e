"""Polynomials of two coordinates, fitted to values with errors, of the degree that they require.

Offsets of a WCS, and variations of a zero point over an image, are described by such polynomials.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import polynomial

from persistence.tasks import robust
from persistence.tasks.stamps import Bools, Floats
from persistence.types.pixels.box import Box

_ROUNDS = 20
# Rounds end once the excess changes by no more than this part of it.
_SETTLED = 0.01
# A term is fitted where there are so many points for each.
_POINTS_PER_TERM = 5
# A higher degree is accepted if the probability that chance alone improves the fit as much is below
# this.
CHANCE = 1e-4
# Where the error of a polynomial is looked at: along each side of the image, corners included.
_ALONG = 5


class Bounds(NamedTuple):
    """The criteria for a polynomial of higher degree.

    Attributes
    ----------
    edge_error : `float`
        The largest `Surface.edge_error`.
    chance : `float`
        The largest probability that chance alone reduces the residuals as much.
    """

    edge_error: float
    chance: float = CHANCE


@dataclass(frozen=True)
class Frame:
    """Pixels as coordinates that run from -1 to 1 over an image, edge to edge.

    Attributes
    ----------
    box : `~persistence.types.pixels.box.Box`
        The pixels of the image.
    """

    box: Box

    @property
    def middle(self) -> Floats:
        """The image's middle (pixels)."""
        box = self.box
        return np.array([box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2])

    @property
    def half(self) -> Floats:
        """Half of its sides (pixels)."""
        return np.array([self.box.width, self.box.height]) / 2

    def scaled(self, pixels: Floats) -> Floats:
        """Return coordinates of pixels; the shape is (points, 2)."""
        return np.asarray((pixels - self.middle) / self.half)


@dataclass(frozen=True, eq=False)
class Surface:
    """A polynomial that was fitted to one or more values at each point.

    Attributes
    ----------
    frame : `Frame`
    terms : array, shape (degree + 1, degree + 1, values)
        By the powers of the first and of the second coordinate of ``frame``.
    used : array of `bool`
        Which points it was fitted to.
    residuals : array, shape (points, values)
        What is left of the values.
    errors : array, shape (points, values)
        The standard deviations that the points were weighted by, `excess` included.
    excess : `float`
        The standard deviation that values have beyond their own errors.
    edge_error : `float`
        The standard deviation of the polynomial where on the image's rim it is largest.
    """

    frame: Frame
    terms: Floats
    used: Bools
    residuals: Floats
    errors: Floats
    excess: float
    edge_error: float

    @property
    def degree(self) -> int:
        """The highest sum of the powers of a term."""
        return len(self.terms) - 1

    def __call__(self, pixels: Floats) -> Floats:
        """Return the values at pixels, shape (points, 2)."""
        points: Any = self.frame.scaled(pixels)
        return np.asarray(polynomial.polyval2d(points[:, 0], points[:, 1], self.terms)).T


def fit(
    frame: Frame, pixels: Floats, values: Floats, errors: Floats, degree: int, clip: float
) -> Surface:
    """Fit a polynomial of a degree by weighted least squares, without points that are far off it.

    Parameters
    ----------
    frame : `Frame`
    pixels : array, shape (points, 2)
    values, errors : array, shape (points, values)
        Errors are standard deviations.
    degree : `int`
        The highest sum of the powers of a term. There are at least as many points as terms.
    clip : `float`
        A point is left out where it is off by more standard deviations than this along an axis.
    """
    powers = _powers(degree)
    terms = _terms(frame.scaled(pixels), powers)
    used, excess, spread = np.ones(len(pixels), bool), 0.0, np.ones_like(errors)
    for _ in range(_ROUNDS):
        # the first time all count alike: one stray with a small error would draw the fit to it
        coefficients = _solved(terms[used], values[used], 1 / spread[used])
        residuals = values - terms @ coefficients
        before, excess = excess, robust.excess(residuals[used], errors[used])
        spread = np.hypot(errors, excess)
        pulls = residuals / spread
        scale = max(1.0, robust.spread(pulls[used]))
        now = np.asarray(np.abs(pulls).max(axis=1) <= clip * scale)
        if np.count_nonzero(now) < len(powers):
            break
        is_same, used = np.array_equal(now, used), now
        if is_same and abs(excess - before) <= _SETTLED * excess:
            break
    cube = np.zeros((degree + 1, degree + 1, values.shape[1]))
    for (i, j), value in zip(powers, coefficients, strict=True):
        cube[i, j] = value
    edge = _edge_error(terms[used], spread[used], powers)
    return Surface(frame, cube, used, residuals, spread, excess, edge)


def chosen(
    frame: Frame,
    pixels: Floats,
    values: Floats,
    errors: Floats,
    degrees: range,
    clip: float,
    bounds: Bounds,
) -> Surface:
    """Fit the polynomial of the lowest degree that the values require.

    Parameters
    ----------
    degrees : `range`
        The degrees that are tried, beginning with the one that is always accepted. A higher one is
        accepted if the residuals are reduced significantly (an F-test), there are five points for
        each term, and its error is small out to the image's rim, where points may be missing.
    bounds : `Bounds`
        The criteria for a higher degree.

    Notes
    -----
    Other parameters are as in `fit`.
    """
    fitted = fit(frame, pixels, values, errors, degrees[0], clip)
    for degree in degrees[1:]:
        if len(pixels) < _POINTS_PER_TERM * len(_powers(degree)):
            break
        higher = fit(frame, pixels, values, errors, degree, clip)
        if higher.edge_error <= bounds.edge_error and _chance(fitted, higher) <= bounds.chance:
            fitted = higher
    return fitted


def _chance(lower: Surface, higher: Surface) -> float:
    """Return how likely it is that chance alone shrinks the residuals so, by an F-test."""
    from scipy.special import fdtrc

    both, values = lower.used & higher.used, higher.errors.shape[1]
    weights = 1 / higher.errors[both]
    sums = [float(np.sum((each.residuals[both] * weights) ** 2)) for each in (lower, higher)]
    terms = [values * len(_powers(each.degree)) for each in (lower, higher)]
    free = int(np.count_nonzero(both)) * values - terms[1]
    if free < 1 or sums[1] <= 0:
        return 1.0
    more = terms[1] - terms[0]
    ratio = (sums[0] - sums[1]) / more / (sums[1] / free)
    return float(fdtrc(more, free, max(ratio, 0.0)))


def _powers(degree: int) -> list[tuple[int, int]]:
    pairs = itertools.product(range(degree + 1), repeat=2)
    return [(i, j) for i, j in pairs if i + j <= degree]


def _terms(points: Floats, powers: list[tuple[int, int]]) -> Floats:
    x, y = points.T
    return np.stack([x**i * y**j for i, j in powers], axis=-1)


def _solved(terms: Floats, values: Floats, weights: Floats) -> Floats:
    columns = [
        np.linalg.lstsq(terms * weight[:, np.newaxis], value * weight, rcond=None)[0]
        for value, weight in zip(values.T, weights.T, strict=True)
    ]
    return np.stack(columns, axis=-1)


def _edge_error(terms: Floats, errors: Floats, powers: list[tuple[int, int]]) -> float:
    """Return the largest formal error on the rim; infinity where points leave it undetermined."""
    along = np.linspace(-1, 1, _ALONG)
    rim = np.array([(x, y) for x, y in itertools.product(along, repeat=2) if 1 in (abs(x), abs(y))])
    there = _terms(rim, powers)
    variances = []
    for error in errors.T:
        weighted = terms / error[:, np.newaxis]
        if np.linalg.matrix_rank(weighted) < len(powers):
            return float(np.inf)
        solved = np.linalg.solve(weighted.T @ weighted, there.T)
        variances.append(np.sum(there.T * solved, axis=0))
    return float(np.sqrt(np.max(variances)))
