"""Ellipses, by the names of ``lsst.afw.geom.ellipses``: second moments, axes, ellipticities."""

from __future__ import annotations

from typing import Any

from persistence.gen2types.box import Box2D
from persistence.gen2types.coordinates import Extent2D, Point2D
from persistence.gen2types.cores import Axes, BaseCore, Quadrupole
from persistence.gen2types.separable import (
    SeparableConformalShearDeterminantRadius,
    SeparableConformalShearTraceRadius,
    SeparableDistortionDeterminantRadius,
    SeparableDistortionTraceRadius,
    SeparableReducedShearDeterminantRadius,
    SeparableReducedShearTraceRadius,
)
from persistence.gen2types.transforms import AffineTransform


class Ellipse:
    """A core with a centre.

    Parameters
    ----------
    core : `BaseCore`
    center : `Point2D`, optional
    """

    def __init__(self, core: BaseCore | None = None, center: Any = None) -> None:
        if isinstance(core, Ellipse):
            core, center = core.getCore(), core.getCenter()
        self._core = Quadrupole() if core is None else core.clone()
        self._center: Point2D = Point2D() if center is None else Point2D(center)

    def getCore(self) -> BaseCore:
        return self._core

    def getCenter(self) -> Point2D:
        return self._center

    def setCore(self, core: BaseCore) -> None:
        self._core.assign(core)

    def setCenter(self, center: Point2D) -> None:
        self._center = Point2D(center)

    def computeBBox(self) -> Box2D:
        size = self._core.computeDimensions()
        return Box2D(self._center - size * 0.5, size)

    def transform(self, transform: AffineTransform) -> Ellipse:
        return Ellipse(self._core.transform(transform.getLinear()), transform(self._center))

    def shift(self, offset: Extent2D) -> None:
        self._center += offset

    def scale(self, factor: float) -> None:
        self._core.scale(factor)

    def grow(self, buffer: float) -> None:
        self._core.grow(buffer)

    def clone(self) -> Ellipse:
        return Ellipse(self._core, self._center)

    def __repr__(self) -> str:
        return f"Ellipse({self._core!r}, {self._center!r})"


__all__ = [
    "Axes",
    "BaseCore",
    "Ellipse",
    "Quadrupole",
    "SeparableConformalShearDeterminantRadius",
    "SeparableConformalShearTraceRadius",
    "SeparableDistortionDeterminantRadius",
    "SeparableDistortionTraceRadius",
    "SeparableReducedShearDeterminantRadius",
    "SeparableReducedShearTraceRadius",
]
