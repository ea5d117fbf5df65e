"""Bounds that mark exposures as suspicious: absolute ones, and distances from a median."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import UsageError, did_you_mean
from persistence.quality.columns import COLUMNS, UNKNOWN

Floats = NDArray[np.float64]
Table = Mapping[str, Any]
# standard deviations of a normal distribution in its median absolute deviation
_NORMAL = 1.4826
# With fewer values, outliers cannot be identified.
_FEWEST = 5
VISIT, FILTER = "visit", "filter"


@dataclass(frozen=True)
class Bound:
    """The range of a quantity's good values.

    Attributes
    ----------
    min, max : `float` or None
        The least and the largest.
    mads : `float` or None
        The largest distance from the median of a group, in standard deviations by the median
        absolute deviation.
    within : `str`
        The group: the detectors of a ``visit``, or all exposures of a ``filter``.
    least : `float`
        Distances from the median up to this are good, however little the others scatter.
    share : `float`
        And those up to this part of the median.
    """

    min: float | None = None
    max: float | None = None
    mads: float | None = None
    within: str = VISIT
    least: float = 0.0
    share: float = 0.0


# What is judged besides the columns: how it is computed, and its unit.
QUANTITIES: Mapping[str, Callable[[Table], Any]] = {
    "ellipticity": lambda table: np.hypot(table["e1"], table["e2"]),
    "astromOffsetPixels": lambda table: table["astromOffsetMean"] / table["pixelScale"],
    "psfStarDeltaSize": lambda table: table["psfStarDeltaSizeMedian"] / table["psfSigma"],
}
BOUNDS: Mapping[str, Bound] = {
    "psfSigma": Bound(min=0.8, max=6.5),  # the range of the PSF models (pixels)
    "seeing": Bound(mads=5, least=0.1, share=0.1),
    "ellipticity": Bound(max=0.2),
    "nPsfStar": Bound(min=3),
    "psfStarDeltaSize": Bound(min=-0.03, max=0.03),
    "skyBg": Bound(mads=5, share=0.1),
    "skyNoise": Bound(mads=5, share=0.1),
    "zeroPoint": Bound(mads=5, least=0.1),
    "zeroPointErr": Bound(max=0.02),
    "zeroPointScatter": Bound(max=0.15),
    "magLim": Bound(mads=5, within=FILTER, least=0.5),
    "astromOffsetPixels": Bound(max=0.7),
    "nMatch": Bound(min=5),
    "fractionMasked": Bound(max=0.2),
}


def changed(bounds: Mapping[str, Bound], news: Any, where: str) -> dict[str, Bound]:
    """Return bounds of which some are replaced, or removed.

    Parameters
    ----------
    bounds : mapping [`str`, `Bound`]
        The bounds.
    news : mapping
        Quantity -> mapping of a bound's attributes, as in a file; None removes its bound.
    where : `str`
        The source of the changes, for messages.

    Raises
    ------
    UsageError
        If there is no such quantity or attribute, or a value is not a number.
    """
    if not isinstance(news, Mapping):
        raise UsageError(f"{where}: {news!r} is not a mapping of quantities to bounds")
    merged = dict(bounds)
    for name, attributes in news.items():
        known = [*QUANTITIES, *(name for name, column in COLUMNS.items() if column.code[0] in "if")]
        if name not in known:
            raise UsageError(f"{where}: there is no quantity {name!r}{did_you_mean(name, known)}")
        merged.pop(name, None)
        if attributes is not None:
            merged[name] = _bound(attributes, f"{where}: {name}")
    return merged


def _bound(said: Any, where: str) -> Bound:
    names = [field.name for field in fields(Bound)]
    if not isinstance(said, Mapping):
        raise UsageError(f"{where}: {said!r} is not a bound; it has {', '.join(names)}")
    bound = Bound()
    for name, value in said.items():
        if name not in names:
            raise UsageError(f"{where}: a bound has no {name!r}{did_you_mean(str(name), names)}")
        if name == "within":
            if value not in (VISIT, FILTER):
                raise UsageError(f"{where}: within is {VISIT} or {FILTER}, not {value!r}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise UsageError(f"{where}: {name} is a number, not {value!r}")
        bound = replace(bound, **{name: value})
    return bound


def parse(text: str) -> tuple[str, dict[str, Any] | None]:
    """Read a bound as it is typed: ``seeing:max=2,mads=4``, or ``seeing:none``.

    Raises
    ------
    UsageError
        If it is not of this form.
    """
    name, colon, rest = text.partition(":")
    if rest == "none":
        return name, None
    attributes: dict[str, Any] = {}
    for word in rest.split(","):
        key, equals, value = word.partition("=")
        if not (colon and equals):
            raise UsageError(f"{text!r} is not a bound, such as seeing:max=2,mads=4 or seeing:none")
        try:
            attributes[key] = float(value)
        except ValueError:
            attributes[key] = value
    return name, attributes


def reasons(table: Table, bounds: Mapping[str, Bound] = BOUNDS) -> list[list[str]]:
    """Return for each row the bounds that it exceeds, and by how much.

    Parameters
    ----------
    table : mapping [`str`, array]
        Columns, as in `persistence.quality.columns.COLUMNS`. Unknown values are not judged, nor are
        quantities with missing columns.
    bounds : mapping [`str`, `Bound`]
        The bounds by quantity.
    """
    texts: list[list[str]] = [[] for _ in range(len(table["visit"]))]
    groups = {VISIT: table["visit"], FILTER: table["band"]}
    for name, bound in bounds.items():
        values = values_of(table, name)
        if values is None:
            continue
        low = np.full(len(values), -np.inf if bound.min is None else bound.min)
        high = np.full(len(values), np.inf if bound.max is None else bound.max)
        middle = np.full(len(values), np.nan)
        if bound.mads is not None:
            middle, width = _about(values, groups[bound.within], bound)
            low, high = np.fmax(low, middle - width), np.fmin(high, middle + width)
        for row in np.flatnonzero((values < low) | (values > high)):
            texts[row].append(_text(name, values[row], low[row], high[row], middle[row], bound))
    return texts


def values_of(table: Table, name: str) -> Floats | None:
    """Return a quantity's values, NaN where unknown; None if it has no numbers.

    This is the case for text, and for quantities with missing columns.
    """
    try:
        given = QUANTITIES[name](table) if name in QUANTITIES else table[name]
    except KeyError:
        return None
    if np.asarray(given).dtype.kind == "U" or np.ndim(given) > 1:
        return None
    values = np.asarray(given, float)
    column = COLUMNS.get(name)
    if column is not None and column.code[0] == "i":
        values = np.where(values == UNKNOWN, np.nan, values)
    return values


def _about(values: Floats, group: Sequence[Any], bound: Bound) -> tuple[Floats, Floats]:
    """Return the median of each value's group, and the allowed deviation from it."""
    middle, width = np.full(len(values), np.nan), np.full(len(values), np.inf)
    _names, numbers = np.unique(np.asarray(group), return_inverse=True)
    order = np.argsort(numbers, kind="stable")
    ends = np.flatnonzero(np.diff(numbers[order])) + 1
    for rows in np.split(order, ends):
        known = values[rows][np.isfinite(values[rows])]
        if known.size < _FEWEST:
            continue
        median = float(np.median(known))
        scatter = _NORMAL * float(np.median(np.abs(known - median)))
        middle[rows] = median
        width[rows] = max((bound.mads or 0) * scatter, bound.least, bound.share * abs(median))
    return middle, width


def _text(name: str, value: float, low: float, high: float, middle: float, bound: Bound) -> str:
    sign, limit = ("<", low) if value < low else (">", high)
    absolute = bound.min if value < low else bound.max
    about = "" if limit == absolute else f" ({bound.within} {_number(middle)})"
    return f"{name} {_number(value)} {sign} {_number(limit)}{about}"


def _number(value: float) -> str:
    return f"{value:.4g}"
