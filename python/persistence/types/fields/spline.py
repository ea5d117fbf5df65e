"""Curves through points, many at once, as afw draws them through the bins of a background.

Source: doc/gen2/afw-files.md 6.3. The formulae are those of the GNU Scientific Library, which afw
calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError

Array = NDArray[np.float64]


class Style(NamedTuple):
    """A kind of curve.

    Attributes
    ----------
    name : `str`
        Its name.
    fewest : `int`
        The number of points that it needs.
    slopes : callable or None
        A function that returns the coefficients of each piece; see `interpolated`. None for an
        unsupported kind.
    """

    name: str
    fewest: int
    slopes: Callable[[Array, Array], Array] | None


def _constant(x: Array, y: Array) -> Array:
    # Nearest point: pieces begin at the middle between two points; see `interpolated`.
    return y[np.newaxis]


def _linear(x: Array, y: Array) -> Array:
    steps = np.diff(x).reshape(-1, *[1] * (y.ndim - 1))
    return np.stack([y[:-1], np.diff(y, axis=0) / steps])


def _natural(x: Array, y: Array) -> Array:
    """Return the pieces of the cubic spline without curvature at its ends."""
    steps = np.diff(x)
    wide = steps.reshape(-1, *[1] * (y.ndim - 1))
    slopes = np.diff(y, axis=0) / wide
    matrix = (
        np.diag(2 * (steps[:-1] + steps[1:])) + np.diag(steps[1:-1], 1) + np.diag(steps[1:-1], -1)
    )
    inner = np.linalg.solve(matrix, 3 * np.diff(slopes, axis=0).reshape(len(matrix), -1)).reshape(
        -1, *y.shape[1:]
    )
    bend = np.concatenate([np.zeros((1, *y.shape[1:])), inner, np.zeros((1, *y.shape[1:]))])
    first = slopes - wide * (bend[1:] + 2 * bend[:-1]) / 3
    return np.stack([y[:-1], first, bend[:-1], np.diff(bend, axis=0) / (3 * wide)])


def _akima(x: Array, y: Array) -> Array:
    """Return the pieces of Akima's curve (1970, J. ACM 17, 589); corners between lines are kept."""
    wide = np.diff(x).reshape(-1, *[1] * (y.ndim - 1))
    inner = np.diff(y, axis=0) / wide
    before = [3 * inner[0] - 2 * inner[1], 2 * inner[0] - inner[1]]
    behind = [2 * inner[-1] - inner[-2], 3 * inner[-1] - 2 * inner[-2]]
    slopes = np.stack([*before, *inner, *behind])
    change = np.abs(np.diff(slopes, axis=0))
    # at each point: the change of the slope before and after it
    left, right = change[:-2], change[2:]
    corner = left + right == 0
    share = left / np.where(corner, 1, left + right)
    smooth = (1 - share) * slopes[1:-2] + share * slopes[2:-1]
    # A point between two straight lines has each line's slope on its side.
    starts, ends = (
        np.where(corner, slopes[2:-1], smooth)[:-1],
        np.where(corner, slopes[1:-2], smooth)[1:],
    )
    second = (3 * inner - 2 * starts - ends) / wide
    return np.stack([y[:-1], starts, second, (starts + ends - 2 * inner) / wide**2])


# afw's numbers of kinds of curves. Both its cubic splines are the natural one.
STYLES: Mapping[int, Style] = {
    0: Style("constant", 1, _constant),
    1: Style("linear", 2, _linear),
    2: Style("natural spline", 3, _natural),
    3: Style("cubic spline", 3, _natural),
    4: Style("periodic cubic spline", 3, None),
    5: Style("Akima", 5, _akima),
    6: Style("periodic Akima", 5, None),
}


def highest(points: int) -> int:
    """Return the number of the kind of curve that afw uses for so few points."""
    return {1: 0, 2: 1, 3: 3, 4: 3}.get(points, 5)


def interpolated(x: Array, y: Array, at: Array, number: int) -> Array:
    """Return the values of curves through points.

    Parameters
    ----------
    x : array, shape (points,)
        Increasing positions.
    y : array, shape (points, ...)
        The points of each curve.
    at : array, shape (places,)
        The positions of the values. Beyond its ends a curve continues with the slope and curvature
        of the end.
    number : `int`
        afw's number of the kind of curve.

    Returns
    -------
    values : array, shape (places, ...)
        The values.

    Raises
    ------
    FormatterError
        If there are too few points, or the kind is not supported.
    """
    style = STYLES.get(number)
    if style is None or style.slopes is None:
        known = ", ".join(f"{each} ({one.name})" for each, one in STYLES.items() if one.slopes)
        name = number if style is None else f"{number} ({style.name})"
        raise FormatterError(
            f"the interpolation style {name} is not supported; supported are {known}"
        )
    if len(x) < style.fewest:
        raise FormatterError(
            f"the interpolation style {style.name} needs {style.fewest} points; there are {len(x)}"
        )
    pieces = style.slopes(x, y)
    if len(pieces) == 1:
        return np.asarray(y[np.searchsorted((x[1:] + x[:-1]) / 2, at)])
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    beyond = (at < x[0]) | (at > x[-1])
    # From the nearest point on, in a piece; from an end, beyond it.
    offset = np.clip(at, x[0], x[-1]) - x[piece]
    powers = offset[:, np.newaxis] ** np.arange(len(pieces))
    # A product of matrices for each piece: what passes over all values for each power takes longer.
    curves = pieces.reshape(*pieces.shape[:2], -1)
    values = np.zeros((len(at), curves.shape[2]))
    for number in np.unique(piece):
        here = np.flatnonzero(piece == number)
        values[here] = powers[here] @ curves[:, number]
    values = values.reshape(len(at), *y.shape[1:])
    if beyond.any():
        values[beyond] += _beyond(x, pieces, at[beyond], y.ndim - 1)
    return values


def _beyond(x: Array, pieces: Array, at: Array, axes: int) -> Array:
    """Return the addition to the value at an end.

    It is the slope times the distance, plus half the curvature times its square.
    """
    shape = (-1, *[1] * axes)
    piece = np.where(at < x[0], 0, len(x) - 2)
    end = np.where(at < x[0], x[0], x[-1])
    inside, outside = (end - x[piece]).reshape(shape), (at - end).reshape(shape)
    numbers = range(len(pieces))
    slope = sum(n * pieces[n][piece] * inside ** (n - 1) for n in numbers if n > 0)
    bend = sum(n * (n - 1) * pieces[n][piece] * inside ** (n - 2) for n in numbers if n > 1)
    return np.asarray(slope * outside + bend * outside**2 / 2)
