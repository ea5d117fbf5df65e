"""Pixels and the positions of their middles, and images in other boxes."""

from __future__ import annotations

import math
from typing import Any

from persistence.gen2types.box import Box2I


def indexToPosition(ind: float) -> float:
    """Return the position of the middle of a pixel: afw counts from 0, in the middle."""
    return float(ind)


def positionToIndex(pos: float, residual: bool = False) -> Any:
    """Return the pixel that contains a position.

    Parameters
    ----------
    pos : `float`
        The column or row.
    residual : `bool`
        Return how far the position is from the pixel's middle, too.

    Returns
    -------
    index : `int` or (`int`, `float`)
    """
    index = math.floor(pos + 0.5)
    return (index, pos - index) if residual else index


def projectImage(image: Any, bbox: Box2I, fill: Any = 0) -> Any:
    """Return an image's pixels in another box.

    Parameters
    ----------
    image : `Image`
        The image, at its place in the parent.
    bbox : `Box2I`
        The pixels to be returned.
    fill
        What the pixels get that the image has not.

    Returns
    -------
    image : `Image`
        The image itself if it has this box, else a new one.
    """
    if image.getBBox() == bbox:
        return image
    projected = image.Factory(bbox)
    projected.array[:] = fill
    common = bbox.clippedTo(image.getBBox())
    if not common.isEmpty():
        projected[common].array[:] = image[common].array
    return projected
