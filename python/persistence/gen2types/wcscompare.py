"""Comparison of the positions of two WCSs in a box."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.gen2types.angle import arcseconds
from persistence.gen2types.box import Box2D


def wcsAlmostEqualOverBBox(
    wcs0: Any,
    wcs1: Any,
    bbox: Any,
    maxDiffSky: Any = 0.01 * arcseconds,
    maxDiffPix: float = 0.01,
    nx: int = 5,
    ny: int = 5,
) -> bool:
    """Return whether two WCSs agree on a grid of pixels.

    Parameters
    ----------
    wcs0, wcs1 : `SkyWcs`
        The WCSs.
    bbox : `Box2I` or `Box2D`
        The box that the grid covers.
    maxDiffSky : `Angle`
        The largest distance of positions on the sky.
    maxDiffPix : `float`
        The largest distance on the image (pixels), when each WCS maps the other's positions.
    nx, ny : `int`
        Columns and rows of the grid.
    """
    edges = Box2D(bbox)
    x, y = (
        grid.ravel()
        for grid in np.meshgrid(
            np.linspace(edges.getMinX(), edges.getMaxX(), nx),
            np.linspace(edges.getMinY(), edges.getMaxY(), ny),
        )
    )
    sky = [wcs.pixelToSkyArray(x, y) for wcs in (wcs0, wcs1)]
    unit = [
        np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
        for ra, dec in sky
    ]
    apart = 2 * np.arcsin(np.linalg.norm(unit[0] - unit[1], axis=0) / 2)
    if not (apart <= maxDiffSky.asRadians()).all():
        return False
    for wcs, (ra, dec) in ((wcs0, sky[1]), (wcs1, sky[0])):
        columns, rows = wcs.skyToPixelArray(ra, dec)
        if not (np.hypot(columns - x, rows - y) <= maxDiffPix).all():
            return False
    return True
