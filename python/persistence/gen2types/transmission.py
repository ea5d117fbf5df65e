"""`TransmissionCurve`: the share of light that gets through, by the names of ``lsst.afw.image``."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.errors import FormatterError
from persistence.gen2types import unwrap
from persistence.gen2types.exceptions import InvalidParameterError, LengthError
from persistence.gen2types.face import Face
from persistence.types.fields.transmission import (
    Coadd,
    Identity,
    Product,
    Radial,
    Transformed,
)
from persistence.types.fields.transmission import TransmissionCurve as OurCurve


class TransmissionCurve(Face[OurCurve]):
    """The share of light that gets through, by wavelength (angstrom) and by position."""

    def __init__(self, *_: Any) -> None:
        raise TypeError(
            "create a TransmissionCurve with makeSpatiallyConstant(), makeRadial() or another of "
            "its static methods"
        )

    @classmethod
    def makeIdentity(cls) -> TransmissionCurve:
        """Return the curve of all light."""
        return cls.of(Identity())

    @classmethod
    def makeSpatiallyConstant(
        cls,
        throughput: Any,
        wavelengths: Any,
        throughputAtMin: float = 0.0,
        throughputAtMax: float = 0.0,
    ) -> TransmissionCurve:
        """Return a curve that is the same everywhere.

        Parameters
        ----------
        throughput, wavelengths : array
            The shares, and rising wavelengths (angstrom).
        throughputAtMin, throughputAtMax : `float`, optional
            What gets through at shorter and longer wavelengths.
        """
        shares = np.asarray(throughput, float)[:, np.newaxis]
        outside = (float(throughputAtMin), float(throughputAtMax))
        return cls.makeRadial(shares, wavelengths, [0.0], *outside)

    @classmethod
    def makeRadial(
        cls,
        throughput: Any,
        wavelengths: Any,
        radii: Any,
        throughputAtMin: float = 0.0,
        throughputAtMax: float = 0.0,
    ) -> TransmissionCurve:
        """Return a curve by the distance from the origin: ``throughput[wavelength, radius]``.

        Raises
        ------
        LengthError
            If the arrays are not of sizes that belong together.
        """
        shares, waves, distances = (
            np.asarray(each, float) for each in (throughput, wavelengths, radii)
        )
        if shares.shape != (len(waves), len(distances)):
            raise LengthError(
                f"throughput of shape {shares.shape} does not match {len(waves)} wavelengths and "
                f"{len(distances)} radii"
            )
        if not ((np.diff(waves) > 0).all() and (np.diff(distances) > 0).all()):
            raise InvalidParameterError("wavelengths and radii have to increase")
        outside = (float(throughputAtMin), float(throughputAtMax))
        return cls.of(Radial(waves, distances, shares, outside))

    def sampleAt(self, position: Any, wavelengths: Any, out: Any = None) -> Any:
        """Return the shares at some wavelengths (angstrom), at a `Point2D`.

        Raises
        ------
        InvalidParameterError
            If the curve says nothing about the position.
        """
        try:
            throughput = self._ours(np.asarray(wavelengths, float), *(float(p) for p in position))
        except FormatterError as error:
            raise InvalidParameterError(str(error)) from error
        if out is not None:
            out[...] = throughput
        return throughput

    def multipliedBy(self, other: TransmissionCurve) -> TransmissionCurve:
        """Return the curve of one behind another."""
        return TransmissionCurve.of(Product((self._ours, other._ours)))

    __mul__ = multipliedBy

    def transformedBy(self, transform: Any) -> TransmissionCurve:
        """Return the curve in other coordinates, to which a transform leads from its own."""
        return TransmissionCurve.of(Transformed(self._ours, unwrap(transform)))

    def getWavelengthBounds(self) -> tuple[float, float]:
        """Return the wavelengths (angstrom) between which the curve varies."""
        return _bounds(self._ours)

    def getThroughputAtBounds(self) -> tuple[float, float]:
        """Return the shares at shorter and at longer wavelengths."""
        low, high = self.getWavelengthBounds()
        beyond = np.array(
            [low - 1 if np.isfinite(low) else 1.0, high + 1 if np.isfinite(high) else 1.0]
        )
        first, last = self._ours(beyond)
        return float(first), float(last)

    def isPersistable(self) -> bool:
        return True

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"TransmissionCurve({type(self._ours).__name__})"


def _bounds(curve: OurCurve) -> tuple[float, float]:
    if isinstance(curve, Radial):
        return float(curve.wavelengths[0]), float(curve.wavelengths[-1])
    if isinstance(curve, Coadd):
        return curve.range
    if isinstance(curve, Transformed):
        return _bounds(curve.nested)
    if isinstance(curve, Product):
        pairs = [_bounds(factor) for factor in curve.factors]
        return min(low for low, _ in pairs), max(high for _, high in pairs)
    return -np.inf, np.inf
