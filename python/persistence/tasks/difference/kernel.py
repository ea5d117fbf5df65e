"""A spatially varying kernel and sky level that match one image to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.difference import convolution, resampledpsf
from persistence.tasks.difference.polynomials import Polynomials

Floats = NDArray[np.float64]
Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MatchingKernel:
    """A kernel for each position, and the level of the sky that is left.

    Attributes
    ----------
    images : array, shape (terms, side, side)
        The kernel's parts: each is multiplied with a term of ``shape``.
    shape : `~persistence.tasks.difference.polynomials.Polynomials`
        Over the image.
    levels : array, shape (terms of ``sky``,)
    sky : `~persistence.tasks.difference.polynomials.Polynomials`
    """

    images: Floats
    shape: Polynomials
    levels: Floats
    sky: Polynomials

    def at(self, x: float, y: float) -> Floats:
        """Return the kernel at a position (pixels of the parent image)."""
        terms = self.shape.at(np.array([x]), np.array([y]))[0]
        return np.asarray(np.tensordot(terms, self.images, axes=1))

    @property
    def middle(self) -> Floats:
        """The kernel in the middle of the image."""
        box = self.shape.box
        return self.at(box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2)

    @property
    def sum(self) -> float:
        """Return the factor by which it brightens light, in the centre of the image."""
        return float(self.middle.sum())

    def noise(self, psf: Any) -> np.float32:
        """Return what the variance of a point's flux is multiplied with, in the middle.

        Parameters
        ----------
        psf : `~persistence.types.psf.psfimage.Psf`
            Of the image that was convolved, as it is afterwards.
        """
        box = self.shape.box
        point = resampledpsf.square(
            psf, box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
        ).astype(np.float32)
        # By this, a point's flux weighs the pixels of the image before.
        before = convolution.convolved(np.pad(point, len(self.middle) // 2), self.middle)
        return np.float32((before**2).sum() / (point**2).sum())

    def applied(self, image: Plane) -> Plane:
        """Return an image that is convolved and has the level added."""
        convolved = convolution.summed(image, self.images, self.shape.planes())
        for (row, column), level in zip(self.sky.planes(), self.levels, strict=True):
            convolved += np.float32(level) * row * column
        return convolved

    def variance(self, variance: Plane) -> Plane:
        """Return the variance of a convolved image, pixel by pixel, ignoring correlations.

        The kernel in the centre is used.
        """
        return np.maximum(convolution.convolved(variance, self.middle**2), 0)
