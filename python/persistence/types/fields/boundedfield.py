"""Fields: values that vary over an image, as afw's BoundedField (doc/gen2/afw-files.md 2.5)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.types.archives.archive import Load, Tables
from persistence.types.pixels.box import Box, box_of

# A function of columns and rows, in pixels of the parent image, that returns the values there.
Field = Callable[[Any, Any], Any]


@dataclass(frozen=True, eq=False)
class ChebyshevField:
    """A sum of products of Chebyshev polynomials of the first kind.

    Attributes
    ----------
    box : `Box`
        The pixels over which the polynomials run from -1 to 1, edge to edge; that of a constant may
        be empty.
    coefficients : array, shape (rows, columns)
        ``coefficients[i, j]`` is the coefficient of ``T_i(y) T_j(x)``.
    """

    box: Box
    coefficients: NDArray[np.float64]

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return the values at columns and rows, which are broadcast."""
        from numpy.polynomial.chebyshev import chebval2d

        columns = _scaled(x, self.box.x0, self.box.width)
        rows = _scaled(y, self.box.y0, self.box.height)
        rows, columns = np.broadcast_arrays(rows, columns)
        return chebval2d(rows, columns, self.coefficients)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChebyshevField):
            return NotImplemented
        return self.box == other.box and np.array_equal(self.coefficients, other.coefficients)

    __hash__ = None  # type: ignore[assignment]  # it contains an array


@dataclass(frozen=True)
class ProductField:
    """The product of several fields."""

    factors: tuple[Field, ...]

    @property
    def box(self) -> Box | None:
        """The box of pixels, that of the first factor with one."""
        return next(
            (box for box in (getattr(factor, "box", None) for factor in self.factors) if box), None
        )

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return the values at columns and rows, which are broadcast."""
        return math.prod(factor(x, y) for factor in self.factors)


def constant(value: float) -> ChebyshevField:
    """Return a constant field, as afw stores it: with an empty box."""
    return ChebyshevField(Box(0, 0, 0, 0), np.array([[value]]))


def _scaled(numbers: ArrayLike, start: int, length: int) -> NDArray[np.float64]:
    """Return pixels scaled to -1 to 1; those of an empty box become 0."""
    offset = np.asarray(numbers, dtype=float) - (start + (length - 1) / 2)
    return 2 * offset / length if length > 0 else np.zeros_like(offset)


def make_chebyshev(tables: Tables, load: Load) -> ChebyshevField:
    """Return a Chebyshev field of its table."""
    (table,) = tables
    flat = np.atleast_1d(np.asarray(table["coefficients"][0], dtype=float))
    return ChebyshevField(box_of(table), flat.reshape(-1, int(table["order_x"][0]) + 1))


def make_product(tables: Tables, load: Load) -> ProductField:
    """Return a product of fields of its table."""
    (table,) = tables
    return ProductField(tuple(load(number) for number in table["id"]))
