"""Ellipses by two ellipticities and a radius, by the names of ``lsst.afw.geom.ellipses``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from persistence.gen2types.cores import BaseCore


class _Separable(BaseCore):
    """Two ellipticities and a radius."""

    _parameters = ("e1", "e2", "radius")
    _trace: ClassVar[bool]
    # The length of an ellipticity of axes a > b: (a^2 - b^2) / (a^2 + b^2), or a function of it.
    _shape: ClassVar[str]

    def getParameterVector(self) -> Any:
        xx, yy, xy = self._moments
        e1, e2 = (xx - yy) / (xx + yy), 2 * xy / (xx + yy)
        length = math.hypot(e1, e2)
        factor = _FROM_DISTORTION[self._shape](length) / length if length else 1.0
        return np.array([e1 * factor, e2 * factor, self.getRadius()])

    def setParameterVector(self, vector: Any) -> None:
        g1, g2, radius = (float(value) for value in vector)
        length = math.hypot(g1, g2)
        factor = _TO_DISTORTION[self._shape](length) / length if length else 1.0
        e1, e2 = g1 * factor, g2 * factor
        shrink = 1.0 if self._trace else math.sqrt(max(1.0 - e1 * e1 - e2 * e2, 1e-300))
        half = radius * radius / shrink
        self._moments = (half * (1 + e1), half * (1 - e1), half * e2)

    def getRadius(self) -> float:
        return self.getTraceRadius() if self._trace else self.getDeterminantRadius()

    def getE1(self) -> float:
        return float(self.getParameterVector()[0])

    def getE2(self) -> float:
        return float(self.getParameterVector()[1])

    def getE(self) -> float:
        return math.hypot(self.getE1(), self.getE2())

    def getTheta(self) -> float:
        return 0.5 * math.atan2(self.getE2(), self.getE1())


_FROM_DISTORTION: Mapping[str, Callable[[float], float]] = {
    "distortion": lambda e: e,
    "reduced": lambda e: math.tanh(0.5 * math.atanh(min(e, 1.0 - 1e-16))),
    "conformal": lambda e: math.atanh(min(e, 1.0 - 1e-16)),
}
_TO_DISTORTION: Mapping[str, Callable[[float], float]] = {
    "distortion": lambda g: g,
    "reduced": lambda g: math.tanh(2 * math.atanh(min(g, 1.0 - 1e-16))),
    "conformal": math.tanh,
}


class SeparableDistortionTraceRadius(_Separable):
    """Distortion, ``(a^2 - b^2) / (a^2 + b^2)``, and trace radius."""

    _shape, _trace = "distortion", True


class SeparableDistortionDeterminantRadius(_Separable):
    """Distortion and determinant radius."""

    _shape, _trace = "distortion", False


class SeparableReducedShearTraceRadius(_Separable):
    """Reduced shear, ``(a - b) / (a + b)``, and trace radius."""

    _shape, _trace = "reduced", True


class SeparableReducedShearDeterminantRadius(_Separable):
    """Reduced shear and determinant radius."""

    _shape, _trace = "reduced", False


class SeparableConformalShearTraceRadius(_Separable):
    """Conformal shear, ``ln(a / b)``, and trace radius."""

    _shape, _trace = "conformal", True


class SeparableConformalShearDeterminantRadius(_Separable):
    """Conformal shear and determinant radius."""

    _shape, _trace = "conformal", False
