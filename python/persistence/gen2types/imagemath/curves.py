"""Curves through points, by the names of ``lsst.afw.math``."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.gen2types.exceptions import OutOfRangeError
from persistence.gen2types.imagemath.backgrounds import Interpolate, stringToInterpStyle
from persistence.types.fields import spline


class Curve:
    """A curve through points; see `makeInterpolate`."""

    def __init__(self, x: Any, y: Any, style: Interpolate.Style) -> None:
        self._x, self._y = np.asarray(x, float), np.asarray(y, float)
        self._style = style

    def interpolate(self, x: Any) -> Any:
        """Return the value at a place, or the list of those at several."""
        at = np.atleast_1d(np.asarray(x, float))
        values = spline.interpolated(self._x, self._y[:, np.newaxis], at, int(self._style))[:, 0]
        return [float(value) for value in values] if np.ndim(x) else float(values[0])


def makeInterpolate(x: Any, y: Any, style: Any = Interpolate.AKIMA_SPLINE) -> Curve:
    """Return a curve through points.

    Parameters
    ----------
    x, y : sequence of `float`
        The points; ``x`` is rising.
    style : `Interpolate.Style` or `str`, optional
        The kind of curve.

    Raises
    ------
    OutOfRangeError
        If there are too few points for it.
    """
    number = stringToInterpStyle(style) if isinstance(style, str) else Interpolate.Style(style)
    fewest = spline.STYLES[number].fewest if number in spline.STYLES else 0
    if len(x) < fewest:
        raise OutOfRangeError(f"{number.name} needs {fewest} points, not {len(x)}")
    return Curve(x, y, number)


def lookupMaxInterpStyle(n: int) -> Interpolate.Style:
    """Return the kind of curve that afw draws through so few points."""
    return Interpolate.Style(spline.highest(n))


def lookupMinInterpPoints(style: Any) -> int:
    """Return how many points a kind of curve needs."""
    number = stringToInterpStyle(style) if isinstance(style, str) else Interpolate.Style(style)
    return spline.STYLES[number].fewest
