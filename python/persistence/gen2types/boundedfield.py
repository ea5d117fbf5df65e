"""`BoundedField`: numbers that vary over an image, by the names of ``lsst.afw.math``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.box import Box2I
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.types.fields.boundedfield import ChebyshevField, ProductField
from persistence.types.pixels.box import Box

# Rows and columns at a time, of the pixels of which a mean is taken.
_BLOCK = 512


class BoundedField(Face[Any]):
    """A number at each position of an image, in pixels of the parent image."""

    def __init__(self, *_: Any) -> None:
        raise TypeError(
            "BoundedField is an abstract class; create a subclass, such as ChebyshevBoundedField"
        )

    def evaluate(self, *position: Any) -> Any:
        """Return the value at a `Point2D`, at ``x, y``, or the values at arrays of these."""
        x, y = position[0] if len(position) == 1 else position
        values = self._ours(x, y)
        return float(values) if np.ndim(values) == 0 else values

    __call__ = evaluate

    def getBBox(self) -> Box2I:
        """Return the pixels of its domain; an empty box if it is unknown."""
        box: Box | None = getattr(self._ours, "box", None)
        return Box2I() if box is None else Box2I.of(box)

    def mean(self) -> float:
        """Return the mean over its pixels."""
        box = self.getBBox()
        if box.isEmpty():
            raise InvalidParameterError("the field has an empty bounding box, so it has no mean")
        total = 0.0
        for low in range(box.beginY, box.endY, _BLOCK):
            rows = np.arange(low, min(low + _BLOCK, box.endY))[:, np.newaxis]
            total += float(np.sum(self._ours(np.arange(box.beginX, box.endX), rows)))
        return total / float(box.getArea())

    def integrate(self) -> float:
        """Return the sum over its pixels."""
        return self.mean() * float(self.getBBox().getArea())

    def fillImage(self, image: Any, overlapOnly: bool = False) -> None:
        """Set the pixels of an image to the values there."""
        image.array[...] = self._over(image, overlapOnly)

    def addToImage(self, image: Any, scaleBy: float = 1.0, overlapOnly: bool = False) -> None:
        image.array[...] += scaleBy * self._over(image, overlapOnly)

    def multiplyImage(self, image: Any, overlapOnly: bool = False) -> None:
        image.array[...] *= self._over(image, overlapOnly)

    def divideImage(self, image: Any, overlapOnly: bool = False) -> None:
        image.array[...] /= self._over(image, overlapOnly)

    def _over(self, image: Any, overlap_only: bool) -> NDArray[Any]:
        """Return the values at the pixels of an image.

        Raises
        ------
        InvalidParameterError
            If only a part of them could be meant: afw then changes that part alone.
        """
        if overlap_only:
            raise InvalidParameterError(
                "overlapOnly=True is not supported here: cut the image to the field's bounding "
                "box instead"
            )
        box = image.getBBox()
        rows = np.arange(box.beginY, box.endY)[:, np.newaxis]
        return np.asarray(self._ours(np.arange(box.beginX, box.endX), rows))

    def isPersistable(self) -> bool:
        return True

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._ours!r})"


class ChebyshevBoundedField(BoundedField):
    """A sum of products of Chebyshev polynomials.

    Parameters
    ----------
    bbox : `Box2I`
        The pixels over which the polynomials run from -1 to 1.
    coefficients : array
        ``coefficients[i, j]`` belongs to ``T_i(y) T_j(x)``.
    """

    _ours: ChebyshevField

    def __init__(self, bbox: Any, coefficients: Any) -> None:
        numbers = np.array(coefficients, float)
        if numbers.ndim != 2 or not numbers.size:
            raise InvalidParameterError(
                f"coefficients have to be a matrix (two axes), not of shape {numbers.shape}"
            )
        self._ours = ChebyshevField(Box.from_any(bbox), numbers)

    def getCoefficients(self) -> Any:
        return self._ours.coefficients

    def mean(self) -> float:
        """Return the mean over its box, of the area, not of the pixels' middles."""
        weights = [
            [(0.0 if order % 2 else 1 / (1 - order**2)) for order in range(length)]
            for length in self._ours.coefficients.shape
        ]
        return float(np.array(weights[0]) @ self._ours.coefficients @ np.array(weights[1]))

    def __mul__(self, factor: float) -> ChebyshevBoundedField:
        scaled = ChebyshevField(self._ours.box, self._ours.coefficients * float(factor))
        return self.of(scaled)

    __rmul__ = __mul__

    def __truediv__(self, factor: float) -> ChebyshevBoundedField:
        return self * (1 / factor)


class ProductBoundedField(BoundedField):
    """The product of some fields."""

    _ours: ProductField

    def __init__(self, factors: Any) -> None:
        self._ours = ProductField(tuple(factor.astropy for factor in factors))

    def getFactors(self) -> list[BoundedField]:
        from persistence.gen2types import wrap

        return [wrap(factor) for factor in self._ours.factors]
