"""The planes of an exposure, image, mask and variance, as users pass them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.pixels.mask import Mask, as_flags, planes_in

# In the order of priority of their headers.
NAMES = ("image", "mask", "variance")
_NUMBERS = "biufc"  # numpy's kinds of types


def of(name: str, value: Any) -> Any:
    """Return the pixels of an exposure that is passed as a plane; other values unchanged.

    An image that was read from a file of its own is an exposure. As a mask it becomes its pixels
    with the bits that its header names (``MP_BAD``).

    Raises
    ------
    FormatterError
        If it is passed as a mask, and its header names no bits.
    """
    header = getattr(value, "header", None)
    if header is None:
        return value
    return _named(value.image, header) if name == "mask" else value.image


def check(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Raise an error for a value that cannot be a plane of an exposure.

    Parameters
    ----------
    name : `str`
        ``image``, ``mask`` or ``variance``.
    value : array, `Mask` or None
        The value; None means no mask, or no variance.
    shape : `tuple` [`int`, ...]
        The required rows and columns.

    Raises
    ------
    FormatterError
        If it has another size or type.
    """
    if value is None and name != "image":
        return
    is_mask = name == "mask"
    pixels = value.array if is_mask and isinstance(value, Mask) else value
    is_right = isinstance(value, Mask if is_mask else np.ndarray)
    if not is_right or pixels.dtype.kind not in _NUMBERS:
        kind = f" of {value.dtype}" if isinstance(value, np.ndarray) else ""
        wanted = "a Mask, whose bits have names" if is_mask else "an array of numbers"
        raise FormatterError(f"{name} has to be {wanted}, not {type(value).__name__}{kind}")
    check_size(name, pixels.shape, shape)


def check_size(name: str, size: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Raise an error for a plane of the wrong size."""
    if size != shape:
        raise FormatterError(
            f"{name} has {_described(size)} pixels, the exposure's image {_described(shape)}"
        )


def _described(size: tuple[int, ...]) -> str:
    return " x ".join(map(str, reversed(size))) or "no"


def _named(pixels: NDArray[Any], header: Mapping[str, Any]) -> Mask:
    bits = planes_in(header)
    if not bits or pixels.dtype.kind not in "iu":
        raise FormatterError(
            f"an image of {pixels.dtype.name} with {len(bits)} cards MP_* in its header is not a "
            "mask: a mask has integers, and a card for each bit that it names"
        )
    return Mask(as_flags(pixels), bits)
