"""Invents the pixels of master calibrations, to the same bit on every machine.

Only sums, products, quotients and whole random numbers go into them, which IEEE arithmetic fixes; a
sine or a normal deviate may end in another bit elsewhere. All values are multiples of a power of
two, so that compression in such steps loses nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from obs_decam.sample.facts import Layout

Plane = NDArray[np.float64]

# What the values of each kind are multiples of. Units: counts, counts a second, and none.
STEPS: Mapping[str, float] = {
    "bias": 2.0**-6,
    "dark": 2.0**-12,
    "flat": 2.0**-14,
    "fringe": 2.0**-12,
    "illumcor": 2.0**-14,
}
_WIDTH, _HEIGHT, _RADIUS = 30.72, 61.44, 225.0  # mm: of a chip, and of the focal plane
_FRINGES = {"z": 0.03, "Y": 0.08}  # thick chips fringe in the red only
_FAINT_FRINGES = 0.01


def pixels(
    kind: str, date: str, band: str, number: int, place: tuple[float, float], layout: Layout
) -> NDArray[np.float32]:
    """Return the light-sensitive pixels of one chip's master calibration."""
    rng = np.random.default_rng(zlib.crc32(f"{kind} {date} {band} {number}".encode()))
    values = pattern(kind, band, number, place, layout)
    values = values + _NOISE[kind] * _deviates(rng, values.shape)
    step = STEPS[kind]
    return (np.rint(values / step) * step).astype(np.float32)


def pattern(kind: str, band: str, number: int, place: tuple[float, float], layout: Layout) -> Plane:
    """Return the pixels of a master calibration without its noise."""
    rows, columns = layout.rows, 2 * layout.columns
    y = ((np.arange(rows) + 0.5) / rows - 0.5)[:, np.newaxis]
    x = ((np.arange(columns) + 0.5) / columns - 0.5)[np.newaxis, :]
    radius = ((place[0] + _WIDTH * x) / _RADIUS) * ((place[0] + _WIDTH * x) / _RADIUS)
    radius = radius + ((place[1] + _HEIGHT * y) / _RADIUS) * ((place[1] + _HEIGHT * y) / _RADIUS)
    own = (
        np.random.default_rng(zlib.crc32(f"{kind} {band} {number}".encode())).integers(-100, 101)
        / 100.0
    )
    values = _PATTERNS[kind](x, y, radius, own)
    return values * _FRINGES.get(band, _FAINT_FRINGES) if kind == "fringe" else values


def _deviates(rng: np.random.Generator, shape: tuple[int, ...]) -> Plane:
    """Return nearly normal deviates, of mean 0 and variance 1: sums of four integers."""
    total = rng.integers(0, 256, (4, *shape), dtype=np.uint8).sum(axis=0, dtype=np.int64)
    return np.asarray((total - 510) / 147.8)


def _bias(x: Plane, y: Plane, square: Plane, own: float) -> Plane:
    """Return a bias (less overscan) that rises to the edges; the amplifiers differ by a step."""
    return np.asarray(4.0 * x * x + 3.0 * y + own * np.where(x < 0, -0.5, 0.5))


def _dark(x: Plane, y: Plane, square: Plane, own: float) -> Plane:
    """Return a dark with a faint glow in a corner."""
    return np.asarray(0.02 + 0.005 * own + 0.03 * (x + 0.5) * (x + 0.5) * (y + 0.5) * (y + 0.5))


def _flat(x: Plane, y: Plane, square: Plane, own: float) -> Plane:
    """Return a flat with vignetting towards the rim; each chip has its own efficiency."""
    return np.asarray((1.0 + 0.02 * own) * (1.02 - 0.12 * square) + 0.01 * x)


def _fringe(x: Plane, y: Plane, square: Plane, own: float) -> Plane:
    """Return a fringe that oscillates about zero, with bent crests; each wave is two parabolas."""
    phase = 6.0 * x + (4.0 + own) * y + 5.0 * x * y + 2.0 * y * y
    turn = phase - np.floor(phase)
    half = np.where(turn < 0.5, turn, turn - 0.5)
    return np.asarray(np.where(turn < 0.5, 16.0, -16.0) * half * (0.5 - half))


def _illumination(x: Plane, y: Plane, square: Plane, own: float) -> Plane:
    """Correct a flat by some per cent, smoothly over the focal plane."""
    return np.asarray(1.0 + 0.04 * (square - 0.4) + 0.002 * own * y)


# Column and row (-1/2 to 1/2), squared distance from the focal plane's centre (0 to about 1), the
# chip's own number (-1 to 1).
_PATTERNS: Mapping[str, Callable[[Plane, Plane, Plane, float], Plane]] = {
    "bias": _bias,
    "dark": _dark,
    "flat": _flat,
    "fringe": _fringe,
    "illumcor": _illumination,
}
_NOISE = {"bias": 0.5, "dark": 0.004, "flat": 0.003, "fringe": 0.002, "illumcor": 0.0005}
