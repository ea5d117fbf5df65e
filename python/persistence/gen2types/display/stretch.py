"""How numbers of pixels become brightness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from persistence.errors import UsageError, did_you_mean

# The strength by which asinh brightens faint pixels. Source: the default of afw's displays.
_Q = 8.0
ALGORITHMS = ("asinh", "linear", "log", "sqrt")
_INTERVALS = ("minmax", "zscale")


def _absolute(good: Any, low: float, high: float) -> tuple[float, float]:
    return low, high


def _percent(good: Any, low: float, high: float) -> tuple[float, float]:
    ends = np.percentile(good, (low, high))
    return float(ends[0]), float(ends[1])


def _sigma(good: Any, low: float, high: float) -> tuple[float, float]:
    from astropy.stats import sigma_clipped_stats

    _, middle, deviation = sigma_clipped_stats(good)
    return float(middle + low * deviation), float(middle + high * deviation)


_UNITS: dict[str, Callable[[Any, float, float], tuple[float, float]]] = {
    "absolute": _absolute,
    "percent": _percent,
    "percentile": _percent,
    "sigma": _sigma,
}


def check(algorithm: str, low: Any, high: Any, unit: str | None) -> None:
    """Refuse words that `limits` and `normalisation` do not know.

    Raises
    ------
    UsageError
        If a word is not known, or a number is missing.
    """
    if str(algorithm).lower() not in ALGORITHMS:
        raise UsageError(
            f"scale({algorithm!r}): the algorithm is one of {', '.join(ALGORITHMS)}"
            f"{did_you_mean(str(algorithm), ALGORITHMS)}"
        )
    if isinstance(low, str):
        if low.lower() not in _INTERVALS:
            raise UsageError(f"scale(..., {low!r}): give two numbers, 'zscale' or 'minmax'")
    elif low is None or high is None:
        raise UsageError("scale() needs both the lowest and the highest number")
    if unit is not None and str(unit).lower() not in _UNITS:
        raise UsageError(f"scale(..., unit={unit!r}): the unit is one of {', '.join(_UNITS)}")


def limits(pixels: Any, low: Any, high: Any, unit: str | None = None) -> tuple[float, float]:
    """Return which numbers of pixels are black and white.

    Parameters
    ----------
    pixels : array
        The image.
    low, high : `str` or number
        ``zscale`` or ``minmax`` as the first; or two numbers.
    unit : `str`, optional
        What these are: ``Absolute`` as if absent, ``Percent`` or ``Sigma`` of the pixels.
    """
    good = pixels[np.isfinite(pixels)]
    if not good.size:
        return 0.0, 1.0
    if isinstance(low, str):
        if low.lower() == "minmax":
            ends = float(good.min()), float(good.max())
        else:
            from astropy.visualization import ZScaleInterval

            first, last = ZScaleInterval().get_limits(good)
            ends = float(first), float(last)
    else:
        ends = _UNITS[str(unit or "absolute").lower()](good, float(low), float(high))
    return ends if ends[1] > ends[0] else (ends[0], ends[0] + 1.0)


def normalisation(algorithm: str, ends: tuple[float, float], Q: float = _Q, **_: Any) -> Any:
    """Return matplotlib's object that turns numbers into 0 to 1.

    Parameters
    ----------
    algorithm : `str`
        ``linear``, ``asinh``, ``log`` or ``sqrt``.
    ends : `tuple` [`float`, `float`]
        The values shown as black and white.
    Q : `float`
        The strength by which ``asinh`` brightens faint pixels.
    """
    from astropy import visualization

    stretch: Any = {
        "linear": visualization.LinearStretch,
        "asinh": lambda: visualization.AsinhStretch(min(1.0, 1.0 / Q)),
        "log": visualization.LogStretch,
        "sqrt": visualization.SqrtStretch,
    }[algorithm.lower()]()
    return visualization.ImageNormalize(vmin=ends[0], vmax=ends[1], stretch=stretch, clip=True)
