"""Polynomials of the position in an image, scaled so that its edges are at -1 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.types.pixels.box import Box

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Polynomials:
    """The products of powers of both coordinates, up to a sum of the powers.

    Attributes
    ----------
    box : `~persistence.types.pixels.box.Box`
        The image.
    order : `int`
        The highest sum.
    """

    box: Box
    order: int

    @property
    def powers(self) -> list[tuple[int, int]]:
        """The powers of x and y of each term: (0, 0), (1, 0), (2, 0), (0, 1), ..."""
        return [(p, q) for q in range(self.order + 1) for p in range(self.order + 1 - q)]

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the terms, shape (points, terms), at positions in the parent image (pixels)."""
        u, v = (
            self._scaled(x, self.box.x0, self.box.width),
            self._scaled(y, self.box.y0, self.box.height),
        )
        return np.stack([u**p * v**q for p, q in self.powers], axis=-1)

    def planes(self) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Return each term as a row and a column whose product is its image."""
        box = self.box
        u = self._scaled(box.x0 + np.arange(box.width), box.x0, box.width).astype(np.float32)
        v = self._scaled(box.y0 + np.arange(box.height), box.y0, box.height).astype(np.float32)
        return [(u[np.newaxis, :] ** p, v[:, np.newaxis] ** q) for p, q in self.powers]

    @staticmethod
    def _scaled(position: Any, start: int, length: int) -> Floats:
        return np.asarray((position - start - (length - 1) / 2) / max(length / 2, 1))
