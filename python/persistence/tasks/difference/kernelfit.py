"""Fits a kernel that varies over the image to cut-outs of stars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.tasks import robust
from persistence.tasks.difference.kernel import MatchingKernel
from persistence.tasks.difference.polynomials import Polynomials
from persistence.types.pixels.box import Box

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Plane = NDArray[np.float32]

HALF = 15  # half the side of a cut-out that is compared, less half a pixel
_ROUNDS = 6
_CLIP = 4.0  # standard deviations
_ACCEPTED = 0.25  # more than the median of reduced chi squared may be that of a core in any case
_WHOLE = 0.5  # the least part of a core's pixels that count
_CORE = 8.0  # pixels from the star where chi squared is looked at
_RIDGE = 1e-9  # of the diagonal: keeps the equations solvable where terms are alike


class Pair(NamedTuple):
    """An image that is convolved, one that it is to match, and how well both are known.

    Attributes
    ----------
    convolved, matched : array, shape (rows, columns)
    variance : array
        Of both together, in the units of the second; infinite where a pixel counts for nothing.
    """

    convolved: NDArray[np.float32]
    matched: NDArray[np.float32]
    variance: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fit:
    """The result of a fit of the matching kernel.

    Attributes
    ----------
    kernel : `~persistence.tasks.difference.kernel.MatchingKernel`
    used : array of `bool`, shape (stars,)
    chi2 : array, shape (stars,)
        The reduced chi squared of each star's core.
    """

    kernel: MatchingKernel
    used: Bools
    chi2: Floats


def fit(
    pair: Pair,
    x: Floats,
    y: Floats,
    images: Floats,
    box: Box,
    order: int,
    sky_order: int,
    half: int = HALF,
) -> Fit:
    """Fit a kernel.

    Parameters
    ----------
    pair : `Pair`
    x, y : array, shape (stars,)
        Stars (pixels of the parent image), so far from the edges that all cut-outs are whole; see
        `reach`.
    images : array, shape (number, side, side)
        What the kernel is a sum of; see `persistence.tasks.difference.basis`.
    box : `~persistence.types.pixels.box.Box`
        The pixels of the pair.
    order, sky_order : `int`
        Of the polynomials by which the kernel and the sky's level vary.
    half : `int`
        Half the side of a cut-out that is compared.
    """
    shape, sky = Polynomials(box, order), Polynomials(box, sky_order)
    columns, rows = (
        np.floor(at - start + 0.5).astype(int) for at, start in ((x, box.x0), (y, box.y0))
    )
    parts = _convolved(pair.convolved, columns, rows, images, half)
    wanted, noise = (_cut(plane, columns, rows, half) for plane in (pair.matched, pair.variance))
    weight = np.where(np.isfinite(noise) & (noise > 0), 1 / noise, np.float32(0))
    wanted = np.where(weight > 0, wanted, np.float32(0))
    normal, right = _equations(parts, weight, wanted)
    of_kernel, of_sky = shape.at(x, y), sky.at(x, y)
    steps = np.arange(-half, half + 1)
    core = (np.hypot(steps, steps[:, np.newaxis]) < _CORE).ravel()
    good = weight > 0
    used = good[:, core].mean(axis=1) > _WHOLE
    for _ in range(_ROUNDS):
        by_term, levels = _solved(normal[used], right[used], of_kernel[used], of_sky[used])
        amplitudes = np.column_stack([of_kernel @ by_term.T, of_sky @ levels])
        model = np.matmul(amplitudes[:, np.newaxis].astype(np.float32), parts)[:, 0]
        squares = (wanted - model) ** 2 * weight
        chi2 = squares[:, core].sum(axis=1) / np.maximum(good[:, core].sum(axis=1), 1)
        whole = squares.sum(axis=1) / np.maximum(good.sum(axis=1), 1)
        now = good[:, core].mean(axis=1) > _WHOLE
        for values, least in ((chi2, _ACCEPTED), (whole, 0.0)):
            now &= values < np.median(values[used]) + np.maximum(
                _CLIP * robust.scatter(values[used]), least
            )
        if np.array_equal(now, used) or np.count_nonzero(now) < len(shape.powers):
            break
        used = now
    kernel = MatchingKernel(np.einsum("ij,iab->jab", by_term, images), shape, levels, sky)
    return Fit(kernel, used, chi2)


def reach(side: int, half: int = HALF) -> int:
    """Return how many pixels a star has to be from the edges, for a kernel of some side."""
    return half + side // 2 + 1


def _cut(plane: Plane, columns: Ints, rows: Ints, half: int) -> Plane:
    """Return squares of an image, as rows of pixels: shape (stars, pixels)."""
    steps = np.arange(-half, half + 1)
    squares = plane[
        rows[:, np.newaxis, np.newaxis] + steps[:, np.newaxis],
        columns[:, np.newaxis, np.newaxis] + steps,
    ]
    return np.asarray(squares.reshape(len(squares), -1), np.float32)


def _convolved(plane: Plane, columns: Ints, rows: Ints, images: Floats, half: int) -> Plane:
    """Return cut-outs convolved with each image, and a flat one: (stars, images + 1, pixels)."""
    from scipy import fft

    margin = images.shape[1] // 2
    side = 2 * (half + margin) + 1
    squares = _cut(plane, columns, rows, half + margin).reshape(-1, side, side)
    # What a transform of this length wraps around does not come to the part that is kept.
    length = fft.next_fast_len(side, real=True)
    of_squares = fft.rfft2(squares, (length, length))
    of_images = fft.rfft2(images.astype(np.float32), (length, length))
    sums = np.ones((len(squares), len(images) + 1, (2 * half + 1) ** 2), np.float32)
    inner = slice(2 * margin, 2 * margin + 2 * half + 1)
    for number, image in enumerate(of_images):
        product = fft.irfft2(of_squares * image, (length, length))[:, inner, inner]
        sums[:, number] = product.reshape(len(squares), -1)
    return sums


def _equations(parts: Plane, weight: Plane, wanted: Plane) -> tuple[Floats, Floats]:
    """Return the normal equations of each star by itself."""
    stars, number, _ = parts.shape
    normal, right = np.empty((stars, number, number)), np.empty((stars, number))
    for star in range(stars):
        own = parts[star].astype(float)
        weighted = own * weight[star]
        normal[star] = weighted @ own.T
        right[star] = weighted @ wanted[star]
    return normal, right


def _solved(
    normal: Floats, right: Floats, of_kernel: Floats, of_sky: Floats
) -> tuple[Floats, Floats]:
    """Return the coefficients of the images, shape (images, terms), and those of the sky."""
    (stars, terms), levels, images = of_kernel.shape, of_sky.shape[1], normal.shape[1] - 1
    number = images * terms
    matrix, vector = np.empty((number + levels,) * 2), np.empty(number + levels)
    products = np.einsum("sk,sl->skl", of_kernel, of_kernel).reshape(stars, -1)
    blocks = normal[:, :-1, :-1].reshape(stars, -1).T @ products
    matrix[:number, :number] = (
        blocks.reshape(images, images, terms, terms).transpose(0, 2, 1, 3).reshape(number, number)
    )
    mixed = np.einsum("si,sk,sl->ikl", normal[:, :-1, -1], of_kernel, of_sky)
    matrix[:number, number:] = mixed.reshape(number, levels)
    matrix[number:, :number] = matrix[:number, number:].T
    matrix[number:, number:] = (of_sky * normal[:, -1, -1, np.newaxis]).T @ of_sky
    vector[:number] = (right[:, :-1].T @ of_kernel).ravel()
    vector[number:] = right[:, -1] @ of_sky
    matrix[np.diag_indices_from(matrix)] *= 1 + _RIDGE
    solution = np.linalg.solve(matrix, vector)
    return solution[:number].reshape(images, terms), solution[number:]
