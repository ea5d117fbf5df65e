"""PSFs modelled by PSFEx (doc/gen2/afw-files.md 2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Tables
from persistence.types.archives.cells import numbers_of
from persistence.types.pixels.box import Box
from persistence.types.psf import many, resample
from persistence.types.psf.psfimage import Psf, PsfImage, check_totals, normalised, whole_and_rest

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PsfexPsf(Psf):
    """A sum of images with small pixels, each times a product of powers of the position.

    Attributes
    ----------
    components : array, shape (terms, rows, columns)
        The images; the terms are 1, u, u^2, ..., v, u v, ..., v^2, ... up to the degree.
    degree : `int`
        The highest sum of powers.
    offset, scale : `tuple` [`float`, `float`]
        ``u = (x - offset[0]) / scale[0]``, and v from y.
    step : `float`
        The side of a pixel of the components, in image pixels.
    average_position : `tuple` [`float`, `float`]
        The mean position of the stars of the model.
    basis, coefficients : array, shape (terms,), or None
        The last evaluation of Gen2's polynomial, and its coefficients: they have no effect, and are
        written as they were read.
    """

    components: Array
    degree: int
    offset: tuple[float, float]
    scale: tuple[float, float]
    step: float
    average_position: tuple[float, float]
    basis: Array | None = None
    coefficients: Array | None = None

    def fine_image(self, x: float, y: float) -> Array:
        """Return the sum of the components at a position, in the components' pixels."""
        return np.asarray(np.tensordot(self.terms(x, y), self.components, axes=1))

    def terms(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Return the factors of the components, along the last axis."""
        u = (np.asarray(x) - self.offset[0]) / self.scale[0]
        v = (np.asarray(y) - self.offset[1]) / self.scale[1]
        return np.stack(
            [u**p * v**q for q in range(self.degree + 1) for p in range(self.degree + 1 - q)],
            axis=-1,
        )

    def image(self, x: float | None = None, y: float | None = None) -> PsfImage:
        """Return the image of a point at a position, in pixels of the parent image, with sum 1.

        The model is sampled at the pixels around the point; no image is shifted.
        """
        x, y = self._position(x, y)
        (column, right), (row, up) = whole_and_rest(x), whole_and_rest(y)
        pixels, box = self._sampled(x, y, right, up)
        return PsfImage(normalised(pixels), box.shifted(column, row))

    computeImage = image

    def stamps(self, x: Array, y: Array, radius: int) -> Array:
        """Return images of points at many positions; see `Psf.stamps`."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        side = 2 * radius + 1
        stamps = np.zeros((x.size, side, side))
        for part in many.parts(x.size):
            self._draw(stamps[part], x[part], y[part])
        return stamps

    def _draw(self, stamps: Array, x: Array, y: Array) -> None:
        """Draw points into squares; pixels outside of the model are not changed."""
        terms = self.terms(x, y)
        down, across = (
            self._resampling(axis, places) for axis, places in enumerate((y, x), start=1)
        )
        # The sum over all pixels of the model, not only over the square.
        sums = terms[:, :, np.newaxis] * np.tensordot(down.sum(axis=1), self.components, (1, 1))
        totals = np.einsum("ptw,pw->p", sums, across.sum(axis=1))
        check_totals(totals)
        rows, columns = (
            min(stamps.shape[1] // 2, matrix.shape[1] // 2) for matrix in (down, across)
        )
        down, high = _cut(down, rows)
        across, wide = _cut(across, columns)
        fine = np.tensordot(terms / totals[:, np.newaxis], self.components[:, high, wide], axes=1)
        middle = stamps.shape[1] // 2
        stamps[:, middle - rows : middle + rows + 1, middle - columns : middle + columns + 1] = (
            down @ fine @ across.transpose(0, 2, 1)
        )

    def _resampling(self, axis: int, places: Array) -> Array:
        """Return the matrices from the fine pixels along an axis to those of images of points."""
        length = self.components.shape[axis]
        half = _odd(length, self.step) // 2
        rest = np.floor(places + 0.5) - places
        steps = np.arange(-half, half + 1) + rest[:, np.newaxis]
        return resample.matrices(length // 2 + steps / self.step, length)

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        return self._sampled(x, y, 0, 0)

    def _sampled(self, x: float, y: float, right: float, up: float) -> tuple[Array, Box]:
        fine = self.fine_image(x, y)
        height, width = (_odd(length, self.step) for length in fine.shape)
        box = Box(-(width // 2), -(height // 2), width, height)
        rows = fine.shape[0] // 2 + (np.arange(height) - height // 2 - up) / self.step
        columns = fine.shape[1] // 2 + (np.arange(width) - width // 2 - right) / self.step
        return resample.along_axes(fine, rows, columns), box


def _cut(matrices: Array, half: int) -> tuple[Array, slice]:
    """Return the middle rows of matrices without columns of zeros, and the slice of the columns."""
    middle = matrices.shape[1] // 2
    matrices = matrices[:, middle - half : middle + half + 1]
    used = np.flatnonzero(matrices.any(axis=(0, 1)))
    columns = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
    return matrices[:, :, columns], columns


def _odd(length: int, step: float) -> int:
    # In single precision, as in Gen2: rounding decides whether there is one more pixel.
    pixels = int(np.float32(length) * np.float32(step))
    return pixels + 1 - pixels % 2


def make(tables: Tables, load: Load) -> PsfexPsf:
    """Return the PsfexPsf of its two tables.

    Raises
    ------
    FormatterError
        If it depends on other variables than the position, or its numbers do not fit together.
    """
    head, body = tables
    if (int(head["ndim"][0]), int(head["ngroup"][0])) != (2, 1):
        raise FormatterError(
            f"a PsfexPsf of {head['ndim'][0]} variables in {head['ngroup'][0]} groups is not "
            "understood; it should be of the two coordinates, in one"
        )
    width, height, *number = (int(each) for each in numbers_of(body["_size"][0]))
    components = numbers_of(body["_comp"][0]).reshape(*(number or [1]), height, width)
    degree = int(numbers_of(body["degree"][0])[0])
    wanted = (degree + 1) * (degree + 2) // 2
    if len(components) != wanted:
        raise FormatterError(
            f"a PsfexPsf of degree {degree} has {len(components)} components, not {wanted}"
        )
    offset, scale = (
        (float(one[0]), float(one[1])) for one in map(numbers_of, (body[c][0] for c in _CONTEXT))
    )
    average = float(head["averagePosition_x"][0]), float(head["averagePosition_y"][0])
    left = numbers_of(body["basis"][0]), numbers_of(body["coeff"][0])
    return PsfexPsf(components, degree, offset, scale, float(head["_pixstep"][0]), average, *left)


def tables_of(psf: PsfexPsf) -> list[dict[str, NDArray[Any]]]:
    """Return the two tables of a PsfexPsf for an archive.

    Notes
    -----
    The columns are those of ``PsfexPsf::write`` in ``src/PsfexPsf.cc`` of meas_extensions_psfex.
    """
    terms, height, width = psf.components.shape
    whole = np.int32
    head = {"ndim": 2, "ngroup": 1, "ncoeff": terms, "_size_size": 3}
    head |= {"_comp_size": psf.components.size, "_context_size": 2}
    body: dict[str, NDArray[Any]] = {
        "group": np.zeros((1, 2), whole),
        "degree": np.array([[psf.degree]], whole),
        "basis": _row(np.zeros(terms) if psf.basis is None else psf.basis),
        "coeff": _row(np.zeros(terms) if psf.coefficients is None else psf.coefficients),
        "_size": np.array([[width, height, terms]], whole),
        "_comp": np.asarray(psf.components, np.float32).reshape(1, -1),
    }
    body |= {name: _row(pair) for name, pair in zip(_CONTEXT, (psf.offset, psf.scale), strict=True)}
    first: dict[str, NDArray[Any]] = {name: np.array([each], whole) for name, each in head.items()}
    for axis, place in zip("xy", psf.average_position, strict=True):
        first[f"averagePosition_{axis}"] = np.array([place], np.float64)
    return [first | {"_pixstep": np.array([psf.step], np.float32)}, body]


def _row(numbers: ArrayLike) -> Array:
    return np.array([numbers], np.float64)


_CONTEXT = ("_context_first", "_context_second")
