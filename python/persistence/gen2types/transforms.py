"""`LinearTransform` and `AffineTransform` of the plane, by the names of ``lsst.geom``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from persistence.gen2types.angle import Angle
from persistence.gen2types.coordinates import Extent, Extent2D, Point, Point2D
from persistence.gen2types.exceptions import InvalidParameterError


class _Matrix(ABC):
    """A matrix with access to elements by index, or in the order of the parameters."""

    _matrix: Any

    @abstractmethod
    def getParameterVector(self) -> Any:
        """Return the elements by column."""

    @abstractmethod
    def setParameterVector(self, vector: Any) -> None: ...

    def __getitem__(self, index: Any) -> float:
        element = (
            self._matrix[index] if isinstance(index, tuple) else self.getParameterVector()[index]
        )
        return float(element)

    def __setitem__(self, index: int, value: float) -> None:
        vector = self.getParameterVector()
        vector[index] = value
        self.setParameterVector(vector)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._matrix,)

    def __str__(self) -> str:
        return str(self._matrix)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n{self._matrix}\n)"


class LinearTransform(_Matrix):
    """A matrix of 2 x 2: scales, rotations, shears.

    Parameters
    ----------
    matrix : array_like, optional
        Without it, nothing changes.
    """

    XX, YX, XY, YY = range(4)

    def __init__(self, matrix: Any = None) -> None:
        self._matrix = np.eye(2) if matrix is None else np.array(matrix, float)
        if self._matrix.shape != (2, 2):
            raise TypeError(f"LinearTransform() takes a matrix of 2 x 2, not {matrix!r}")

    @classmethod
    def makeScaling(cls, scale: float, y: float | None = None) -> LinearTransform:
        return cls(np.diag([scale, scale if y is None else y]))

    @classmethod
    def makeRotation(cls, angle: Angle) -> LinearTransform:
        cos, sin = math.cos(angle), math.sin(angle)
        return cls([[cos, -sin], [sin, cos]])

    def getMatrix(self) -> Any:
        return self._matrix.copy()

    def getParameterVector(self) -> Any:
        """Return the elements by column: ``XX, YX, XY, YY``."""
        return self._matrix.T.ravel()

    def setParameterVector(self, vector: Any) -> None:
        self._matrix = np.array(vector, float).reshape(2, 2).T

    def set(self, xx: float, yx: float, xy: float, yy: float) -> None:
        self.setParameterVector([xx, yx, xy, yy])

    def inverted(self) -> LinearTransform:
        """Return the way back.

        Raises
        ------
        InvalidParameterError
            If there is none.
        """
        return LinearTransform(_inverse(self._matrix))

    invert = inverted

    def computeDeterminant(self) -> float:
        return float(np.linalg.det(self._matrix))

    def isIdentity(self) -> bool:
        return bool((self._matrix == np.eye(2)).all())

    def applyX(self, x: Any, y: Any) -> Any:
        return self._matrix[0, 0] * np.asarray(x) + self._matrix[0, 1] * np.asarray(y)

    def applyY(self, x: Any, y: Any) -> Any:
        return self._matrix[1, 0] * np.asarray(x) + self._matrix[1, 1] * np.asarray(y)

    def __call__(self, *args: Any) -> Any:
        """Apply it to a point or an extent, or to arrays of ``x, y``."""
        if len(args) == 2:
            return self.applyX(*args), self.applyY(*args)
        kind = Extent2D if isinstance(args[0], Extent) else Point2D
        return kind(*(self._matrix @ np.array(kind(args[0])._values)))

    def __mul__(self, other: Any) -> Any:
        if not isinstance(other, LinearTransform):
            return NotImplemented
        return LinearTransform(self._matrix @ other._matrix)

    def __add__(self, other: LinearTransform) -> LinearTransform:
        return LinearTransform(self._matrix + other._matrix)

    def __sub__(self, other: LinearTransform) -> LinearTransform:
        return LinearTransform(self._matrix - other._matrix)


class AffineTransform(_Matrix):
    """A `LinearTransform`, then a translation.

    Parameters
    ----------
    *args
        A matrix of 3 x 3; a linear transform or a matrix of 2 x 2, a translation, or both.
    """

    XX, YX, XY, YY, X, Y = range(6)

    def __init__(self, *args: Any, **named: Any) -> None:
        unknown = set(named) - {"matrix", "linear", "translation"}
        if unknown or len(args) + len(named) > 2:
            raise TypeError(f"AffineTransform() takes a matrix and a translation, not {named}")
        self._matrix = np.eye(3)
        for part in (*args, *named.values()):
            self._set(part)

    def _set(self, part: Any) -> None:
        values = part.getMatrix() if isinstance(part, LinearTransform) else np.array(part, float)
        slots: dict[Any, Any] = {(3, 3): np.s_[:, :], (2, 2): np.s_[:2, :2], (2,): np.s_[:2, 2]}
        if values.shape not in slots:
            raise TypeError(f"{part!r} is neither a matrix nor a translation of an AffineTransform")
        self._matrix[slots[values.shape]] = values

    @classmethod
    def makeScaling(cls, scale: float, y: float | None = None) -> AffineTransform:
        return cls(LinearTransform.makeScaling(scale, y))

    @classmethod
    def makeRotation(cls, angle: Angle) -> AffineTransform:
        return cls(LinearTransform.makeRotation(angle))

    @classmethod
    def makeTranslation(cls, translation: Extent2D) -> AffineTransform:
        return cls(translation)

    def getMatrix(self) -> Any:
        return self._matrix.copy()

    def getLinear(self) -> LinearTransform:
        return LinearTransform(self._matrix[:2, :2])

    def getTranslation(self) -> Extent2D:
        translation: Extent2D = Extent2D(*self._matrix[:2, 2])
        return translation

    def getParameterVector(self) -> Any:
        """Return the elements by column: ``XX, YX, XY, YY, X, Y``."""
        return self._matrix[:2].T.ravel()

    def setParameterVector(self, vector: Any) -> None:
        self._matrix[:2] = np.array(vector, float).reshape(3, 2).T

    def inverted(self) -> AffineTransform:
        """Return the way back; `InvalidParameterError` if there is none."""
        return AffineTransform(_inverse(self._matrix))

    invert = inverted

    def isIdentity(self) -> bool:
        return bool((self._matrix == np.eye(3)).all())

    def applyX(self, x: Any, y: Any) -> Any:
        return self.getLinear().applyX(x, y) + self._matrix[0, 2]

    def applyY(self, x: Any, y: Any) -> Any:
        return self.getLinear().applyY(x, y) + self._matrix[1, 2]

    def __call__(self, *args: Any) -> Any:
        """Apply it to a point; to an extent, without the translation; to arrays of ``x, y``."""
        if len(args) == 2:
            return self.applyX(*args), self.applyY(*args)
        linear = self.getLinear()(args[0])
        return linear + self.getTranslation() if isinstance(args[0], Point) else linear

    def __mul__(self, other: AffineTransform) -> AffineTransform:
        """Return the transform that applies the other one first."""
        if not isinstance(other, AffineTransform):
            return NotImplemented
        return AffineTransform(self._matrix @ other._matrix)


def _inverse(matrix: Any) -> Any:
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        raise InvalidParameterError(f"the transform cannot be inverted:\n{matrix}") from None


def makeAffineTransformFromTriple(
    p1: Any, p2: Any, p3: Any, q1: Any, q2: Any, q3: Any
) -> AffineTransform:
    """Return the transform that leads from three points to three others."""
    start, end = (
        np.array([[*p, 1.0] for p in triple]).T for triple in ((p1, p2, p3), (q1, q2, q3))
    )
    return AffineTransform(end @ _inverse(start))
