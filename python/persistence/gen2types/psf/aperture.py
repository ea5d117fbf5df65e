"""The flux of a sampled image in a circle, by sinc interpolation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Points of the integration along the radius and around; more change nothing for a PSF.
_RADII, _ANGLES = 48, 96


def flux(image: Array, x0: float, y0: float, radius: float) -> float:
    """Return the integral of an image over a circle about (0, 0).

    Parameters
    ----------
    image : array, shape (rows, columns)
        Samples at whole columns and rows.
    x0, y0 : `float`
        Column and row of the first pixel.
    radius : `float`
        In pixels.

    Notes
    -----
    Between the samples, the image is taken to have no frequency that they could not show: it is the
    sum of sinc functions, as in afw's sinc apertures (Bickerton & Lupton 2013, MNRAS 431, 1275).
    """
    nodes, weights = np.polynomial.legendre.leggauss(_RADII)
    distance = radius * (nodes + 1) / 2
    angle = 2 * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
    x, y = (np.outer(distance, turn(angle)).ravel() for turn in (np.cos, np.sin))
    rows, columns = image.shape
    along_x = np.sinc(x[:, np.newaxis] - (x0 + np.arange(columns)))
    along_y = np.sinc(y[:, np.newaxis] - (y0 + np.arange(rows)))
    values = ((along_y @ image) * along_x).sum(axis=1)
    areas = np.repeat(weights * distance * radius / 2 * (2 * np.pi / _ANGLES), _ANGLES)
    return float(values @ areas)
