"""The names of ``lsst.afw.geom``: WCS, transforms, polygons, and the old home of `geom`'s."""

from __future__ import annotations

from persistence.gen2types import geom as _geom
from persistence.gen2types.detection.span import Span, Stencil
from persistence.gen2types.detection.spans import SpanSet
from persistence.gen2types.geom import *  # noqa: F403
from persistence.gen2types.mappings import (
    TransformPoint2ToPoint2,
    TransformPoint2ToSpherePoint,
    TransformSpherePointToPoint2,
    linearizeTransform,
    makeIdentityTransform,
    makeRadialTransform,
    makeTransform,
)
from persistence.gen2types.polygon import Polygon, SinglePolygonException
from persistence.gen2types.wcs import SkyWcs
from persistence.gen2types.wcscompare import wcsAlmostEqualOverBBox
from persistence.gen2types.wcsmake import (
    makeCdMatrix,
    makeFlippedWcs,
    makeModifiedWcs,
    makeSkyWcs,
    makeTanSipWcs,
    makeWcsPairTransform,
)

__all__ = [
    "Polygon",
    "SinglePolygonException",
    "SkyWcs",
    "Span",
    "SpanSet",
    "Stencil",
    "TransformPoint2ToPoint2",
    "TransformPoint2ToSpherePoint",
    "TransformSpherePointToPoint2",
    "linearizeTransform",
    "makeCdMatrix",
    "makeFlippedWcs",
    "makeIdentityTransform",
    "makeModifiedWcs",
    "makeRadialTransform",
    "makeSkyWcs",
    "makeTanSipWcs",
    "makeTransform",
    "makeWcsPairTransform",
    "wcsAlmostEqualOverBBox",
]
__all__ += _geom.__all__
