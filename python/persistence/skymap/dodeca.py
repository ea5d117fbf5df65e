"""``dodeca``: twelve tracts, on the faces of a dodecahedron."""

from __future__ import annotations

import functools
import itertools
import struct
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from persistence.skymap.base import SkyMap, made_of_vertices
from persistence.skymap.config import DodecaConfig
from persistence.skymap.tract import Tract
from persistence.types.wcs import sphere
from persistence.types.wcs.sphere import Floats

_GOLDEN = (1 + np.sqrt(5)) / 2
# The faces that meet in each vertex, in the order of Gen2, which is that of CPython's sets.
_MEETING = (
    [(0, 1, 8), (0, 1, 9), (0, 4, 8), (0, 4, 5), (0, 5, 9), (1, 6, 8), (1, 6, 7), (1, 7, 9)]
    + [(2, 3, 10), (2, 3, 11), (2, 4, 10), (2, 4, 5), (2, 5, 11), (3, 6, 10), (3, 6, 7), (3, 7, 11)]
    + [(4, 8, 10), (5, 9, 11), (6, 8, 10), (7, 9, 11)]
)  # fmt: skip
# The face, or vertex, next to the first one. All its neighbours are equally near; in Gen2 the
# rounding of scalar products decides. These result in Gen2's order of vertices (skymaps.json).
_BESIDE = {True: 1, False: 2}


class DodecaSkyMap(SkyMap):
    """Twelve pentagons, numbered from the north, with vertices or tracts on the poles.

    Source: doc/gen2/afw-files.md 7.5.
    """

    kind = "dodeca"
    config_class = DodecaConfig
    versions: ClassVar[tuple[Any, ...]] = ((1, 0),)

    def __len__(self) -> int:
        return 12

    def _make(self, index: int) -> Tract:
        faces, vertices = _solid(self.config.withTractsOnPoles)
        ra, dec = sphere.angles(faces[index])
        around = sphere.angles(_in_order(vertices, faces[index]))
        return made_of_vertices(index, self.config, (float(ra), float(dec)), around)

    def _nearest(self, ra: Floats, dec: Floats) -> NDArray[np.int64]:
        faces, _vertices = _solid(self.config.withTractsOnPoles)
        return np.asarray(np.argmax(sphere.vector(ra, dec) @ faces.T, axis=-1))

    def _packed(self) -> bytes:
        return struct.pack("<?", self.config.withTractsOnPoles)


@functools.cache
def _solid(tracts_on_poles: bool) -> tuple[Floats, Floats]:
    """Return the unit vectors of the faces, in the order of tracts, and of the vertices."""
    faces = _faces()
    vertices = _vertices(faces)
    top = faces if tracts_on_poles else vertices
    turn = _turn(top[0], top[_BESIDE[tracts_on_poles]], 1.0 if tracts_on_poles else -1.0)
    faces, vertices = faces @ turn.T, vertices @ turn.T
    # From the north, and eastward; rounding groups the faces of one latitude.
    angle = np.round(np.arctan2(faces[:, 1], faces[:, 0]), 2)
    angle = np.where(angle < 0, angle + 2 * np.pi, angle)
    return faces[np.lexsort((angle, -np.round(faces[:, 2], 1)))], vertices


def _faces() -> Floats:
    corners = [(0.0, 1.0, _GOLDEN), (1.0, _GOLDEN, 0.0), (_GOLDEN, 0.0, 1.0)]
    found = [
        [x * base[0], y * base[1], z * base[2]]
        for base in corners
        for z, y, x in itertools.product(*[(1, -1) if part else (1,) for part in reversed(base)])
    ]
    return np.asarray(np.array(found) / np.sqrt(1 + _GOLDEN**2))


def _vertices(faces: Floats) -> Floats:
    sums = faces[np.array(_MEETING)].sum(axis=1)
    return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True))


def _nearest_to(vectors: Floats, one: Floats, count: int) -> list[int]:
    """Return the nearest vectors; of equally near ones, the first comes first."""
    return [
        int(number) for number in np.argsort(-np.round(vectors @ one, 2), kind="stable")[:count]
    ]


def _in_order(vertices: Floats, face: Floats) -> Floats:
    """Return the five vertices of a face, each next to the one before."""
    left = [vertices[number] for number in _nearest_to(vertices, face, 5)]
    ordered = [left.pop(0)]
    while left:
        ordered.append(left.pop(_nearest_to(np.array(left), ordered[-1], 1)[0]))
    return np.array(ordered)


def _turn(top: Floats, beside: Floats, side: float) -> Floats:
    """Return the rotation that takes one vector to the pole, and another to y = 0 on one side."""
    about_x = _rotation(0, np.arctan2(top[1], top[2]))
    top = about_x @ top
    upright = _rotation(1, -np.arctan2(top[0], top[2])) @ about_x
    beside = upright @ beside
    return _rotation(2, -np.arctan2(beside[1], side * beside[0])) @ upright


def _rotation(axis: int, angle: Any) -> Floats:
    found = np.eye(3)
    second, third = (axis + 1) % 3, (axis + 2) % 3
    found[second, second] = found[third, third] = np.cos(angle)
    found[third, second], found[second, third] = np.sin(angle), -np.sin(angle)
    return np.asarray(found)
