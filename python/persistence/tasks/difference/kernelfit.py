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
Bools = NDArray[np.bool_]

HALF = 15  # half the side of a cut-out that is compared, less half a pixel
_ROUNDS = 6
_CLIP = 4.0  # standard deviations
_ACCEPTED = 2.0  # reduced chi squared of a stamp that is good however the others are
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
    """What was fitted.

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
    weight = np.where(np.isfinite(noise) & (noise > 0), 1 / noise, 0.0)
    wanted = np.where(weight > 0, wanted, 0.0)
    weighted = parts * weight[:, np.newaxis]
    normal = weighted @ parts.transpose(0, 2, 1)
    right = np.einsum("sip,sp->si", weighted, wanted)
    design = _design(shape.at(x, y), sky.at(x, y), len(images))
    steps = np.arange(-half, half + 1)
    core = (np.hypot(steps, steps[:, np.newaxis]) < _CORE).ravel()
    counted = np.maximum((weight[:, core] > 0).sum(axis=1), 1)
    used = (weight[:, core] > 0).mean(axis=1) > 0.5
    for _ in range(_ROUNDS):
        solution = _solved(normal[used], right[used], design[used])
        amplitudes = design @ solution
        model = np.einsum("sip,si->sp", parts, amplitudes)
        chi2 = ((wanted - model) ** 2 * weight)[:, core].sum(axis=1) / counted
        limit = np.median(chi2[used]) + _CLIP * robust.scatter(chi2[used])
        now = (chi2 < max(limit, _ACCEPTED)) & (weight[:, core] > 0).any(axis=1)
        if np.array_equal(now, used) or np.count_nonzero(now) < design.shape[2] / len(images):
            break
        used = now
    number = len(images) * len(shape.powers)
    by_term = solution[:number].reshape(len(images), -1)
    kernel = MatchingKernel(
        np.einsum("ij,iab->jab", by_term, images), shape, solution[number:], sky
    )
    return Fit(kernel, used, chi2)


def reach(side: int, half: int = HALF) -> int:
    """Return how many pixels a star has to be from the edges, for a kernel of some side."""
    return half + side // 2 + 1


def _cut(plane: NDArray[np.float32], columns: Floats, rows: Floats, half: int) -> Floats:
    """Return squares of an image, as rows of pixels: shape (stars, pixels)."""
    steps = np.arange(-half, half + 1)
    squares = plane[
        rows[:, np.newaxis, np.newaxis] + steps[:, np.newaxis],
        columns[:, np.newaxis, np.newaxis] + steps,
    ]
    return np.asarray(squares.reshape(len(squares), -1), float)


def _convolved(
    plane: NDArray[np.float32], columns: Floats, rows: Floats, images: Floats, half: int
) -> Floats:
    """Return cut-outs convolved with each image, and a flat one: (stars, images + 1, pixels)."""
    from scipy import fft

    margin = images.shape[1] // 2
    side = 2 * (half + margin) + 1
    squares = _cut(plane, columns, rows, half + margin).reshape(-1, side, side)
    length = fft.next_fast_len(side + 2 * margin, real=True)
    of_squares = fft.rfft2(squares.astype(np.float32), (length, length))
    of_images = fft.rfft2(images.astype(np.float32), (length, length))
    made = np.empty((len(squares), len(images) + 1, (2 * half + 1) ** 2))
    inner = slice(2 * margin, 2 * margin + 2 * half + 1)
    for number, image in enumerate(of_images):
        product = fft.irfft2(of_squares * image, (length, length))[:, inner, inner]
        made[:, number] = product.reshape(len(squares), -1)
    made[:, -1] = 1.0
    return made


def _design(of_kernel: Floats, of_sky: Floats, number: int) -> Floats:
    """Return what turns unknowns into amplitudes: shape (stars, images + 1, unknowns)."""
    stars, terms = of_kernel.shape
    design = np.zeros((stars, number + 1, number * terms + of_sky.shape[1]))
    for image in range(number):
        design[:, image, image * terms : (image + 1) * terms] = of_kernel
    design[:, number, number * terms :] = of_sky
    return design


def _solved(normal: Floats, right: Floats, design: Floats) -> Floats:
    matrix = (design.transpose(0, 2, 1) @ (normal @ design)).sum(axis=0)
    vector = np.einsum("siu,si->u", design, right)
    matrix[np.diag_indices_from(matrix)] *= 1 + _RIDGE
    return np.asarray(np.linalg.solve(matrix, vector))
