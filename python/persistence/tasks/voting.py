"""Find the transformation between two lists of positions by the votes of their brightest members.

Every pair of a source and a star votes for the shift between them. For the right rotation and
scale, true pairs agree, and all others are distributed randomly.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.stamps import Floats

# The brightest of each list vote.
VOTERS = 150
# Turns and scales are tried in steps that move the typical voter by so many bins.
_STEP = 1.5
# Bins are so many matching radii wide; votes are counted in squares of three by three.
_BIN = 0.5
_SQUARE = 3


class Offsets(NamedTuple):
    """Positions on the plane that touches the sky at some point.

    Arcseconds east and north of it.
    """

    east: Floats
    north: Floats


class Limits(NamedTuple):
    """How far a list may be off another.

    Attributes
    ----------
    offset : `float`
        In any direction (arcsec).
    turn : `float`
        Either way (degrees).
    stretch : `float`
        The part by which the scales differ.
    """

    offset: float
    turn: float = 0.0
    stretch: float = 0.0


class Pose(NamedTuple):
    """The rotation, scale and shift that move sources to their stars.

    Attributes
    ----------
    east, north : `float`
        The offsets that are subtracted from rotated and scaled positions (arcsec).
    turn : `float`
        The angle of rotation, from east to north (degrees).
    scale : `float`
        The factor.
    votes : `int`
        The number of agreeing pairs of the brightest.
    chance : `float`
        The number expected by chance.
    sigmas : `float`
        The significance of the votes, in standard deviations of a normal distribution, given all
        shifts, rotations and scales that were tried; negative if they are expected by chance.
    """

    east: float
    north: float
    turn: float
    scale: float
    votes: int
    chance: float
    sigmas: float

    def applied(self, sources: Offsets) -> Offsets:
        """Return the positions of sources moved to the stars."""
        east, north = _turned(sources, self.turn, self.scale)
        return Offsets(east - self.east, north - self.north)


def pose(sources: Offsets, stars: Offsets, limits: Limits, radius: float) -> Pose | None:
    """Return the transformation between sources and stars.

    Parameters
    ----------
    sources, stars : `Offsets`
        The positions, the brightest first; `VOTERS` of each vote.
    limits : `Limits`
        The range of transformations.
    radius : `float`
        The largest distance of a source from its star (arcsec).

    Returns
    -------
    pose : `Pose` or None
        None if no pair is near enough to vote.
    """
    sources, stars = (Offsets(*(axis[:VOTERS] for axis in both)) for both in (sources, stars))
    width = _BIN * radius
    half = int(np.ceil(limits.offset / width)) + 1
    tried = list(_tried(sources, limits, width))
    most, chosen = 0, None
    for turn, scale in tried:
        counts = _counts(_turned(sources, turn, scale), stars, width, half)
        best = int(np.argmax(counts))
        if counts.flat[best] > most:
            most, chosen = int(counts.flat[best]), (turn, scale, best, float(counts.mean()))
    if chosen is None:
        return None
    turn, scale, best, chance = chosen
    row, column = (index - half for index in divmod(best, 2 * half + 1))
    shifts = len(tried) * (2 * half + 1) ** 2 / _SQUARE**2
    return Pose(
        column * width, row * width, turn, scale, most, chance, _sigmas(most, chance, shifts)
    )


def _tried(
    sources: Offsets, limits: Limits, width: float
) -> itertools.product[tuple[float, float]]:
    """Return turns and scales, those first that change least."""
    reach = max(float(np.median(np.hypot(*sources))) if sources.east.size else 0.0, 1.0)
    step = _STEP * width / reach
    turns = _about_zero(limits.turn, np.degrees(step))
    scales = 1 + _about_zero(limits.stretch, step)
    return itertools.product(turns.tolist(), scales.tolist())


def _about_zero(most: float, step: float) -> Floats:
    """Return 0, and steps to both sides until they reach a limit."""
    number = int(np.ceil(most / step))
    steps = np.linspace(-most, most, 2 * number + 1) if number else np.zeros(1)
    return steps[np.argsort(np.abs(steps), kind="stable")]


def _turned(sources: Offsets, turn: float, scale: float) -> Offsets:
    cosine, sine = scale * np.cos(np.radians(turn)), scale * np.sin(np.radians(turn))
    return Offsets(
        cosine * sources.east - sine * sources.north, sine * sources.east + cosine * sources.north
    )


def _counts(sources: Offsets, stars: Offsets, width: float, half: int) -> NDArray[np.int64]:
    """Count the votes in squares about each bin of shifts; rows are north, the middle is 0."""
    side = 2 * half + 1
    east, north = (
        np.rint((first[:, np.newaxis] - other).ravel() / width).astype(np.int64) + half
        for first, other in zip(sources, stars, strict=True)
    )
    inside = (east >= 0) & (east < side) & (north >= 0) & (north < side)
    bins = np.bincount(north[inside] * side + east[inside], minlength=side * side)
    padded = np.pad(bins.reshape(side, side), 1)
    shifts = range(_SQUARE)
    return np.asarray(
        sum(padded[i : i + side, j : j + side] for i, j in itertools.product(shifts, shifts))
    )


def _sigmas(votes: int, chance: float, places: float) -> float:
    """Return how unlikely it is that one of so many places has so many votes by chance."""
    from scipy.special import ndtri, pdtrc

    probability = float(pdtrc(votes - 1, max(chance, 1e-9))) * places
    # Smaller probabilities underflow: that of 37 standard deviations.
    return -float(ndtri(min(max(probability, 1e-300), 1.0 - 1e-9)))
