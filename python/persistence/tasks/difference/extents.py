"""How large what stands out in a difference is."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.table import Column
from numpy.typing import NDArray

from persistence.tasks.difference.score import Peaks

NAME = "bboxSize"


def sides(score: Any, detections: Peaks, threshold: float) -> NDArray[np.int64]:
    """Return the sides of the squares that hold footprints.

    Parameters
    ----------
    score : array, shape (rows, columns)
        See `~persistence.tasks.difference.score.Score.image`.
    detections : `~persistence.tasks.difference.score.Peaks`
        Of that.
    threshold : `float`
        A footprint is of all pixels above it that touch each other, also at corners, and are of the
        peak's sign.

    Returns
    -------
    sides : array of `int`
        Of each peak (pixels).
    """
    from scipy import ndimage

    columns, rows = (np.rint(axis).astype(int) for axis in (detections.x, detections.y))
    large = np.zeros(detections.x.size, np.int64)
    for sign in (1, -1):
        labels, _ = ndimage.label(sign * score > threshold, np.ones((3, 3)))
        boxes = [
            max(part.stop - part.start for part in box) for box in ndimage.find_objects(labels)
        ]
        chosen = np.sign(detections.score) == sign
        # A parabola can have moved a peak off a footprint of a single pixel.
        here = labels[rows[chosen], columns[chosen]]
        large[chosen] = np.array([1, *boxes])[here]
    return large


def add(table: Any, sides: NDArray[np.int64]) -> None:
    """Add the column of sides to a ``diaSrc``."""
    doc = "side of the square that holds the footprint"
    table[NAME] = Column(sides, unit="pixel", description=doc)
