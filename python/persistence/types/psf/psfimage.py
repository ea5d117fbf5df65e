"""The base of all point spread functions: images at positions, and widths.

Source: doc/gen2/afw-files.md 2.8.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.errors import FormatterError
from persistence.types.pixels.box import Box
from persistence.types.psf import resample
from persistence.types.psf.kernels import grid

Array = NDArray[np.float64]
# The most steps of the fit of a Gaussian, each of which halves the error: more than any PSF with a
# peak needs.
_STEPS = 200


@dataclass(frozen=True, eq=False)
class PsfImage:
    """The image of a point.

    Attributes
    ----------
    array : array, shape (rows, columns)
        The pixels.
    bbox : `Box`
        Their position: around (0, 0), or in the image of the point.
    """

    array: Array
    bbox: Box

    def square(self, column: int, row: int, radius: int) -> Array:
        """Return the pixels around a centre, shape (2 radius + 1, 2 radius + 1).

        Pixels outside of the image are 0.
        """
        side = 2 * radius + 1
        square = np.zeros((side, side))
        # The image's first pixel in the square.
        left, low = self.bbox.x0 - column + radius, self.bbox.y0 - row + radius
        height, width = self.array.shape
        square[max(low, 0) : max(low + height, 0), max(left, 0) : max(left + width, 0)] = (
            self.array[max(-low, 0) : side - low, max(-left, 0) : side - left]
        )
        return square


class Psf(abc.ABC):
    """The image of a point, at each position of an image.

    Positions are columns and rows in the parent image, (0, 0) is the centre of its first pixel;
    without a position, the average position is used. Gen2's class is ``lsst.afw.detection.Psf``.
    """

    average_position: tuple[float, float] = (0.0, 0.0)

    @abc.abstractmethod
    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        """Return the image of a point at the centre of a pixel, not normalized, and its box."""

    def kernel_image(self, x: float | None = None, y: float | None = None) -> PsfImage:
        """Return the image of a point at the centre of the pixel (0, 0), as it is at a position.

        Its sum is 1.

        Parameters
        ----------
        x, y : `float`, optional
            The position (pixels of the parent image).

        Returns
        -------
        `PsfImage`
            The image.

        Raises
        ------
        FormatterError
            If there is no PSF at this position.
        """
        pixels, box = self._pixels(*self._position(x, y))
        return PsfImage(normalised(pixels), box)

    def image(self, x: float | None = None, y: float | None = None) -> PsfImage:
        """Return the image of a point at a position, in pixels of the parent image.

        It is the kernel's image, shifted by a fraction of a pixel with Lanczos's kernel of order 5,
        so that its sum is only approximately 1.

        Parameters
        ----------
        x, y : `float`, optional
            The position (pixels of the parent image).

        Returns
        -------
        `PsfImage`
            The image.

        Raises
        ------
        FormatterError
            If there is no PSF at this position.
        """
        x, y = self._position(x, y)
        kernel = self.kernel_image(x, y)
        (column, right), (row, up) = whole_and_rest(x), whole_and_rest(y)
        array = kernel.array
        if right or up:
            rows, columns = (np.arange(length, dtype=float) for length in array.shape)
            array = resample.along_axes(array, rows - up, columns - right)
        return PsfImage(array, kernel.bbox.shifted(column, row))

    def stamps(self, x: Array, y: Array, radius: int) -> Array:
        """Return images of points at many positions, in squares of pixels around each.

        Parameters
        ----------
        x, y : `Array`
            Positions (pixels of the parent image), shape (points,).
        radius : `int`
            Half the side of a square, minus half a pixel: its centre is the pixel of the point,
            ``floor(x + 0.5), floor(y + 0.5)``.

        Returns
        -------
        stamps : array, shape (points, 2 radius + 1, 2 radius + 1)
            The sum of the whole image of a point is 1, including pixels outside of the square.

        Raises
        ------
        FormatterError
            If there is no PSF at one of the positions.
        """
        stamps = np.zeros((len(x), 2 * radius + 1, 2 * radius + 1))
        for number, (column, row) in enumerate(zip(x, y, strict=True)):
            middle = whole_and_rest(column)[0], whole_and_rest(row)[0]
            stamps[number] = self.image(float(column), float(row)).square(*middle, radius)
        return stamps

    def width(self, x: float | None = None, y: float | None = None) -> float:
        """Return the standard deviation (pixels) of a round Gaussian of the same size as the PSF.

        It is the fourth root of the determinant of the adaptive moments, which are weighted by the
        Gaussian of these moments. Source: Bernstein & Jarvis 2002, AJ 123, 583, section 3.1.

        Parameters
        ----------
        x, y : `float`, optional
            The position (pixels of the parent image).

        Returns
        -------
        `float`
            The standard deviation.

        Raises
        ------
        FormatterError
            If the PSF has no peak there.
        """
        return float(np.linalg.det(self.moments(x, y)) ** 0.25)

    def moments(self, x: float | None = None, y: float | None = None) -> Array:
        """Return the adaptive moments (square pixels) of the PSF, shape (2, 2); see `width`.

        Parameters
        ----------
        x, y : `float`, optional
            The position (pixels of the parent image).

        Returns
        -------
        array, shape (2, 2)
            The moments xx, xy; xy, yy.

        Raises
        ------
        FormatterError
            If the PSF has no peak there.
        """
        kernel = self.kernel_image(x, y)
        columns, rows = np.broadcast_arrays(*grid(kernel.bbox))
        return matched_moments(kernel.array, columns, rows)

    def _position(self, x: float | None, y: float | None) -> tuple[float, float]:
        return self.average_position if x is None or y is None else (float(x), float(y))

    # afw's names, for scripts written for them
    computeKernelImage = kernel_image
    computeImage = image

    def getAveragePosition(self) -> tuple[float, float]:
        """Return the average position."""
        return self.average_position


def normalised(pixels: Array) -> Array:
    """Return an image with sum 1.

    Raises
    ------
    FormatterError
        If its sum is 0 or not finite.
    """
    total = pixels.sum()
    check_totals(total)
    return np.asarray(pixels / total)


def check_totals(totals: ArrayLike) -> None:
    """Raise FormatterError if the sum of a PSF's pixels is 0 or not finite."""
    totals = np.atleast_1d(totals)
    wrong = totals[~np.isfinite(totals) | (totals == 0)]
    if wrong.size:
        raise FormatterError(
            f"the pixels of a PSF sum up to {wrong[0]}; they cannot be normalized to 1"
        )


