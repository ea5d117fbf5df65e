"""What all point spread functions have in common.

Images at positions, widths (facts in afw-files 2.8).
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
# Steps of the fit of a Gaussian: more than any PSF with a peak takes, each of which halves the
# error.
_STEPS = 200


@dataclass(frozen=True, eq=False)
class PsfImage:
    """The image of a point.

    Attributes
    ----------
    array : array, shape (rows, columns)
    bbox : `Box`
        Where its pixels lie: around (0, 0), or in the image of which it would be a part.
    """

    array: Array
    bbox: Box

    def square(self, column: int, row: int, radius: int) -> Array:
        """Return the pixels about one of them, shape (2 radius + 1, 2 radius + 1).

        What the image does not have is 0.
        """
        side = 2 * radius + 1
        square = np.zeros((side, side))
        # Where the image begins in the square.
        left, low = self.bbox.x0 - column + radius, self.bbox.y0 - row + radius
        height, width = self.array.shape
        square[max(low, 0) : max(low + height, 0), max(left, 0) : max(left + width, 0)] = (
            self.array[max(-low, 0) : side - low, max(-left, 0) : side - left]
        )
        return square


class Psf(abc.ABC):
    """What an image makes of a point, at each position of the image.

    Positions are columns and rows in the parent image, (0, 0) in the middle of its first pixel;
    without one, the average position counts.
    """

    average_position: tuple[float, float] = (0.0, 0.0)

    @abc.abstractmethod
    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        """Return the image of a point in the middle of a pixel, unnormalised, and its box."""

    def kernel_image(self, x: float | None = None, y: float | None = None) -> PsfImage:
        """Give the image of a point in the middle of the pixel (0, 0), as it is at a position.

        Its sum is 1.

        Raises
        ------
        FormatterError
            If there is none at this position.
        """
        pixels, box = self._pixels(*self._position(x, y))
        return PsfImage(normalised(pixels), box)

    def image(self, x: float | None = None, y: float | None = None) -> PsfImage:
        """Give the image of a point at a position, in the pixels of the parent image.

        It is the kernel's image, moved by less than a pixel with Lanczos's kernel of order 5; so
        its sum is only nearly 1.

        Raises
        ------
        FormatterError
            If there is none at this position.
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
        """Return what points at many positions look like, in squares of pixels around each.

        Parameters
        ----------
        x, y : array, shape (points,)
            Positions (pixels of the parent image).
        radius : `int`
            Half the side of a square, less half a pixel: its middle is the pixel that the point
            lies in, ``floor(x + 0.5), floor(y + 0.5)``.

        Returns
        -------
        stamps : array, shape (points, 2 radius + 1, 2 radius + 1)
            The image of the whole point would sum up to 1; what a square cuts off is missing.

        Raises
        ------
        FormatterError
            If there is no image at one of the positions.
        """
        stamps = np.zeros((len(x), 2 * radius + 1, 2 * radius + 1))
        for number, (column, row) in enumerate(zip(x, y, strict=True)):
            middle = whole_and_rest(column)[0], whole_and_rest(row)[0]
            stamps[number] = self.image(float(column), float(row)).square(*middle, radius)
        return stamps

    def width(self, x: float | None = None, y: float | None = None) -> float:
        """Return the standard deviation (pixels) of a round Gaussian as large as the PSF there.

        It is the fourth root of the determinant of the adaptive moments, which are weighted by the
        Gaussian of these moments. Source: Bernstein & Jarvis 2002, AJ 123, 583, section 3.1.
        """
        return float(np.linalg.det(self.moments(x, y)) ** 0.25)

    def moments(self, x: float | None = None, y: float | None = None) -> Array:
        """Return the adaptive moments (square pixels) of the PSF, shape (2, 2); see `width`.

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
        return self.average_position


def normalised(pixels: Array) -> Array:
    """Bring the sum of an image to 1.

    Raises
    ------
    FormatterError
        If it is 0, or no number.
    """
    total = pixels.sum()
    check_totals(total)
    return np.asarray(pixels / total)


def check_totals(totals: ArrayLike) -> None:
    """Raise FormatterError if the sum of a PSF's pixels is 0, or no number."""
    totals = np.atleast_1d(totals)
    wrong = totals[~np.isfinite(totals) | (totals == 0)]
    if wrong.size:
        raise FormatterError(
            f"the pixels of a PSF sum up to {wrong[0]}; they cannot be brought to 1"
        )


def whole_and_rest(position: float) -> tuple[int, float]:
    """Part a position into its pixel, and what is left from -0.5 to 0.5."""
    pixel = int(np.floor(position + 0.5))
    return pixel, position - pixel


def matched_moments(image: Array, columns: Array, rows: Array) -> Array:
    """Return the second moments of the Gaussian that matches an image, shape (2, 2).

    Raises
    ------
    FormatterError
        If there is none: the image has no peak.
    """
    places = np.stack([columns.ravel(), rows.ravel()])
    middle, moments = np.zeros((2, 1)), 4 * np.eye(2)
    for _ in range(_STEPS):
        offsets = places - middle
        squares = (offsets * (np.linalg.inv(moments) @ offsets)).sum(axis=0)
        weights = image.ravel() * np.exp(-squares / 2)
        share = weights / weights.sum()
        # Weighted by itself, a Gaussian is half as wide, and half as far from where it is thought
        # to be.
        step, found = 2 * offsets @ share, 2 * (offsets * share) @ offsets.T
        middle, before, moments = middle + step[:, np.newaxis], moments, found
        if not np.linalg.det(moments) > 0:
            break
        if max(np.abs(moments - before).max(), np.abs(step).max() ** 2) < 1e-10 * np.trace(moments):
            return np.asarray(moments)
    raise FormatterError("no Gaussian matches the PSF: it has no peak")
