"""Point spread functions of Gaussians and of kernels (facts in afw-files 2.8)."""

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

    def stamps(self, x: Array, y: Array, radius: int) -> Array:
        steps = np.arange(-radius, radius + 1)
        right, up = (steps + (np.floor(at + 0.5) - at)[:, np.newaxis] for at in (x, y))
        across, along = (np.exp(-(off**2) / (2 * self.sigma**2)) for off in (right, up))
        return np.asarray(
            along[:, :, np.newaxis] * across[:, np.newaxis, :] / (2 * np.pi * self.sigma**2)
        )


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

    def stamps(self, x: Array, y: Array, radius: int) -> Array:
        pixels, box = self._pixels(0, 0)
        return many.moved(FixedKernel(box, pixels), x, y, radius)


@dataclass(frozen=True, eq=False)
class KernelPsf(Psf):
    """A kernel, which may vary over the image."""

    kernel: Kernel
    average_position: tuple[float, float]

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        return self.kernel.image(x, y), self.kernel.box

    def stamps(self, x: Array, y: Array, radius: int) -> Array:
        return many.moved(self.kernel, x, y, radius)


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


def _gaussian_tables(psf: Any) -> list[Columns]:
    sizes = {
        f"dimensions_{axis}": np.array([size], np.int32)
        for axis, size in zip("xy", psf.size, strict=True)
    }
    names = [field.name for field in fields(psf) if field.name != "size"]
    return [sizes | {name: np.array([getattr(psf, name)], np.float64) for name in names}]


# Class -> the module where the original finds it, and what makes its tables.
STORED: Mapping[type[Psf], tuple[str, Callable[[Any], list[Columns]]]] = {
    GaussianPsf: ("lsst.afw.detection", _gaussian_tables),
    SingleGaussianPsf: ("lsst.meas.algorithms", _gaussian_tables),
    DoubleGaussianPsf: ("lsst.meas.algorithms", _gaussian_tables),
    PsfexPsf: ("lsst.meas.extensions.psfex", psfex.tables_of),
}


def dump(psf: Any) -> tuple[str, str, list[Columns]]:
    """Give what an archive stores of a PSF: its class, the module of that, and its tables.

    Raises
    ------
    FormatterError
        If it is not one of those that are written here.
    """
    if type(psf) not in STORED:
        known = ", ".join(each.__name__ for each in STORED)
        raise FormatterError(
            f"a {type(psf).__name__} is not written into archives; those that are: {known}"
        )
    module, tables_of = STORED[type(psf)]
    return type(psf).__name__, module, tables_of(psf)
