"""Exact conversion of numbers to the types of files and policies."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.errors import FormatterError


def exact(values: Any, dtype: Any) -> Any:
    """Return numbers as another type, which has to hold each of them.

    Integers keep their values: numbers out of range, NaN, infinity and fractions are errors. Floats
    may lose digits, but not become infinite. Masked numbers are not checked.

    Parameters
    ----------
    values : array
        Numbers, perhaps masked.
    dtype : `numpy.dtype` or convertible
        The type.

    Returns
    -------
    values : array
        The same array, if it has the type already.

    Raises
    ------
    FormatterError
        If a number would change; the message contains the first one and its index.
    """
    dtype = np.dtype(dtype)
    if np.can_cast(values.dtype, dtype):
        return values.astype(dtype, copy=False)
    if values.dtype.kind not in "biuf" or dtype.kind not in "iuf":
        raise FormatterError(f"values of type {values.dtype} are not numbers of type {dtype}")
    if dtype.kind in "iu" and values.dtype.kind in "iu" and _within(values, np.iinfo(dtype)):
        return values.astype(dtype)
    if dtype.kind == "f":
        try:
            with np.errstate(over="raise", under="ignore"):
                return values.astype(dtype)
        except FloatingPointError:
            pass  # the message below names the number
    with np.errstate(all="ignore"):
        cast = values.astype(dtype)
        changed = _is_outside(values, dtype) if dtype.kind in "iu" else np.isinf(cast)
        changed = changed & np.isfinite(values) if dtype.kind == "f" else changed | (cast != values)
    changed = np.ma.filled(changed, False)
    if np.any(changed):
        raise FormatterError(_refusal(values, dtype, changed))
    return cast


def _within(values: Any, limits: Any) -> bool:
    # Only the extremes: no temporary array for an image.
    return not values.size or bool(values.min() >= limits.min and values.max() <= limits.max)


def _is_outside(values: Any, dtype: np.dtype[Any]) -> Any:
    """Return a mask of the numbers beyond the limits of an integer type."""
    limits = np.iinfo(dtype)
    if values.dtype.kind != "f":
        return (values < limits.min) | (values > limits.max)
    # The largest 64-bit integer is not a float: it would be rounded up.
    beyond = float(limits.max) + (1.0 if float(limits.max) == limits.max else 0.0)
    return ~((values >= float(limits.min)) & (values < beyond))


def _refusal(values: Any, dtype: np.dtype[Any], changed: Any) -> str:
    number = int(np.count_nonzero(changed))
    place = tuple(int(index) for index in np.argwhere(changed)[0]) if changed.ndim else ()
    where = f" at {list(place)}" + (f", and {number - 1} more," if number > 1 else "")
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return (
        f"the value {values[place]}{where} does not fit into {dtype.name}, which holds "
        f"{'whole numbers ' if dtype.kind in 'iu' else ''}{limits.min} to {limits.max}"
    )
