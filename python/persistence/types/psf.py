"""Point spread functions (facts in afw-files 2.8)."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types import resample
from persistence.types.box import Box
from persistence.types.functions import DoubleGaussian, Gaussian
from persistence.types.kernels import Kernel, grid, sized
from persistence.types.rows import Load, Table, Tables

Array = NDArray[np.float64]
FACTORIES: Mapping[str, str] = {
    "GaussianPsf": "persistence.types.psf.make_gaussian",
    "SingleGaussianPsf": "persistence.types.psf.make_single_gaussian",
    "DoubleGaussianPsf": "persistence.types.psf.make_double_gaussian",
    "KernelPsf": "persistence.types.psf.make_kernel",
    "PcaPsf": "persistence.types.psf.make_kernel",
}


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


class Psf(abc.ABC):
    """What an image makes of a point, at each position of the image.

    Positions are columns and rows in the parent image, (0, 0) in the middle of its first pixel; without one, the
    average position counts.
    """

    average_position: tuple[float, float] = (0.0, 0.0)

    @abc.abstractmethod
    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        """Give the image of a point in the middle of a pixel, of any sum, and its box about that pixel."""

    def kernel_image(self, x: float | None = None, y: float | None = None) -> PsfImage:
        """Give the image of a point in the middle of the pixel (0, 0), as it is at a position; its sum is 1.

        Raises
        ------
        FormatterError
            If there is none at this position.
        """
        pixels, box = self._pixels(*self._position(x, y))
        return PsfImage(normalised(pixels), box)

    def image(self, x: float | None = None, y: float | None = None) -> PsfImage:
        """Give the image of a point at a position, in the pixels of the parent image.

        It is the kernel's image, moved by less than a pixel with Lanczos's kernel of order 5; so its sum is
        only nearly 1.

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

    def width(self, x: float | None = None, y: float | None = None) -> float:
        """Give the standard deviation (pixels) of the round Gaussian that is as large as the PSF at a position.

        It is the fourth root of the determinant of the adaptive moments, which are weighted by the Gaussian of
        these moments. Source: Bernstein & Jarvis 2002, AJ 123, 583, section 3.1.
        """
        kernel = self.kernel_image(x, y)
        columns, rows = np.broadcast_arrays(*grid(kernel.bbox))
        return matched_sigma(kernel.array, columns, rows)

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
    if not np.isfinite(total) or total == 0:
        raise FormatterError(f"the pixels of a PSF sum up to {total}; they cannot be brought to 1")
    return np.asarray(pixels / total)


def whole_and_rest(position: float) -> tuple[int, float]:
    """Part a position into its pixel, and what is left from -0.5 to 0.5."""
    pixel = int(np.floor(position + 0.5))
    return pixel, position - pixel


def matched_sigma(image: Array, columns: Array, rows: Array) -> float:
    """Give the size of the Gaussian that matches an image.

    Raises
    ------
    FormatterError
        If there is none: the image has no peak.
    """
    places = np.stack([columns.ravel(), rows.ravel()])
    middle, moments = np.zeros((2, 1)), 4 * np.eye(2)
    for _ in range(200):
        offsets = places - middle
        weights = image.ravel() * np.exp(-np.einsum("in,ij,jn->n", offsets, np.linalg.inv(moments), offsets) / 2)
        share = weights / weights.sum()
        # Weighted by itself, a Gaussian is half as wide, and half as far from where it is thought to be.
        step, found = 2 * offsets @ share, 2 * (offsets * share) @ offsets.T
        middle, before, moments = middle + step[:, np.newaxis], moments, found
        if not np.linalg.det(moments) > 0:
            break
        if max(np.abs(moments - before).max(), np.abs(step).max() ** 2) < 1e-10 * np.trace(moments):
            return float(np.linalg.det(moments) ** 0.25)
    raise FormatterError("no Gaussian matches the PSF: it has no peak")


