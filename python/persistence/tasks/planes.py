"""Flags of pixels that follow from others, or from their place."""

from __future__ import annotations

import numpy as np

from persistence.tasks.stamps import Bools


def grown(flagged: Bools, pixels: int) -> Bools:
    """Return pixels that are flagged, and those that so many steps along rows and columns reach."""
    from scipy.ndimage import binary_dilation

    # no steps at all would be as many as there can be
    return np.asarray(binary_dilation(flagged, iterations=pixels)) if pixels else flagged


def edge(shape: tuple[int, int], width: int) -> Bools:
    """Return the pixels that are nearer to the edge of an image than a width."""
    flagged = np.ones(shape, bool)
    flagged[width : shape[0] - width, width : shape[1] - width] = False
    return flagged
