"""An image as a PNG file, pixel by pixel, with the stretch that pictures in notebooks have."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.drawing import pixels
from persistence.errors import FormatterError

_LEVELS = 256


def write(image: Any, path: str) -> None:
    """Write an image as a grey PNG: one pixel for each of its pixels, without the flags.

    Black is at the lower limit of IRAF's zscale; above the upper one, levels rise more and more
    slowly.

    Parameters
    ----------
    image : array, shape (rows, columns), or `Exposure`
        The pixels; the first row is shown at the bottom, as astronomers do. Those that are not
        finite are black.
    path : `str`
        The file to write.

    Raises
    ------
    FormatterError
        If it is no image of numbers.
    """
    values = np.asarray(getattr(image, "image", image))
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise FormatterError(
            f"a picture is of numbers in rows and columns, not of {values.dtype}, shape "
            f"{values.shape}"
        )
    levels = pixels.stretched(values, *pixels.limits(values))
    grey = np.nan_to_num(levels * (_LEVELS - 1)).round().astype(np.uint8)
    palette = np.repeat(np.arange(_LEVELS, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    with open(path, "wb") as stream:
        stream.write(pixels.png(grey[::-1], palette))
