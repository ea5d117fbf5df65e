"""Averages that strays do not spoil."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NORMAL = 1.4826  # standard deviations of a normal distribution in its median absolute deviation
# The error of the median of normal deviates, in those of their mean: sqrt(pi / 2).
_MEDIANS = 1.2533


@dataclass(frozen=True, eq=False)
class Average:
    """A median of what is left when strays are cut off.

    Attributes
    ----------
    value, error : `float`
        The median, and its standard deviation.
    scatter : `float`
        The standard deviation of one value.
    kept : array of `bool`
        Which values are left.
    """

    value: float
    error: float
    scatter: float
    kept: NDArray[np.bool_]


def average(values: Any, clip: float = 3.0) -> Average:
    """Return the median, without values further from it than ``clip`` times the scatter.

    They are cut off once: to go on would cut good values off wherever some are much better than
    others.

    Parameters
    ----------
    values : array_like
        One or more finite numbers.
    clip : `float`
        In standard deviations, found by the median absolute deviation.
    """
    values = np.asarray(values, float)
    middle = float(np.median(values))
    scatter = NORMAL * float(np.median(np.abs(values - middle)))
    kept = np.abs(values - middle) <= clip * scatter
    value = float(np.median(values[kept]))
    return Average(
        value, _MEDIANS * scatter / float(np.sqrt(np.count_nonzero(kept))), scatter, kept
    )
