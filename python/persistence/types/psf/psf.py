"""Point spread functions of Gaussians and of kernels (doc/gen2/afw-files.md 2.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Table, Tables
from persistence.types.pixels.box import Box
from persistence.types.psf import many, psfex
from persistence.types.psf.functions import DoubleGaussian, Gaussian
from persistence.types.psf.kernels import FixedKernel, Kernel, grid, sized
from persistence.types.psf.psfex import PsfexPsf
from persistence.types.psf.psfimage import Psf

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class GaussianPsf(Psf):
    """A round Gaussian, sampled at the centres of pixels, the same everywhere.

    Gen2's class is ``lsst.afw.detection.GaussianPsf``.

    Parameters
    ----------
    size : `tuple` [`int`, `int`]
        Columns and rows of its image.
    sigma : `float`
        The standard deviation (pixels).

    Examples
    --------
    >>> from persistence.types.psf.psf import GaussianPsf
    >>> psf = GaussianPsf((15, 15), 2.0)
    >>> round(psf.width(), 2)
    2.0
    """

    size: tuple[int, int]
    sigma: float

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        box = sized(*self.size)
        return np.asarray(Gaussian(self.sigma, self.sigma, 0)(*grid(box))), box

    def stamps(self, x: Array, y: Array, radius: int) -> Array:
        """Return images of points at many positions, in squares of pixels; see `Psf.stamps`.

        Parameters
        ----------
        x, y : `Array`
            Positions (pixels of the parent image), shape (points,).
        radius : `int`
            Half the side of a square, minus half a pixel.

        Returns
        -------
        stamps : array, shape (points, 2 radius + 1, 2 radius + 1)
            The images.
        """
        steps = np.arange(-radius, radius + 1)
        right, up = (steps + (np.floor(at + 0.5) - at)[:, np.newaxis] for at in (x, y))
        across, along = (np.exp(-(off**2) / (2 * self.sigma**2)) for off in (right, up))
        return np.asarray(
            along[:, :, np.newaxis] * across[:, np.newaxis, :] / (2 * np.pi * self.sigma**2)
        )


class SingleGaussianPsf(GaussianPsf):
    """A `GaussianPsf` as meas_algorithms stores it."""


@dataclass(frozen=True)
class DoubleGaussianPsf(Psf):
    """The sum of two round Gaussians, sampled at the centres of pixels, the same everywhere.

    Attributes
    ----------
    size : `tuple` [`int`, `int`]
        Columns and rows of its image.
    sigma1, sigma2 : `float`
        Standard deviations (pixels).
    b : `float`
        The height of the second relative to the first.
    """

    size: tuple[int, int]
    sigma1: float
    sigma2: float
    b: float

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        box = sized(*self.size)
        return np.asarray(DoubleGaussian(self.sigma1, self.sigma2, self.b)(*grid(box))), box

    def stamps(self, x: Array, y: Array, radius: int) -> Array:
        """Return images of points at many positions; see `Psf.stamps`."""
        pixels, box = self._pixels(0, 0)
        return many.moved(FixedKernel(box, pixels), x, y, radius)


@dataclass(frozen=True, eq=False)
class KernelPsf(Psf):
    """A kernel that may vary over the image."""

    kernel: Kernel
    average_position: tuple[float, float]

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        return self.kernel.image(x, y), self.kernel.box

    def stamps(self, x: Array, y: Array, radius: int) -> Array:
        """Return images of points at many positions; see `Psf.stamps`."""
        return many.moved(self.kernel, x, y, radius)


def _size(table: Table) -> tuple[int, int]:
    return int(table["dimensions_x"][0]), int(table["dimensions_y"][0])


def make_gaussian(tables: Tables, load: Load) -> GaussianPsf:
    """Return the GaussianPsf of its table."""
    return GaussianPsf(_size(tables[0]), float(tables[0]["sigma"][0]))


def make_single_gaussian(tables: Tables, load: Load) -> SingleGaussianPsf:
    """Return the SingleGaussianPsf of its table."""
    return SingleGaussianPsf(_size(tables[0]), float(tables[0]["sigma"][0]))


def make_double_gaussian(tables: Tables, load: Load) -> DoubleGaussianPsf:
    """Return the DoubleGaussianPsf of its table."""
    sigma1, sigma2, b = (float(tables[0][name][0]) for name in ("sigma1", "sigma2", "b"))
    return DoubleGaussianPsf(_size(tables[0]), sigma1, sigma2, b)


def make_kernel(tables: Tables, load: Load) -> KernelPsf:
    """Return the KernelPsf of its table, or a PcaPsf, which is stored in the same form."""
    x, y = (float(tables[0][f"averagePosition_{axis}"][0]) for axis in "xy")
    return KernelPsf(load(int(tables[0]["kernel"][0])), (x, y))


def _gaussian_tables(psf: Any) -> list[Columns]:
    sizes = {
        f"dimensions_{axis}": np.array([size], np.int32)
        for axis, size in zip("xy", psf.size, strict=True)
    }
    names = [field.name for field in fields(psf) if field.name != "size"]
    return [sizes | {name: np.array([getattr(psf, name)], np.float64) for name in names}]


# Class -> its module in the stack, and the function that creates its tables.
STORED: Mapping[type[Psf], tuple[str, Callable[[Any], list[Columns]]]] = {
    GaussianPsf: ("lsst.afw.detection", _gaussian_tables),
    SingleGaussianPsf: ("lsst.meas.algorithms", _gaussian_tables),
    DoubleGaussianPsf: ("lsst.meas.algorithms", _gaussian_tables),
    PsfexPsf: ("lsst.meas.extensions.psfex", psfex.tables_of),
}


def dump(psf: Any) -> tuple[str, str, list[Columns]]:
    """Return the archive's description of a PSF: its class, the class's module, and its tables.

    Raises
    ------
    FormatterError
        If PSFs of its class cannot be written.
    """
    if type(psf) not in STORED:
        known = ", ".join(each.__name__ for each in STORED)
        raise FormatterError(
            f"a {type(psf).__name__} is not written into archives; those that are: {known}"
        )
    module, tables_of = STORED[type(psf)]
    return type(psf).__name__, module, tables_of(psf)