@dataclass(frozen=True)
class GaussianPsf(Psf):
    """A round Gaussian, at the middles of pixels, the same everywhere.

    Attributes
    ----------
    size : `tuple` [`int`, `int`]
        Columns and rows of its image.
    sigma : `float`
        Standard deviation, in pixels.
    """

    size: tuple[int, int]
    sigma: float

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        box = sized(*self.size)
        return np.asarray(Gaussian(self.sigma, self.sigma, 0)(*grid(box))), box


class SingleGaussianPsf(GaussianPsf):
    """The same, as meas_algorithms stores it."""


@dataclass(frozen=True)
class DoubleGaussianPsf(Psf):
    """The sum of two round Gaussians, at the middles of pixels, the same everywhere.

    Attributes
    ----------
    size : `tuple` [`int`, `int`]
        Columns and rows of its image.
    sigma1, sigma2 : `float`
        Standard deviations, in pixels.
    b : `float`
        How high the second is at its peak, if the first is 1 there.
    """

    size: tuple[int, int]
    sigma1: float
    sigma2: float
    b: float

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        box = sized(*self.size)
        return np.asarray(DoubleGaussian(self.sigma1, self.sigma2, self.b)(*grid(box))), box


@dataclass(frozen=True, eq=False)
class KernelPsf(Psf):
    """A kernel, which may vary over the image."""

    kernel: Kernel
    average_position: tuple[float, float]

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        return self.kernel.image(x, y), self.kernel.box


def _size(table: Table) -> tuple[int, int]:
    return int(table["dimensions_x"][0]), int(table["dimensions_y"][0])


def make_gaussian(tables: Tables, load: Load) -> GaussianPsf:
    """Build a GaussianPsf."""
    return GaussianPsf(_size(tables[0]), float(tables[0]["sigma"][0]))


def make_single_gaussian(tables: Tables, load: Load) -> SingleGaussianPsf:
    """Build a SingleGaussianPsf."""
    return SingleGaussianPsf(_size(tables[0]), float(tables[0]["sigma"][0]))


def make_double_gaussian(tables: Tables, load: Load) -> DoubleGaussianPsf:
    """Build a DoubleGaussianPsf."""
    sigma1, sigma2, b = (float(tables[0][name][0]) for name in ("sigma1", "sigma2", "b"))
    return DoubleGaussianPsf(_size(tables[0]), sigma1, sigma2, b)


def make_kernel(tables: Tables, load: Load) -> KernelPsf:
    """Build a KernelPsf, or a PcaPsf, which is stored alike."""
    x, y = (float(tables[0][f"averagePosition_{axis}"][0]) for axis in "xy")
    return KernelPsf(load(int(tables[0]["kernel"][0])), (x, y))


# Class -> the module where the original finds it, and the attributes that are columns.
_STORED: Mapping[type[Psf], tuple[str, tuple[str, ...]]] = {
    GaussianPsf: ("lsst.afw.detection", ("sigma",)),
    SingleGaussianPsf: ("lsst.meas.algorithms", ("sigma",)),
    DoubleGaussianPsf: ("lsst.meas.algorithms", ("sigma1", "sigma2", "b")),
}


def dump(psf: Any) -> tuple[str, str, list[dict[str, NDArray[Any]]]]:
    """Give what an archive stores of a PSF: its class, the module of that, and its tables.

    Raises
    ------
    FormatterError
        If it is not one of those that are written here.
    """
    if type(psf) not in _STORED:
        known = ", ".join(each.__name__ for each in _STORED)
        raise FormatterError(f"a {type(psf).__name__} is not written into archives; those that are: {known}")
    module, names = _STORED[type(psf)]
    sizes = {f"dimensions_{axis}": np.array([size], np.int32) for axis, size in zip("xy", psf.size, strict=True)}
    return type(psf).__name__, module, [sizes | {name: np.array([getattr(psf, name)], np.float64) for name in names}]
