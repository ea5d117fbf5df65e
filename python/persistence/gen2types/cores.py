"""The size and shape of ellipses, by the names of ``lsst.afw.geom.ellipses``."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np

from persistence.gen2types.angle import PI
from persistence.gen2types.coordinates import Extent2D
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.transforms import LinearTransform


class BaseCore:
    """The size and shape of an ellipse, without its centre; each subclass has its parameters.

    Made of three numbers, of a list of them, or of another core; without arguments, a circle of
    radius 1. With the last argument True, parameters are checked as `normalize` does.
    """

    _parameters: ClassVar[tuple[str, str, str]]
    _moments: tuple[float, float, float]  # xx, yy, xy: arguments that every core accepts

    def __init__(self, *args: Any) -> None:
        values = [arg for arg in args if not isinstance(arg, bool)]
        first = values[0] if values else None
        if first is None:
            self._moments = (1.0, 1.0, 0.0)
        elif isinstance(first, BaseCore):
            self.assign(first)
        else:
            self.setParameterVector(first if np.ndim(first) or len(values) == 1 else values)
        if True in [arg for arg in args if isinstance(arg, bool)]:
            self.normalize()

    @classmethod
    def of_moments(cls, xx: float, yy: float, xy: float) -> Self:
        """Return the core of second moments."""
        core = cls.__new__(cls)
        core._moments = (float(xx), float(yy), float(xy))
        return core

    def getParameterVector(self) -> Any:
        raise NotImplementedError

    def setParameterVector(self, vector: Any) -> None:
        raise NotImplementedError

    def getName(self) -> str:
        return type(self).__name__

    def clone(self) -> Self:
        return type(self)(self)

    def as_(self, kind: type[BaseCore]) -> BaseCore:
        """Return the same ellipse with other parameters."""
        return kind(self)

    def assign(self, other: BaseCore) -> None:
        """Assign another ellipse."""
        self._moments = other._moments

    def getMatrix(self) -> Any:
        """Return the matrix of second moments."""
        xx, yy, xy = self._moments
        return np.array([[xx, xy], [xy, yy]])

    def _determinant(self) -> float:
        xx, yy, xy = self._moments
        return xx * yy - xy * xy

    def normalize(self) -> None:
        """Check that the parameters are those of an ellipse.

        Raises
        ------
        InvalidParameterError
            If they are not: a negative moment, or a correlation beyond 1.
        """
        xx, yy, _xy = self._moments
        if not (xx >= 0 and yy >= 0 and self._determinant() >= 0):
            raise InvalidParameterError(
                f"{self!r} is not a valid ellipse: its moments are {self._moments}"
            )

    def getDeterminantRadius(self) -> float:
        """Return the radius of the circle of the same area."""
        return float(np.power(self._determinant(), 0.25)) if self._determinant() >= 0 else math.nan

    def getTraceRadius(self) -> float:
        """Return the square root of the mean of the two moments."""
        return math.sqrt(0.5 * (self._moments[0] + self._moments[1]))

    def getArea(self) -> float:
        return PI * math.sqrt(self._determinant()) if self._determinant() >= 0 else math.nan

    def scale(self, factor: float) -> None:
        """Multiply the axes by a factor."""
        xx, yy, xy = self._moments
        self._moments = (xx * factor**2, yy * factor**2, xy * factor**2)

    def grow(self, buffer: float) -> None:
        """Add a length to both axes."""
        axes = Axes(self)
        self.assign(Axes(axes.getA() + buffer, axes.getB() + buffer, axes.getTheta()))

    def convolve(self, other: BaseCore) -> Self:
        """Return the ellipse whose moments are the sums."""
        pairs = zip(self._moments, other._moments, strict=True)
        return self.of_moments(*(first + two for first, two in pairs))

    def transform(self, transform: LinearTransform) -> Self:
        """Return the ellipse transformed by a linear map of the plane."""
        matrix = transform.getMatrix()
        moments = matrix @ self.getMatrix() @ matrix.T
        return self.of_moments(moments[0, 0], moments[1, 1], moments[0, 1])

    def transformInPlace(self, transform: LinearTransform) -> None:
        self.assign(self.transform(transform))

    def getGridTransform(self) -> LinearTransform:
        """Return the transform that maps the ellipse to the unit circle."""
        values, vectors = np.linalg.eigh(self.getMatrix())
        return LinearTransform((vectors / np.sqrt(values)) @ vectors.T)

    def computeDimensions(self) -> Extent2D:
        """Return width and height of the box about the ellipse."""
        size: Extent2D = Extent2D(*(2 * math.sqrt(value) for value in self._moments[:2]))
        return size

    def __eq__(self, other: object) -> bool:
        return self._moments == other._moments if type(self) is type(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __str__(self) -> str:
        return f"({', '.join(f'{value:g}' for value in self.getParameterVector())})"

    def __repr__(self) -> str:
        values = self.getParameterVector()
        pairs = zip(self._parameters, values, strict=True)
        return f"{self.getName()}({', '.join(f'{name}={float(value)!r}' for name, value in pairs)})"


_MOMENTS = ("xx", "yy", "xy")


class Quadrupole(BaseCore):
    """Second moments: ``ixx``, ``iyy``, ``ixy`` (pixels squared)."""

    _parameters = ("ixx", "iyy", "ixy")

    def __init__(self, *args: Any, **named: float) -> None:
        if named:
            args = (
                *args,
                *(named.get(f"i{axes}", 0.0) for axes in _MOMENTS[len(args) :]),
            )
        super().__init__(*args)

    def getParameterVector(self) -> Any:
        return np.array(self._moments)

    def setParameterVector(self, vector: Any) -> None:
        if np.shape(vector) == (2, 2):
            vector = (vector[0][0], vector[1][1], vector[0][1])
        xx, yy, xy = (float(value) for value in vector)
        self._moments = (xx, yy, xy)

    def getIxx(self) -> float:
        return self._moments[0]

    def getIyy(self) -> float:
        return self._moments[1]

    def getIxy(self) -> float:
        return self._moments[2]

    def setIxx(self, value: float) -> None:
        self._moments = (float(value), *self._moments[1:])

    def setIyy(self, value: float) -> None:
        self._moments = (self._moments[0], float(value), self._moments[2])

    def setIxy(self, value: float) -> None:
        self._moments = (*self._moments[:2], float(value))

    def getDeterminant(self) -> float:
        return self._determinant()


class Axes(BaseCore):
    """Half axes ``a`` and ``b``, and the angle ``theta`` of ``a`` from the x axis (radians)."""

    _parameters = ("a", "b", "theta")
    _vector: tuple[float, float, float]

    # The axes are kept as they are given: ``a`` may be the shorter one.
    @property
    def _moments(self) -> tuple[float, float, float]:
        a, b, theta = self._vector
        cos, sin = math.cos(theta), math.sin(theta)
        xx, yy = (a * cos) ** 2 + (b * sin) ** 2, (a * sin) ** 2 + (b * cos) ** 2
        return xx, yy, (a * a - b * b) * cos * sin

    @_moments.setter
    def _moments(self, moments: tuple[float, float, float]) -> None:
        xx, yy, xy = moments
        middle, spread = 0.5 * (xx + yy), math.hypot(0.5 * (xx - yy), xy)
        a, b = math.sqrt(middle + spread), math.sqrt(max(middle - spread, 0.0))
        self._vector = (a, b, 0.5 * math.atan2(2 * xy, xx - yy))

    def assign(self, other: BaseCore) -> None:
        if isinstance(other, Axes):
            self._vector = other._vector
        else:
            super().assign(other)

    def getParameterVector(self) -> Any:
        return np.array(self._vector)

    def setParameterVector(self, vector: Any) -> None:
        a, b, *theta = (float(value) for value in vector)
        self._vector = (a, b, *(theta or [0.0]))  # type: ignore[assignment]

    def normalize(self) -> None:
        """Swap axes so that ``a`` is the longer one.

        Raises
        ------
        InvalidParameterError
            If they are negative or not finite.
        """
        a, b, theta = self._vector
        if not (a >= 0 and b >= 0):
            raise InvalidParameterError(
                f"{self!r} is not a valid ellipse: its axes are {a} and {b}"
            )
        turn = 0.0 if a >= b else math.pi / 2
        theta = (theta + turn) % math.pi
        self._vector = (max(a, b), min(a, b), theta - (math.pi if theta > math.pi / 2 else 0.0))

    def getA(self) -> float:
        return float(self.getParameterVector()[0])

    def getB(self) -> float:
        return float(self.getParameterVector()[1])

    def getTheta(self) -> float:
        return float(self.getParameterVector()[2])

    def setA(self, a: float) -> None:
        self.setParameterVector((a, self.getB(), self.getTheta()))

    def setB(self, b: float) -> None:
        self.setParameterVector((self.getA(), b, self.getTheta()))

    def setTheta(self, theta: float) -> None:
        self.setParameterVector((self.getA(), self.getB(), theta))
