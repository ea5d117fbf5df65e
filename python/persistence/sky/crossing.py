"""Whether a convex polygon and a box of RA and Dec have a position in common.

``lsst.sphgeom`` answers this for the box around the polygon only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.sky.polygon import Vectors, sphgeom

# Positions this near to a limit are within it (rad).
_NEAR = 1e-12


def with_box(vertices: Vectors, polygon: Any, box: Any) -> bool:
    """Return whether a polygon and a box have a position in common.

    Parameters
    ----------
    vertices : array
        The polygon's vertices, of shape (n, 3).
    polygon : `lsst.sphgeom.ConvexPolygon`
        The same.
    box : `lsst.sphgeom.Box`
        The box.
    """
    module = sphgeom()
    if any(box.contains(module.UnitVector3d(*each)) for each in vertices.tolist()):
        return True
    longitudes, latitudes = box.getLon(), box.getLat()
    lon = np.array([longitudes.getA().asRadians(), longitudes.getB().asRadians()])
    lat = np.array([latitudes.getA().asRadians(), latitudes.getB().asRadians()])
    for each in lon:
        for other in lat:
            if polygon.contains(
                module.UnitVector3d(module.LonLat.fromRadians(float(each), float(other)))
            ):
                return True
    # Where an edge meets the planes of the two parallels and of the two meridians.
    zeros = np.zeros(2)
    planes = np.concatenate(
        [[[0, 0, 1], [0, 0, 1]], np.stack([-np.sin(lon), np.cos(lon), zeros], axis=-1)]
    )
    heights = np.concatenate([np.sin(lat), zeros])
    points = _meetings(vertices, planes, heights)
    longitude = np.arctan2(points[:, 1], points[:, 0])
    latitude = np.arcsin(np.clip(points[:, 2], -1, 1))
    width = 2 * np.pi if longitudes.isFull() else (lon[1] - lon[0]) % (2 * np.pi)
    east = (longitude - lon[0] + _NEAR) % (2 * np.pi)
    inside = (latitude >= lat[0] - _NEAR) & (latitude <= lat[1] + _NEAR)
    return bool((inside & (east <= width + 2 * _NEAR)).any())


def _meetings(vertices: Vectors, planes: Vectors, heights: Vectors) -> Vectors:
    """Return where the edges of a polygon meet planes, normal . x = height; shape (n, 3)."""
    ends = np.roll(vertices, -1, axis=0)
    lengths = np.arctan2(
        np.linalg.norm(np.cross(vertices, ends), axis=-1), (vertices * ends).sum(axis=-1)
    )
    across = ends - vertices * (vertices * ends).sum(axis=-1, keepdims=True)
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-300)
    # x(t) = vertex cos t + across sin t, so that normal . x(t) = amplitude cos(t - phase)
    along, beside = vertices @ planes.T, across @ planes.T
    amplitude, phase = np.hypot(along, beside), np.arctan2(beside, along)
    with np.errstate(invalid="ignore", divide="ignore"):
        turn = np.arccos(heights / amplitude)
    turns = np.stack([phase + turn, phase - turn]) % (2 * np.pi)
    _, edge, _ = np.nonzero(turns <= lengths[:, None] + _NEAR)
    angle = turns[turns <= lengths[:, None] + _NEAR][:, None]
    return np.asarray(vertices[edge] * np.cos(angle) + across[edge] * np.sin(angle))