def whole_and_rest(position: float) -> tuple[int, float]:
    """Split a position into its pixel, and the rest from -0.5 to 0.5."""
    pixel = int(np.floor(position + 0.5))
    return pixel, position - pixel


def matched_moments(image: Array, columns: Array, rows: Array) -> Array:
    """Return the second moments of the Gaussian that matches an image, shape (2, 2).

    Raises
    ------
    FormatterError
        If there is none, because the image has no peak.
    """
    places = np.stack([columns.ravel(), rows.ravel()])
    middle, moments = np.zeros((2, 1)), 4 * np.eye(2)
    for _ in range(_STEPS):
        offsets = places - middle
        squares = (offsets * (np.linalg.inv(moments) @ offsets)).sum(axis=0)
        weights = image.ravel() * np.exp(-squares / 2)
        share = weights / weights.sum()
        # Weighted by itself, a Gaussian has half the width, and half the offset from the assumed
        # centre.
        step, found = 2 * offsets @ share, 2 * (offsets * share) @ offsets.T
        middle, before, moments = middle + step[:, np.newaxis], moments, found
        if not np.linalg.det(moments) > 0:
            break
        if max(np.abs(moments - before).max(), np.abs(step).max() ** 2) < 1e-10 * np.trace(moments):
            return np.asarray(moments)
    raise FormatterError("no Gaussian matches the PSF: it has no peak")
