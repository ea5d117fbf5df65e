"""The wings of a PSF: a smooth mean where they are lost in the noise."""

from __future__ import annotations

import numpy as np

from persistence.tasks import robust
from persistence.tasks.measure import CALIBRATION_RADIUS
from persistence.tasks.stamps import Bools, Floats

_SEEN = 3.0  # standard deviations that the mean of a ring stands out of the noise of its pixels
_LEAST = 2.5  # widths of the PSF within which pixels are always as fitted
_BLEND = 1.5  # pixels, to either side, in which one passes into the other
_POWERS = np.linspace(2.0, 24.0, 45)  # of the distance, by which wings may fall


def with_wings(components: Floats, step: float, sigma: float) -> Floats:
    """Return the components of a PSF, with smooth wings, and the sum of 1 everywhere.

    Parameters
    ----------
    components : array, shape (terms, side, side)
        The first is that of the middle of the chip.
    step : `float`
        The side of a pixel, in pixels of the exposure.
    sigma : `float`
        About how wide the PSF is (pixels of the exposure).

    Returns
    -------
    components : array
        Far from the middle the first is round and falls as a power of the distance, and the others
        add nothing that has another shape. Within the aperture of the calibration the first sums
        up to 1, the others to 0.
    """
    side = components.shape[1]
    steps = (np.arange(side) - side // 2) * step
    distance = np.hypot(steps, steps[:, np.newaxis])
    smooth, start = _smooth(components[0], distance, sigma)
    share = np.clip((start + _BLEND - distance) / (2 * _BLEND), 0, 1)
    share = share**2 * (3 - 2 * share)
    components = components * share
    components[0] += smooth * (1 - share)
    sums = components[:, distance <= CALIBRATION_RADIUS].sum(axis=1)
    components[0] /= sums[0]
    components[1:] -= sums[1:, np.newaxis, np.newaxis] * components[0]
    return components


def _smooth(image: Floats, distance: Floats, sigma: float) -> tuple[Floats, float]:
    """Return round wings, and from which distance on they are better than the pixels.

    They are the means of rings as far as these are seen, and then a power of the distance.
    """
    ring = np.floor(distance).astype(int)
    number = np.bincount(ring.ravel())
    means = np.bincount(ring.ravel(), image.ravel()) / number
    radii = np.bincount(ring.ravel(), distance.ravel()) / number
    edge = int(distance[distance.shape[0] // 2].max())
    outer = (ring > 0.75 * edge) & (ring <= edge)
    noise = robust.NORMAL * float(np.median(np.abs(image - means[ring])[outer]))
    least = int(np.ceil(_LEAST * sigma))
    start = min(_first(means[: edge + 1] < _SEEN * noise, least, edge), edge - _BLEND)
    lost = _first(means[: edge + 1] < _SEEN * noise / np.sqrt(number[: edge + 1]), least, edge)
    # A power through the means, from where they are still seen well.
    used = slice(max(least, int(lost * 0.75)), edge + 1)
    curves = (radii[used] / lost) ** -_POWERS[:, np.newaxis]
    heights = (curves * means[used] * number[used]).sum(1) / (curves**2 * number[used]).sum(1)
    misfits = ((means[used] - heights[:, np.newaxis] * curves) ** 2 * number[used]).sum(1)
    best = int(np.argmin(misfits))
    power = max(0.0, heights[best]) * (np.maximum(distance, least) / lost) ** -_POWERS[best]
    inner = slice(min(least, lost - 1), lost)
    rings = np.interp(
        distance, radii[inner], np.log(np.maximum(means[inner], np.finfo(float).tiny))
    )
    return np.where(distance < radii[lost - 1], np.exp(rings), power), float(start)


def _first(flags: Bools, begin: int, end: int) -> int:
    """Return the first flagged index from a start; the end if there is none."""
    flagged = np.flatnonzero(flags[begin:])
    return begin + int(flagged[0]) if flagged.size else end
