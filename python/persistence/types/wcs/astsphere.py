"""AST's mappings of the sphere: to vectors, planes, and directions with lengths (afw-files 2.2)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.wcs.astmaps import Points


@dataclass(frozen=True)
class Spherical:
    """Vectors to longitude and latitude (rad); at a pole the longitude is ``polar_longitude``."""

    polar_longitude: float
    nin = 3
    nout = 2

    def forward(self, points: Points) -> Points:
        x, y, z = points
        radius = np.hypot(x, y)
        longitude = np.where(radius == 0, self.polar_longitude, np.arctan2(y, x))
        return np.stack([longitude, np.arctan2(z, radius)])

    def inverse(self, points: Points) -> Points:
        longitude, latitude = points
        radius = np.cos(latitude)
        return np.stack([radius * np.cos(longitude), radius * np.sin(longitude), np.sin(latitude)])


@dataclass(frozen=True)
class Projection:
    """Native longitude and latitude (rad) to a plane (rad), by a projection of FITS.

    Other axes are unchanged. All projections of wcslib are supported.
    """

    code: str
    parameters: tuple[tuple[int, float], ...]
    axes: tuple[int, int]
    nin: int

    @property
    def nout(self) -> int:
        return self.nin

    def forward(self, points: Points) -> Points:
        return self._replaced(points, _projection(self.code, self.parameters).prjs2x)

    def inverse(self, points: Points) -> Points:
        return self._replaced(points, _projection(self.code, self.parameters).prjx2s)

    def _replaced(self, points: Points, function: Callable[[Any, Any], Any]) -> Points:
        result = points.copy()
        result[list(self.axes)] = np.radians(function(*np.degrees(points[list(self.axes)])))
        return result


@functools.lru_cache(maxsize=64)
def _projection(code: str, parameters: tuple[tuple[int, float], ...]) -> Any:
    from astropy.wcs import InvalidPrjParametersError, Prjprm

    projection = Prjprm()
    try:
        projection.code = code
        values = np.array(projection.pv)
        for number, value in parameters:
            values[number] = value
        projection.pv = values
        projection.set()
    except (InvalidPrjParametersError, IndexError, ValueError) as error:
        raise FormatterError(
            f"wcslib has no projection {code!r} with parameters {dict(parameters)}"
        ) from error
    return projection


@dataclass(frozen=True, eq=False)
class UnitNorm:
    """A vector from a centre to its direction, as a unit vector, and its length."""

    centre: NDArray[np.float64]

    @property
    def nin(self) -> int:
        return len(self.centre)

    @property
    def nout(self) -> int:
        return len(self.centre) + 1

    def forward(self, points: Points) -> Points:
        offset = points - self.centre[:, np.newaxis]
        length = np.sqrt((offset**2).sum(axis=0))
        # The centre has no direction: zeros, whose inverse is the centre again.
        return np.concatenate([offset / np.where(length == 0, 1, length), length[np.newaxis]])

    def inverse(self, points: Points) -> Points:
        return np.asarray(points[:-1] * points[-1] + self.centre[:, np.newaxis])
