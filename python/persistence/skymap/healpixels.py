"""The pixels of HEALPix: their positions, and the pixel of a position.

Source: Gorski et al. 2005, ApJ 622, 759, sections 5 and 6: twelve faces, each a square grid of
``nside`` x ``nside`` pixels. ``theta`` is the angle from the north pole, ``phi`` the longitude,
both in radians.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# A face's southern corner: its ring, in units of nside, and its longitude, in units of 45 degrees.
_RINGS = np.array([2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])
_LONGITUDES = np.array([1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7])
_MASKS = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


def pixel_of(theta: Any, phi: Any, nside: int, nest: bool) -> Ints:
    """Return the pixels of positions (radians)."""
    face, x, y = _cell_of(np.asarray(theta, float), np.asarray(phi, float), nside)
    return (
        face * nside**2 + _spread(x) + 2 * _spread(y) if nest else _ring_number(face, x, y, nside)
    )


def centre(pixel: int, nside: int, nest: bool) -> tuple[Floats, Floats]:
    """Return theta and phi of a pixel's centre (radians)."""
    face, x, y = _cell(pixel, nside, nest)
    return _place(face, (x + 0.5) / nside, (y + 0.5) / nside)


def centres(pixels: Ints, nside: int) -> tuple[Floats, Floats]:
    """Return theta and phi of the centres of pixels of the nested scheme (radians)."""
    face, inside = np.divmod(pixels, nside**2)
    return _place(face, (_gathered(inside) + 0.5) / nside, (_gathered(inside >> 1) + 0.5) / nside)


def corners(pixel: int, nside: int, nest: bool) -> tuple[Floats, Floats]:
    """Return theta and phi of a pixel's corners: north, west, south, east (radians)."""
    face, x, y = _cell(pixel, nside, nest)
    return _place(
        face, np.array([x + 1, x, x, x + 1]) / nside, np.array([y + 1, y + 1, y, y]) / nside
    )


def _cell(pixel: int, nside: int, nest: bool) -> tuple[Any, Any, Any]:
    """Return a pixel's face, and its column and row there."""
    if nest:
        face, inside = divmod(pixel, nside**2)
        return np.int64(face), _gathered(np.int64(inside)), _gathered(np.int64(inside >> 1))
    theta, phi = _ring_centre(pixel, nside)
    return _cell_of(np.asarray(theta), np.asarray(phi), nside)


def _ring_centre(pixel: int, nside: int) -> tuple[float, float]:
    """Return theta and phi of the centre of a pixel numbered by ring (their equations 4 to 9)."""
    in_cap, total = 2 * nside * (nside - 1), 12 * nside**2
    if pixel >= total - in_cap:
        theta, phi = _ring_centre(total - 1 - pixel, nside)
        return np.pi - theta, 2 * np.pi - phi
    if pixel < in_cap:
        ring = int((1 + math.isqrt(1 + 2 * pixel)) // 2)
        place = pixel - 2 * ring * (ring - 1)
        # Half the sine is precise where the cosine is near 1.
        return 2 * float(np.arcsin(ring / nside / np.sqrt(6))), (place + 0.5) * np.pi / (2 * ring)
    ring, place = divmod(pixel - in_cap, 4 * nside)
    shift = 0.5 if ring % 2 == 0 else 0.0
    return float(np.arccos((nside - ring) * 2 / (3 * nside))), (place + shift) * np.pi / (2 * nside)


def _place(face: Any, x: Any, y: Any) -> tuple[Floats, Floats]:
    """Return theta and phi of positions on a face, x and y from 0 at its southern corner to 1."""
    ring = _RINGS[face] - x - y  # from 0 at the north pole to 4 at the south pole
    size = np.minimum(np.minimum(ring, 4 - ring), 1.0)
    cap = 2 * np.arcsin(size / np.sqrt(6))
    theta = np.where(
        ring < 1,
        cap,
        np.where(ring > 3, np.pi - cap, np.arccos(np.clip((2 - ring) * 2 / 3, -1, 1))),
    )
    turns = (_LONGITUDES[face] * size + x - y) % 8
    phi = np.where(size < 1e-15, 0.0, turns * np.pi / 4 / np.where(size < 1e-15, 1.0, size))
    return theta, phi


def _cell_of(theta: Floats, phi: Floats, nside: int) -> tuple[Ints, Ints, Ints]:
    """Return the face of positions, and their column and row there."""
    z, turns = np.cos(theta), (phi / (np.pi / 2)) % 4
    belt, caps = _cell_in_belt(z, turns, nside), _cell_in_cap(theta, turns, nside)
    face, x, y = (np.where(np.abs(z) <= 2 / 3, *pair) for pair in zip(belt, caps, strict=True))
    return face, x, y


def _cell_in_belt(z: Floats, turns: Floats, nside: int) -> tuple[Ints, Ints, Ints]:
    rising = np.floor(nside * (0.5 + turns - z * 0.75)).astype(np.int64)
    falling = np.floor(nside * (0.5 + turns + z * 0.75)).astype(np.int64)
    up, down = rising // nside, falling // nside
    face = np.where(up == down, up % 4 + 4, np.where(up < down, up % 4, down % 4 + 8))
    return face, falling % nside, nside - rising % nside - 1


def _cell_in_cap(theta: Floats, turns: Floats, nside: int) -> tuple[Ints, Ints, Ints]:
    quarter = np.minimum(np.floor(turns), 3).astype(np.int64)
    within = turns - quarter
    # sqrt(3 (1 - |z|)), precise near the pole
    size = nside * np.sqrt(6) * np.sin(np.minimum(theta, np.pi - theta) / 2)
    along = np.minimum((within * size).astype(np.int64), nside - 1)
    across = np.minimum(((1 - within) * size).astype(np.int64), nside - 1)
    north = theta < np.pi / 2
    x, y = np.where(north, nside - across - 1, along), np.where(north, nside - along - 1, across)
    return np.where(north, quarter, quarter + 8), x, y


def _ring_number(face: Ints, x: Ints, y: Ints, nside: int) -> Ints:
    """Return the numbers of cells in the ring scheme, from the north pole."""
    ring = _RINGS[face] * nside - x - y - 1
    size = np.minimum(np.minimum(ring, 4 * nside - ring), nside)
    before = np.where(
        ring < nside,
        2 * ring * (ring - 1),
        np.where(
            ring > 3 * nside,
            12 * nside**2 - 2 * size * (size + 1),
            2 * nside * (nside - 1) + (ring - nside) * 4 * nside,
        ),
    )
    shift = np.where((ring >= nside) & (ring <= 3 * nside), (ring - nside) % 2, 0)
    place = (_LONGITUDES[face] * size + x - y + 1 + shift) // 2 - 1
    return np.asarray(before + place % (4 * size))


def _spread(number: Any) -> Ints:
    """Return a number with a zero inserted between its bits."""
    bits = np.asarray(number, np.int64)
    for shift, mask in _MASKS:
        bits = (bits | (bits << shift)) & mask
    return bits


def _gathered(number: Any) -> Ints:
    """Return every other bit of a number, from the lowest."""
    bits = np.asarray(number, np.int64) & _MASKS[-1][1]
    for (shift, _), (_, mask) in zip(
        reversed(_MASKS), reversed(((0, 0xFFFFFFFF), *_MASKS[:-1])), strict=True
    ):
        bits = (bits | (bits >> shift)) & mask
    return bits
