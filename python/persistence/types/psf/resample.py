"""Interpolation of images with Lanczos's and similar kernels (doc/gen2/afw-files.md 2.8)."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError

Array = NDArray[np.float64]
_ORDER = 5  # of Lanczos's kernel, where none is named: that of afw
_TINY = 1e-8  # pixels: Lanczos's kernel is 1 to the last digit
_ROUNDED = 1e-12  # pixels: by which rounding makes equal fractions differ
_NAMED = re.compile(r"lanczos([1-9]\d?)")


def lanczos(order: int) -> Callable[[Array], Array]:
    """Return Lanczos's kernel: ``sinc(t) sinc(t / order)``, which is 0 for ``abs(t) >= order``."""
    return lambda t: np.where(np.abs(t) < order, np.sinc(t) * np.sinc(t / order), 0.0)


def kernel_named(name: str) -> tuple[Callable[[Array], Array], int]:
    """Return the kernel of one of afw's names, and its reach in pixels.

    Raises
    ------
    FormatterError
        If the name is unknown.
    """
    if match := _NAMED.fullmatch(name):
        return lanczos(int(match[1])), int(match[1])
    if name == "bilinear":
        return lambda t: np.clip(1 - np.abs(t), 0, None), 1
    raise FormatterError(
        f"unknown interpolation {name!r}: known are lanczos1 to lanczos99 and bilinear"
    )


def weights(
    positions: Array, kernel: Callable[[Array], Array], reach: int
) -> tuple[NDArray[np.intp], Array]:
    """Return the pixels that contribute at positions along an axis, and their weights (sum 1).

    Returns
    -------
    pixels : array of int, shape (positions, 2 reach)
        Indices of pixels.
    weights : array, shape (positions, 2 reach)
        Their weights.
    """
    pixels = np.floor(positions).astype(np.intp)[..., np.newaxis] + np.arange(1 - reach, reach + 1)
    found = kernel(positions[..., np.newaxis] - pixels)
    return pixels, found / found.sum(axis=-1, keepdims=True)


def along_axes(image: Array, rows: Array, columns: Array, order: int = _ORDER) -> Array:
    """Return an image interpolated on a grid of rows and columns; outside it is 0.

    Parameters
    ----------
    image : array, shape (height, width)
        The image.
    rows, columns : array
        Positions in its pixels, from 0.
    order : `int`, optional
        The order of Lanczos's kernel.
    """
    return _matrix(rows, image.shape[0], order) @ image @ _matrix(columns, image.shape[1], order).T


def _matrix(positions: Array, length: int, order: int) -> Array:
    """Return the matrix from the values of an axis to those at some positions."""
    pixels, shares = _inside(*weights(positions, lanczos(order), order), length)
    matrix = np.zeros((len(positions), length))
    np.add.at(matrix, (np.arange(len(positions))[:, np.newaxis], pixels), shares)
    return matrix


def matrices(positions: Array, length: int) -> Array:
    """Return the matrices from the values of an axis to those at positions, as for `along_axes`.

    Parameters
    ----------
    positions : array, shape (points, positions)
        In pixels, from 0.
    length : `int`
        The number of pixels of the axis; outside it is 0.

    Returns
    -------
    matrices : array, shape (points, positions, length)
        The matrices.
    """
    nearest = np.rint(positions)
    rest = positions - nearest
    # Positions that are whole pixels apart have the same kernel: it is computed for the first.
    if positions.size and np.all(np.abs(rest - rest[..., :1]) < _ROUNDED):
        rest = rest[..., :1]
    steps = np.arange(-_ORDER, _ORDER + 1)
    # Three sines per position instead of two per tap: sin(pi (rest - step)) is +-sin(pi rest), and
    # sin(pi (rest - step) / order) is a sum of two products. The denominator can only vanish where
    # the step is 0.
    sine, slow = np.sin(np.pi * rest), np.pi / _ORDER
    waves = (
        np.sin(slow * rest)[..., np.newaxis] * np.cos(slow * steps)
        - np.cos(slow * rest)[..., np.newaxis] * np.sin(slow * steps)
    ) * (sine[..., np.newaxis] * (-1.0) ** steps)
    offsets = rest[..., np.newaxis] - steps
    small = np.abs(offsets) < _TINY
    values = np.where(small, 1.0, waves / np.where(small, 1.0, np.pi * slow * offsets**2))
    values[np.abs(offsets) >= _ORDER] = 0.0
    values /= values.sum(axis=-1, keepdims=True)
    # Values outside of the axis are collected in its first and last cell.
    pixels = np.clip(nearest.astype(np.intp)[..., np.newaxis] + steps, -1, length) + 1
    rows = np.arange(positions.size).reshape(*positions.shape, 1) * (length + 2)
    values = np.broadcast_to(values, pixels.shape)
    cells = np.bincount((rows + pixels).ravel(), values.ravel(), positions.size * (length + 2))
    return np.asarray(cells.reshape(*positions.shape, length + 2)[..., 1:-1])


def at_points(image: Array, rows: Array, columns: Array, name: str) -> Array:
    """Return an image interpolated at points by a kernel of afw's name; outside it is 0.

    Parameters
    ----------
    image : array, shape (height, width)
        The image.
    rows, columns : array, of one shape
        Positions in its pixels, from 0.
    name : `str`
        The name of the kernel.

    Raises
    ------
    FormatterError
        If the name is unknown.
    """
    kernel, reach = kernel_named(name)
    y, of_y = _inside(*weights(rows, kernel, reach), image.shape[0])
    x, of_x = _inside(*weights(columns, kernel, reach), image.shape[1])
    picked = image[y[..., :, np.newaxis], x[..., np.newaxis, :]]
    return np.asarray(np.einsum("...yx,...y,...x->...", picked, of_y, of_x))


def _inside(pixels: NDArray[np.intp], shares: Array, length: int) -> tuple[NDArray[np.intp], Array]:
    """Return pixels and weights, with weight 0 outside of an axis."""
    inside = (pixels >= 0) & (pixels < length)
    return np.where(inside, pixels, 0), np.where(inside, shares, 0.0)
