"""Gen2's name of `persistence.gen2types.table.functorkeys`."""

from persistence.gen2types.table.functor import CoordinateType
from persistence.gen2types.table.functorkeys import (
    Box2DKey,
    Box2IKey,
    CoordKey,
    EllipseKey,
    Point2DKey,
    Point2IKey,
    QuadrupoleKey,
)
from persistence.gen2types.table.matrixkeys import (
    CovarianceMatrix2dKey,
    CovarianceMatrix2fKey,
    CovarianceMatrix3dKey,
    CovarianceMatrix3fKey,
    CovarianceMatrix4dKey,
    CovarianceMatrix4fKey,
    CovarianceMatrixXdKey,
    CovarianceMatrixXfKey,
)

__all__ = [
    "Box2DKey",
    "Box2IKey",
    "CoordKey",
    "CoordinateType",
    "CovarianceMatrix2dKey",
    "CovarianceMatrix2fKey",
    "CovarianceMatrix3dKey",
    "CovarianceMatrix3fKey",
    "CovarianceMatrix4dKey",
    "CovarianceMatrix4fKey",
    "CovarianceMatrixXdKey",
    "CovarianceMatrixXfKey",
    "EllipseKey",
    "Point2DKey",
    "Point2IKey",
    "QuadrupoleKey",
]
