"""Transforms between planes, and of a plane to the sky, by the names of ``lsst.afw.geom``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from persistence.gen2types.coordinates import Extent2D, Point2D
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.gen2types.spherepoint import SpherePoint
from persistence.gen2types.transforms import AffineTransform, LinearTransform
from persistence.types.exposure.placement import Radial
from persistence.types.wcs.astmaps import Either, Inverted, Map, Matrix, Points, Scaled, Series
from persistence.types.wcs.transforms import Transform

# How far apart the positions are between which a transform is taken to be linear.
_STEP = 0.5


def positions(points: Any) -> Points:
    """Return points of a plane, one or several, as an array of shape (2, points)."""
    values = [tuple(point) for point in points] if _is_list(points) else [tuple(points)]
    return np.array(values, float).reshape(-1, 2).T


def points_like(asked: Any, values: Points) -> Any:
    """Return columns of an array as a `Point2D`, or as a list of them if several were asked for."""
    points = [Point2D(float(x), float(y)) for x, y in values.T]
    return points if _is_list(asked) else points[0]


def sky(points: Any) -> Points:
    """Return positions on the sky, one or several, as longitudes and latitudes (rad)."""
    several = points if isinstance(points, list | tuple) else [points]
    values = [(p.getLongitude().asRadians(), p.getLatitude().asRadians()) for p in several]
    return np.array(values, float).reshape(-1, 2).T


def sky_like(asked: Any, values: Points) -> Any:
    """Return columns of longitudes and latitudes (rad) as a `SpherePoint`, or a list of them."""
    points = [_sphere_point(lon, lat) for lon, lat in values.T]
    return points if _is_list(asked) else points[0]


def _sphere_point(longitude: float, latitude: float) -> SpherePoint:
    from persistence.gen2types.angle import radians

    return SpherePoint(float(longitude), float(latitude), radians)


def _is_list(points: Any) -> bool:
    """Return whether an argument is several points: a list or an array of them."""
    return isinstance(points, list) or getattr(points, "ndim", 1) == 2 or _is_nested(points)


def _is_nested(points: Any) -> bool:
    return isinstance(points, tuple) and bool(points) and not np.isscalar(points[0])


class TransformPoint2ToPoint2(Face[Transform]):
    """A mapping of points of a plane to points of another.

    Parameters
    ----------
    transform : `Transform` or `Map`
        The transform; afw accepts a mapping of AST.
    """

    fromEndpoint: ClassVar[str] = "Point2Endpoint"
    toEndpoint: ClassVar[str] = "Point2Endpoint"

    def __init__(self, transform: Any) -> None:
        self._ours = transform if isinstance(transform, Transform) else Transform(transform)

    def applyForward(self, point: Any) -> Any:
        """Return where a point is in the second plane, or where each of a list is."""
        return points_like(point, self._ours.map.forward(positions(point)))

    def applyInverse(self, point: Any) -> Any:
        """Return where a point of the second plane is in the first one."""
        return points_like(point, self._ours.map.inverse(positions(point)))

    def inverted(self) -> TransformPoint2ToPoint2:
        return TransformPoint2ToPoint2(Inverted(self._ours.map))

    getInverse = inverted

    def then(self, next: Any) -> Any:
        """Return this transform with another after it."""
        if isinstance(next, TransformPoint2ToSpherePoint):
            return TransformPoint2ToSpherePoint(Series(self._ours.map, next._ours.map))
        return TransformPoint2ToPoint2(Series(self._ours.map, next._ours.map))

    def getJacobian(self, point: Any) -> Any:
        """Return the derivatives at a point, shape (2, 2)."""
        return jacobian(self._ours.map.forward, positions(point))

    @property
    def hasForward(self) -> bool:
        return _works(self._ours.map.forward)

    @property
    def hasInverse(self) -> bool:
        return _works(self._ours.map.inverse)

    def getMapping(self) -> Map:
        return self._ours.map


class TransformPoint2ToSpherePoint(TransformPoint2ToPoint2):
    """A mapping of points of a plane to the sky."""

    toEndpoint = "SpherePointEndpoint"

    def applyForward(self, point: Any) -> Any:
        return sky_like(point, self._ours.map.forward(positions(point)))

    def applyInverse(self, point: Any) -> Any:
        return points_like(point, self._ours.map.inverse(sky(point)))

    def inverted(self) -> Any:
        return TransformSpherePointToPoint2(Inverted(self._ours.map))

    def then(self, next: Any) -> Any:
        """Return the transform followed by another one of the sky."""
        return TransformPoint2ToPoint2(Series(self._ours.map, next._ours.map))


class TransformSpherePointToPoint2(TransformPoint2ToPoint2):
    """A mapping of the sky to points of a plane."""

    fromEndpoint = "SpherePointEndpoint"

    def applyForward(self, point: Any) -> Any:
        return points_like(point, self._ours.map.forward(sky(point)))

    def applyInverse(self, point: Any) -> Any:
        return sky_like(point, self._ours.map.inverse(positions(point)))

    def inverted(self) -> Any:
        return TransformPoint2ToSpherePoint(Inverted(self._ours.map))


def _works(function: Callable[[Points], Points]) -> bool:
    from persistence.errors import FormatterError

    try:
        function(np.zeros((2, 1)))
    except FormatterError:
        return False
    return True


def jacobian(function: Callable[[Points], Points], points: Points, step: float = _STEP) -> Any:
    """Return the derivatives of a function of points at a position, by finite differences."""
    sides = points + step * np.array([[1, -1, 0, 0], [0, 0, 1, -1]])
    right, left, upper, lower = function(sides).T
    return np.stack([right - left, upper - lower], axis=-1) / (2 * step)


def makeTransform(affine: Any) -> TransformPoint2ToPoint2:
    """Return the transform of an `AffineTransform` or a `LinearTransform`."""
    if isinstance(affine, LinearTransform):
        affine = AffineTransform(affine)
    linear = affine.getLinear().getMatrix()
    determinant = np.linalg.det(linear)
    back = np.linalg.inv(linear) if determinant else None
    shift = Scaled(np.ones(2), np.array(tuple(affine.getTranslation()), float))
    return TransformPoint2ToPoint2(Series(Matrix(linear, back), shift))


def makeIdentityTransform(*_: Any, **__: Any) -> TransformPoint2ToPoint2:
    """Return the transform that changes nothing."""
    return makeTransform(AffineTransform())


def makeRadialTransform(forwardCoeffs: Any, inverseCoeffs: Any = None) -> TransformPoint2ToPoint2:
    """Return the transform whose polynomial gives the new distance from the origin.

    Parameters
    ----------
    forwardCoeffs : sequence of `float`
        The polynomial's coefficients, of which the first is 0 and the second is not.
    inverseCoeffs : sequence of `float`, optional
        The polynomial of the way back; by default it is found by iteration.

    Raises
    ------
    InvalidParameterError
        If the coefficients are others.
    """
    maps = []
    for coefficients in (forwardCoeffs, *([] if inverseCoeffs is None else [inverseCoeffs])):
        numbers = tuple(float(number) for number in coefficients)
        if len(numbers) < 2 or numbers[0] != 0 or numbers[1] == 0:
            raise InvalidParameterError(
                f"invalid coefficients of a radial transform, {list(numbers)}: there have to be "
                "two or "
                "more, the first 0 and the second not 0"
            )
        maps.append(Radial(numbers))
    mapping: Map = maps[0] if len(maps) == 1 else Either(maps[0], Inverted(maps[1]))
    return TransformPoint2ToPoint2(mapping)


def linearizeTransform(original: Any, inPoint: Any) -> AffineTransform:
    """Return the affine transform that agrees with a transform near a point."""
    matrix = original.getJacobian(inPoint)
    after, before = (np.array(tuple(p), float) for p in (original.applyForward(inPoint), inPoint))
    return AffineTransform(matrix, Extent2D(*(after - matrix @ before)))
