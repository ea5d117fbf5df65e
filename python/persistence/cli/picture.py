"""A quick look: an image as a PNG file."""

from __future__ import annotations

from typing import Any

from persistence.errors import MissingExtra
from persistence.files import atomic


def save(image: Any, path: str, contrast: float = 0.25) -> None:
    """Write an image as a grey PNG, scaled so that faint things show.

    Parameters
    ----------
    image : array, shape (rows, columns), or `Exposure`
        The pixels; the first row is shown at the bottom, as astronomers do.
    path : `str`
        Where to.
    contrast : `float`
        IRAF's zscale contrast.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    try:
        from matplotlib.image import imsave
    except ImportError as error:
        raise MissingExtra("matplotlib", "plot", "A picture") from error
    from astropy.visualization import ZScaleInterval

    pixels = getattr(image, "image", image)
    low, high = ZScaleInterval(contrast=contrast).get_limits(pixels)
    with atomic.atomic_write(path) as temporary:
        imsave(temporary, pixels, vmin=low, vmax=high, cmap="gray", origin="lower", format="png")
