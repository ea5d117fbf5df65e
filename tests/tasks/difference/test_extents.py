"""Footprints: pixels of a sign above the threshold that touch each other."""

from __future__ import annotations

import numpy as np

from persistence.tasks.difference import extents
from persistence.tasks.difference.score import Peaks


def test_a_footprint_is_as_large_as_its_longer_side() -> None:
    score = np.zeros((40, 50), np.float32)
    score[5:8, 10:17] = 6.0
    score[8, 17] = 6.0  # touches at a corner
    score[20:22, 30:32] = -7.0
    score[20:22, 32:34] = 7.0  # of the other sign
    x, y = np.array([13.2, 30.4, 32.6, 45.0]), np.array([6.1, 20.5, 20.4, 35.0])
    found = Peaks(x, y, np.array([6.0, -7.0, 7.0, 6.0]), np.zeros(4))
    assert extents.sides(score, found, 5.5).tolist() == [8, 2, 2, 1]
