"""Detect cosmic rays, which are sharper than the PSF.

The conditions are those of Gen2's ``meas_algorithms`` (``CR.cc``), after the photometric pipeline
of the Sloan Digital Sky Survey; the extent of a cosmic ray is found by comparing pixels with their
prediction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from persistence.tasks.prediction import Pixels, Places, Resemblance, around, predicted, resemblance
from persistence.tasks.stamps import Bools
from persistence.types.psf.psfimage import PsfImage

# Rows and columns from a pixel to one of its neighbours; the other one is opposite.
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
_AROUND = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x])
_ROWS = 256  # that are looked through at once
# What part of `minSigma` a neighbour of a cosmic ray's pixel stands out by, to be one too.
_NEIGHBOUR = 0.5
# of a bright star hit by a cosmic ray is not flagged.
_WRONG = 0.1


def find(pixels: Pixels, psf: PsfImage, config: Any) -> Places:
    """Find the pixels that cosmic rays hit.

    Parameters
    ----------
    pixels : `~persistence.tasks.prediction.Pixels`
        Bad ones are not judged, and others are not judged by them.
    psf : `~persistence.types.psf.psfimage.PsfImage`
        A point's image, in the middle of a pixel.
    config : `~persistence.tasks.repair_config.FindCosmicRaysConfig`
        How far they stand out.

    Returns
    -------
    places : array of `int`
        Their numbers in the flattened image, in order. Once there are more than ``nCrPixelMax``,
        no more are looked for.
    """
    hit = sharp(pixels, psf, config)
    alike = resemblance(psf)
    for _ in range(config.niteration):
        if hit.size > config.nCrPixelMax:
            break
        more = _neighbours(pixels, hit, alike, _NEIGHBOUR * config.minSigma)
        if not more.size:
            break
        hit = np.union1d(hit, more)
    return _strong(pixels.image, hit, config.min_DN)


def sharp(pixels: Pixels, psf: PsfImage, config: Any) -> Places:
    """Return pixels that are too bright relative to their neighbours to be part of a PSF.

    A pixel must exceed the mean of two opposite neighbours, in at least one direction, by
    ``minSigma`` and by more than the centre of a star would; see `find`.
    """
    return np.concatenate(
        [
            places[_is_sharp(pixels, places, psf, config)]
            for places in _bright(pixels, config.minSigma)
        ]
    )


def _bright(pixels: Pixels, least: float) -> Iterator[Places]:
    """Yield the pixels that have a signal to noise, some rows at a time."""
    rows, columns = pixels.image.shape
    for first in range(0, rows, _ROWS):
        image, variance, bad = (plane[first : first + _ROWS] for plane in pixels)
        yield np.flatnonzero((image > np.float32(least) * np.sqrt(variance)) & ~bad) + (
            first * columns
        )


def _is_sharp(pixels: Pixels, places: Places, psf: PsfImage, config: Any) -> Bools:
    image, variance, bad = (plane.ravel() for plane in pixels)
    value, error = image[places], np.sqrt(variance[places])
    sure = value - config.cond3_fac * error
    is_sharp = np.zeros(places.size, bool)
    for step in _DIRECTIONS:
        across = np.array([step, (-step[0], -step[1])])
        ends, inside = around(places, across, pixels.image.shape)
        counts = (inside & ~bad[ends]).all(axis=1)
        mean, mean_error = image[ends].mean(axis=1), np.sqrt(variance[ends].sum(axis=1)) / 2
        share = config.cond3_fac2 * _ratio(psf, step)
        is_sharp |= (
            counts
            & (value > mean + config.minSigma * error)
            & (share * sure > mean + config.cond3_fac * mean_error)
        )
    return is_sharp


def _ratio(psf: PsfImage, step: tuple[int, int]) -> float:
    """Return the brightness of two pixels opposite each other, relative to the star's centre."""
    rows, columns = (
        np.array([0, off, -off]) - first
        for off, first in zip(step, (psf.bbox.y0, psf.bbox.x0), strict=True)
    )
    middle, left, other = psf.array[rows, columns]
    return float((left + other) / (2 * middle))


def _neighbours(pixels: Pixels, hit: Places, alike: Resemblance, least: float) -> Places:
    """Find neighbours of pixels that were hit, brighter than those around both predict."""
    near, inside = around(hit, _AROUND, pixels.image.shape)
    near = np.setdiff1d(near[inside], hit)
    spoilt = pixels.bad.copy()
    spoilt.ravel()[hit] = True
    unknown = spoilt.copy()
    unknown.ravel()[near] = True
    image, variance, bad = (plane.ravel()[near] for plane in pixels)
    bright = ~bad & (image > least * np.sqrt(variance))
    near, image, variance = near[bright], image[bright], variance[bright]
    expected = predicted(pixels, near, alike, unknown, spoilt)
    doubt = np.sqrt(variance + expected.error**2 + (_WRONG * expected.value) ** 2)
    return np.asarray(near[image - expected.value > least * doubt])


def _strong(image: Any, hit: Places, least: float) -> Places:
    """Return pixels without the tracks that have fewer electrons than cosmic rays leave."""
    track = tracks(hit, image.shape)
    charge = np.bincount(track, image.ravel()[hit])
    return np.asarray(hit[charge[track] >= least])


def tracks(hit: Places, shape: tuple[int, ...]) -> Places:
    """Return the number of the track that each pixel belongs to, from 0: they touch each other.

    Parameters
    ----------
    hit : array of `int`
        Numbers of pixels in the flattened image, in order.
    shape : `tuple` [`int`, `int`]
        Of the image.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not hit.size:
        return hit
    ends, inside = around(hit, _AROUND, shape)
    places = np.minimum(np.searchsorted(hit, ends), hit.size - 1)
    touching = inside & (hit[places] == ends)
    first, other = np.nonzero(touching)[0], places[touching]
    graph = coo_array((np.ones(first.size, bool), (first, other)), (hit.size, hit.size))
    return np.asarray(connected_components(graph, directed=False)[1])
