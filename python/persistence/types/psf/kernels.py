"""Kernels: small images that may vary over a large one (doc/gen2/afw-files.md 2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Table, Tables
from persistence.types.archives.cells import numbers_of
from persistence.types.pixels.box import Box
from persistence.types.psf.functions import Function

Array = NDArray[np.float64]
# Wider than any kernel, and small enough for memory.
_WIDEST = 10_000


class Kernel(Protocol):
    """A small image at each position of a large one.

    Attributes
    ----------
    box : `Box`
        Its pixels; (0, 0) is its centre.
    """

    @property
    def box(self) -> Box:
        """The kernel's pixels; (0, 0) is its centre."""

    def image(self, x: float, y: float) -> Array:
        """Return the image at a position, as stored, shape (height, width).

        Its sum is arbitrary.
        """

    def images(self, x: Array, y: Array) -> Array:
        """Return the images at many positions, shape (points, height, width)."""


@dataclass(frozen=True, eq=False)
class FixedKernel:
    """The same image everywhere."""

    box: Box
    pixels: Array

    def image(self, x: float, y: float) -> Array:
        """Return the image; see `Kernel.image`."""
        return self.pixels

    def images(self, x: Array, y: Array) -> Array:
        """Return the image for many positions; see `Kernel.images`."""
        return np.broadcast_to(self.pixels, (len(x), *self.pixels.shape))


@dataclass(frozen=True, eq=False)
class AnalyticKernel:
    """A function of the offset from the centre, whose parameters may depend on position."""

    box: Box
    function: Function
    spatial: tuple[Function, ...] = ()

    def image(self, x: float, y: float) -> Array:
        """Return the image at a position; see `Kernel.image`."""
        function = self.function
        if self.spatial:
            function = function.given(np.array([each(x, y) for each in self.spatial]))
        columns, rows = grid(self.box)
        return np.asarray(function(columns, rows))

    def images(self, x: Array, y: Array) -> Array:
        """Return the images at many positions; see `Kernel.images`."""
        if not self.spatial:
            return np.broadcast_to(self.image(0, 0), (len(x), self.box.height, self.box.width))
        return np.stack([self.image(*place) for place in zip(x, y, strict=True)])


@dataclass(frozen=True, eq=False)
class CombinationKernel:
    """A sum of kernels times amplitudes, which may depend on position."""

    box: Box
    components: tuple[Kernel, ...]
    amplitudes: Array | tuple[Function, ...]

    def image(self, x: float, y: float) -> Array:
        """Return the image at a position; see `Kernel.image`."""
        total = np.zeros((self.box.height, self.box.width))
        for kernel, amplitude in zip(self.components, self.amplitudes, strict=True):
            total += (amplitude(x, y) if callable(amplitude) else amplitude) * kernel.image(x, y)
        return total

    def images(self, x: Array, y: Array) -> Array:
        """Return the images at many positions; see `Kernel.images`."""
        total = np.zeros((len(x), self.box.height, self.box.width))
        for kernel, amplitude in zip(self.components, self.amplitudes, strict=True):
            values = amplitude(x, y) if callable(amplitude) else amplitude
            total += np.reshape(values, (-1, 1, 1)) * kernel.images(x, y)
        return total


def grid(box: Box) -> tuple[Array, Array]:
    """Return the columns of a box, and its rows along another axis, so that they broadcast."""
    columns = np.arange(box.x0, box.x0 + box.width, dtype=float)
    rows = np.arange(box.y0, box.y0 + box.height, dtype=float)
    return columns, rows[:, np.newaxis]


def sized(width: int, height: int, centre: tuple[int, int] | None = None) -> Box:
    """Return the box of a kernel from its size and the index of its centre, by default the middle.

    Raises
    ------
    FormatterError
        If the size is invalid for a kernel.
    """
    if not (0 < width < _WIDEST and 0 < height < _WIDEST):
        raise FormatterError(f"a kernel cannot have {width} by {height} pixels")
    x, y = (width // 2, height // 2) if centre is None else centre
    return Box(-x, -y, width, height)


def _box(table: Table) -> Box:
    width, height, *centre = (
        int(table[f"{name}_{axis}"][0]) for name in ("dimensions", "center") for axis in "xy"
    )
    return sized(width, height, (centre[0], centre[1]))


def _spatial(table: Table, load: Load) -> tuple[Function, ...]:
    numbers = numbers_of(table["spatialfunctions"][0]) if "spatialfunctions" in table else ()
    return tuple(load(int(number)) for number in numbers)


def make_fixed(tables: Tables, load: Load) -> FixedKernel:
    """Return the FixedKernel of its table."""
    box = _box(tables[0])
    return FixedKernel(box, numbers_of(tables[0]["image"][0]).reshape(box.height, box.width))


def make_analytic(tables: Tables, load: Load) -> AnalyticKernel:
    """Return the AnalyticKernel of its table."""
    table = tables[0]
    return AnalyticKernel(_box(table), load(int(table["kernelfunction"][0])), _spatial(table, load))


def make_combination(tables: Tables, load: Load) -> CombinationKernel:
    """Return the LinearCombinationKernel of its table.

    Raises
    ------
    FormatterError
        If its components and amplitudes do not fit together.
    """
    table = tables[0]
    box = _box(table)
    components = tuple(load(int(number)) for number in numbers_of(table["components"][0]))
    amplitudes = _spatial(table, load) or numbers_of(table["amplitudes"][0])
    if len(amplitudes) != len(components):
        raise FormatterError(
            f"a kernel has {len(components)} components, but {len(amplitudes)} amplitudes"
        )
    if any(
        (component.box.width, component.box.height) != (box.width, box.height)
        for component in components
    ):
        raise FormatterError(
            f"a kernel of {box.width} by {box.height} pixels has components of other sizes"
        )
    return CombinationKernel(box, components, amplitudes)


def make_delta(tables: Tables, load: Load) -> FixedKernel:
    """Return the DeltaFunctionKernel of its table: a single pixel of 1."""
    box = _box(tables[0])
    pixels = np.zeros((box.height, box.width))
    pixels[int(tables[0]["pixel_y"][0]), int(tables[0]["pixel_x"][0])] = 1
    return FixedKernel(box, pixels)
